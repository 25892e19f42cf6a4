"""Manager: runs a plan, every step as a transaction that is checked before it is committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..contract import Effect, Fact, ForeignPass, Pass, Runtime
from ..errors import PassFailed, PassmgrError
from ..ir.fingerprint import fingerprint
from ..schedule import PassIdentity, PlanItem, RepeatStep, Step
from .context import Progress, StepContext
from .foreign import apply_foreign
from .records import RunResult, Status, StepRecord
from .state import BrokenPromiseError, ModelState, Verify
from .timeout import PassTimeout, time_limit

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..schedule import Plan


@dataclass(frozen=True)
class Settings:
    """How a plan is run.

    Attributes:
        verify: ``off``; ``changed`` (what a pass edited, everything after a foreign pass); or
            ``each`` (everything after every pass, with the weights rehashed).
        on_failure: ``stop`` at the first failed pass, or ``skip`` it.
        pass_timeout: Seconds that one pass may take.
        seed: Seed of everything random.
        inputs: The user's sample inputs.
    """

    verify: Verify = "changed"
    on_failure: Literal["stop", "skip"] = "stop"
    pass_timeout: float | None = None
    seed: int = 0
    inputs: Sequence[Mapping[str, Any]] = ()


class Hooks:
    """What the manager calls around each step; does nothing by default."""

    def observe(self, hook: str, **arguments: Any) -> None:
        """Tell the observers of ``hook``."""

    def accept(self, pass_: Pass) -> None:
        """Called when a change has stood the structural checks; raises to have it rolled back."""

    def verifiers(self, model: ir.Model) -> list[str]:
        """Return the problems that extra verifiers find."""
        return []


class Manager:
    """Runs plans on one model.

    Args:
        model: The model; edited in place, the object stays the same one.
        resolve_fact: Returns the fact of a name.
        make_pass: Returns the pass of a name with default options, for repairs.
        runtime: Returns the runtime of a name.
        settings: How to run.
        hooks: What to call around each step.
        progress: Shows long work.

    Attributes:
        state: The model with what is known about it.
        result: The outcome so far.
        effects: The effects of the steps that changed the model.
    """

    def __init__(
        self,
        model: ir.Model,
        *,
        resolve_fact: Callable[[str], Fact],
        make_pass: Callable[[str], Pass],
        runtime: Callable[[str], Runtime],
        settings: Settings,
        hooks: Hooks,
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self.hooks = hooks
        self.state = ModelState(model, resolve_fact, settings.verify, hooks.verifiers)
        self.effects: list[Effect] = []
        self._make_pass = make_pass
        self._runtime = runtime
        self._progress = progress
        self._obligations: dict[str, str] = {}
        self._settled: dict[Pass, int] = {}

    def run(self, plan: Plan) -> RunResult:
        """Run all steps of ``plan``.

        Raises:
            PassFailed: A pass failed and ``on_failure`` is ``stop``; the model is as the last
                commit left it and the error carries the result so far.
        """
        self.result = RunResult(self.state.model, plan)
        if plan.steps:
            self.state.begin()
        self._items(plan.steps)
        for fact, pass_name in self._obligations.items():
            if not self._ensure(fact, f"{pass_name} must be followed by it"):
                self.result.warnings.append(
                    f"{pass_name} must be followed by '{fact}', which does not hold: "
                    f"{self.state.facts.violation(fact)}"
                )
        return self.result

    def _items(self, items: Sequence[PlanItem]) -> None:
        for item in items:
            if isinstance(item, RepeatStep):
                self._repeat(item)
            else:
                self._step(item)

    def _repeat(self, repeat: RepeatStep) -> None:
        model, records, warnings = self.state.model, self.result.records, self.result.warnings
        seen: dict[tuple[int, ...], int] = {}
        changed: list[str] = []
        for round_ in range(1, repeat.max + 1):
            start = len(records)
            self._items(repeat.steps)
            changed = list(dict.fromkeys(r.name for r in records[start:] if r.status == "changed"))
            if not changed:
                return
            if repeat.max == 1:
                return
            now = tuple(fingerprint(model).values())
            if now in seen:
                warnings.append(
                    f"repeat stopped: round {round_} gave the model of round {seen[now]} again; "
                    f"{', '.join(changed)} undo each other's work"
                )
                return
            seen[now] = round_
        warnings.append(
            f"repeat stopped at its limit of {repeat.max} rounds while {', '.join(changed)} "
            "still changed the model"
        )

    def _step(self, step: Step) -> None:
        pass_, state = step.pass_, self.state
        if pass_.touches is not None and not pass_.touches.found_in(state.histogram):
            self._record(step, "skipped", f"no {pass_.touches}")
            return
        if pass_.idempotent and self._settled.get(pass_) == state.version:
            self._record(step, "skipped", "nothing has changed since it ran before")
            return
        if pass_.done_when and all(map(state.facts.holds, pass_.done_when)):
            self._record(step, "unchanged", f"{' and '.join(pass_.done_when)} already")
            return
        for fact in pass_.requires:
            if not self._ensure(fact, f"required by {pass_.name}"):
                violation = state.facts.violation(fact)
                self._record(step, "skipped", f"'{fact}' does not hold: {violation}")
                return
        started = time.perf_counter()
        context = self._context(pass_)
        state.edit.origin = f"{pass_.name}#{self._next}"
        mark = state.before_pass()
        self.hooks.observe("passmgr_before_pass", step=step, model=state.model)
        try:
            with time_limit(self.settings.pass_timeout):
                self._transform(pass_, context)
            changed = state.edit.edits > mark
            state.check(pass_, changed)
            if changed:
                self.hooks.accept(pass_)
        except Exception as error:  # the border of the transaction: whatever fails is undone
            state.rollback(mark)
            self._fail(step, context, error, time.perf_counter() - started)
            return
        except BaseException:
            state.rollback(mark)
            raise
        self._commit(step, context, mark, started)

    @property
    def _next(self) -> int:
        return len(self.result.records) + 1

    def _context(self, pass_: Pass) -> StepContext:
        return StepContext(
            self.state.edit,
            self.state.analyses,
            pass_name=pass_.name,
            step=self._next,
            seed=self.settings.seed,
            inputs=self.settings.inputs,
            runtime=self._runtime,
            progress=self._progress,
        )

    def _transform(self, pass_: Pass, context: StepContext) -> None:
        state = self.state
        if isinstance(pass_, ForeignPass):
            changed, state.fingerprint = apply_foreign(pass_, state.edit, state.fingerprint)
            context.rewrites = int(bool(changed))
        else:
            pass_.run(state.model, context)

    def _commit(self, step: Step, context: StepContext, mark: int, started: float) -> None:
        state, pass_ = self.state, step.pass_
        sizes = state.nodes, state.bytes
        edits = state.edit.edits - mark
        if edits:
            state.commit(pass_)
            self.effects.append(pass_.effect)
            self._obligations.update(dict.fromkeys(pass_.followed_by, pass_.name))
        if pass_.idempotent:
            self._settled[pass_] = state.version
        self._record(
            step,
            "changed" if edits else "unchanged",
            "" if edits else _why_unchanged(context),
            seconds=time.perf_counter() - started,
            before=sizes,
            edits=edits,
            rewrites=context.rewrites if edits else 0,
        )
        self._remarks(context)

    def _fail(self, step: Step, context: StepContext, error: Exception, seconds: float) -> None:
        pass_, reason, index = step.pass_, _reason(error), self._next
        self._record(step, "failed", reason, seconds=seconds)
        self._remarks(context)
        self.hooks.observe("passmgr_pass_failed", step=step, model=self.state.model, error=error)
        if self.settings.on_failure == "skip" and not pass_.required:
            self.result.warnings.append(f"{pass_.name} (step {index}) was rolled back: {reason}")
            return
        failure = PassFailed(
            f"{pass_.name} (step {index}) failed and was rolled back: {reason}",
            pass_name=pass_.name,
            step=index,
        )
        if isinstance(error, PassmgrError):
            failure.exit_code = error.exit_code
        failure.result = self.result
        raise failure from error

    def _record(
        self,
        step: Step,
        status: Status,
        reason: str,
        *,
        seconds: float = 0.0,
        before: tuple[int, int] | None = None,
        edits: int = 0,
        rewrites: int = 0,
    ) -> None:
        nodes, size = self.state.nodes, self.state.bytes
        nodes_before, bytes_before = before or (nodes, size)
        record = StepRecord(
            self._next,
            step.pass_.name,
            step.origin,
            status,
            reason,
            seconds,
            nodes_before,
            nodes,
            bytes_before,
            size,
            edits,
            rewrites,
        )
        self.result.records.append(record)
        self.hooks.observe("passmgr_after_pass", step=step, model=self.state.model, record=record)

    def _remarks(self, context: StepContext) -> None:
        self.result.remarks += context.remarks
        for remark in context.remarks:
            self.hooks.observe("passmgr_remark", remark=remark)

    def _ensure(self, fact: str, wanted: str) -> bool:
        """Repair ``fact`` through its normalizer where it does not hold; tell whether it holds."""
        facts = self.state.facts
        violation = facts.violation(fact)
        if violation is None:
            return True
        normalizer = facts.fact(fact).normalizer
        if normalizer is None:
            return False
        culprit = self.state.broken_by.get(fact)
        blame = f", broken by {culprit}" if culprit else ""
        reason = f"inserted for '{fact}' ({wanted}{blame}): {violation}"
        self.result.amendments.append(f"{normalizer} {reason}")
        self._step(self._inserted(normalizer, reason))
        return facts.holds(fact)

    def _inserted(self, name: str, reason: str) -> Step:
        pass_ = self._make_pass(name)
        identity = PassIdentity("", "", name, pass_.version, name)
        return Step(pass_, "inserted", reason, self._next, None, identity)


def _why_unchanged(context: StepContext) -> str:
    if not context.reasons:
        return "nothing to do"
    code, count = context.reasons.most_common(1)[0]
    example = next(remark for remark in context.remarks if remark.code == code)
    times = f" ({count} places)" if count > 1 else ""
    return f"{example.message}{times}"


def _reason(error: Exception) -> str:
    if isinstance(error, (BrokenPromiseError, PassmgrError, PassTimeout)):
        return str(error)
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
