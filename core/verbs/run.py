"""Run a pipeline on a model: load, plan, transform, check, write."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..contract import Pass, combine_effects
from ..debug.reproducer import write_reproducer
from ..errors import CheckFailed, PassFailed, PassmgrError, UsageError
from ..guard import DEFAULT_SIZE_LIMIT, Guard, Reference
from ..ir.collector import gc_paused
from ..ir.versions import OVERRIDABLE_SINCE
from ..manager import Manager, RunResult, Settings
from ..pipeline import load_pipeline
from ..registry import load_registry
from ..schedule import Step, check_lock, read_lock
from .arguments import check_numbers, check_words
from .load import load_model, plan_for
from .paths import check_output
from .watch import IRPrinter, ModelKeeper, RunHooks

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..guard import InputSpec
    from ..manager.context import Progress
    from ..pipeline import PipelineSpec
    from ..registry import Registry
    from ..schedule import Plan

GuardLevel = Literal["off", "final", "each"]
VerifyLevel = Literal["off", "changed", "each"]
OnFailure = Literal["stop", "skip"]
PrintIR = Literal["before", "after", "changed"]


def run(
    model: str | Path | ir.Model,
    pipeline: PipelineSpec = "default",
    *,
    output: str | Path | None = None,
    inputs: InputSpec | None = None,
    verify: VerifyLevel = "changed",
    guard: GuardLevel = "final",
    guard_limit: int = DEFAULT_SIZE_LIMIT,
    on_failure: OnFailure = "stop",
    pass_timeout: float | None = None,
    disable: Collection[str] = (),
    keep_order: bool = False,
    locked: str | Path | None = None,
    seed: int = 0,
    max_drift: float | None = None,
    print_ir: PrintIR | None = None,
    print_ir_filter: Collection[str] = (),
    keep_models: bool = False,
    reproducer_dir: str | Path | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run ``pipeline`` on ``model``; every pass is checked, and the outcome compared in numbers.

    Args:
        model: A file that a front end reads, or an ``onnx_ir.Model``, which is edited in place.
        pipeline: A pipeline text, a ``.toml`` file, a pass, or a list of those.
        output: File to write; the emitter is chosen by its suffix. Appears whole or not at all.
        inputs: Sample inputs for the guard: ``.npz``, a folder of ``.npy`` or ``.pb``,
            ``module:function``, or mappings of names to arrays. Synthesized by default.
        verify: ``off``, ``changed`` (what a pass edited) or ``each`` (the whole model every time).
        guard: ``off``, ``final`` (the outcome is compared with the original; on a breach the
            steps are gone over again to name the pass) or ``each`` (after every change).
        guard_limit: Bytes of weights above which no numbers are compared.
        on_failure: ``stop`` at the first failed pass or ``skip`` it.
        pass_timeout: Seconds that one pass may take.
        disable: Passes that are left out.
        keep_order: Make a needed change of the written order an error.
        locked: A plan written by ``plan --lock`` that this run must equal.
        seed: Seed of everything random.
        max_drift: Largest relative distance of an output from the original.
        print_ir: Keep the text of the model before or after each pass, or the diff of those that
            changed it, in ``RunResult.diffs``.
        print_ir_filter: Names of the passes to print; by default all.
        keep_models: Keep a copy of the model after each change, for ``RunResult.after``.
        reproducer_dir: Where a failure leaves its reproducer; by default none is written.
        registry: Where passes and bridges come from; by default all that is installed.
        progress: Shows long work.

    Raises:
        PassFailed: A pass failed; the output was not written.
        CheckFailed: The outcome computes something else; the output was not written.
        ModelError: The model cannot be read.
        UsageError: The pipeline or an argument is wrong.
        OutputError: The output cannot be written.
    """
    check_numbers(seed=seed, max_drift=max_drift, guard_limit=guard_limit)
    check_numbers(finite=True, pass_timeout=pass_timeout)
    check_words(
        {
            "verify": (verify, VerifyLevel),
            "guard": (guard, GuardLevel),
            "on_failure": (on_failure, OnFailure),
            "print_ir": (print_ir, PrintIR),
        }
    )
    if pass_timeout == 0:
        raise UsageError("'pass_timeout' is 0, in which no pass can end; None sets no limit")
    if max_drift is not None and guard == "off":
        raise UsageError("a largest drift is nothing without the guard; use guard final or each")
    if inputs is not None and guard == "off":
        raise UsageError("inputs are nothing without the guard; use guard final or each")
    registry = registry or load_registry()
    source = Path(model) if isinstance(model, (str, Path)) else None
    if output is not None:
        check_output(output, *([source] if source else []))
        registry.emitter_for(output)
    for name in print_ir_filter:
        registry.entry("passes", name)
    with gc_paused():
        settings = Settings(verify, on_failure, pass_timeout, seed)
        run_ = _Run(
            load_model(model, registry),
            source,
            registry,
            settings,
            Guard(registry.runtime("onnxruntime"), inputs, seed, guard_limit),
            progress,
            IRPrinter(print_ir, print_ir_filter),
            ModelKeeper(keep_models),
        )
        manager, pipeline = run_.manager, load_pipeline(pipeline)
        if pipeline.items:
            manager.state.begin()
        plan = plan_for(
            pipeline, registry, manager.state.facts.holds, keep_order=keep_order, disable=disable
        )
        if locked is not None:
            check_lock(plan, read_lock(locked))
        try:
            run_.execute(plan, guard)
            run_.finish(Path(output) if output is not None else None, guard, max_drift)
        except PassmgrError as error:
            if reproducer_dir is not None and isinstance(error, (PassFailed, CheckFailed)):
                try:
                    run_.reproduce(error, Path(reproducer_dir))
                except PassmgrError as fault:
                    error.add_note(f"no reproducer: {fault}")
            raise
        return run_.result


class GuardBreachError(CheckFailed):
    """A pass moved the outputs further than it declares."""


class _Run:
    """One run: a model on its way from the file to the file."""

    def __init__(
        self,
        model: ir.Model,
        source: Path | None,
        registry: Registry,
        settings: Settings,
        guard: Guard,
        progress: Progress | None,
        printer: IRPrinter,
        keeper: ModelKeeper,
    ) -> None:
        self.model = model
        self.source = source if source is not None and source.suffix == ".onnx" else None
        self.registry = registry
        self.guard = guard
        self.reference: Reference | None = None
        self.original: Reference | None = None
        self.hooks = RunHooks(registry, printer, keeper)
        self.manager = Manager(
            model,
            resolve_fact=registry.fact,
            make_pass=registry.make_pass,
            runtime=registry.runtime,
            settings=settings,
            hooks=self.hooks,
            progress=progress,
        )
        self.printer = printer
        self.keeper = keeper
        self.result: RunResult

    def execute(self, plan: Plan, guard: GuardLevel) -> None:
        """Run the plan; with ``each`` every change is compared before its commit."""
        if plan.steps and guard != "off":
            self.original = self.reference = self.guard.record(self.model, self.source)
        if guard == "each":
            self.hooks.judge = self._judge_change
        self._run(plan)
        self.result.warnings[:0] = [*self.registry.warnings, *plan.warnings]
        self.result.remarks += self.hooks.remarks

    def _run(self, plan: Plan) -> None:
        """Run the plan from the model as it is; also a run that fails has what was kept of it."""
        self.printer.start()
        self.keeper.start(self.model)
        try:
            self.manager.run(plan)
        finally:
            self.result = self.manager.result
            self.result.diffs, self.result.kept = self.printer.texts, self.keeper.models

    def _judge_change(self, pass_: Pass) -> None:
        assert self.reference is not None
        if self.reference.problem and not self.reference.loads:
            return
        verdict = self.guard.judge(self.reference, self.model, pass_.effect)
        if verdict.status == "breach":
            raise GuardBreachError(f"it is declared {pass_.effect}, but {verdict.reason}")
        self.reference = verdict.current or self.reference

    def finish(self, output: Path | None, guard: GuardLevel, max_drift: float | None) -> None:
        """Compare the outcome with the original and write it."""
        check = guard != "off" and self.original is not None and self.result.changed

        def judge(model: ir.Model | Path) -> None:
            assert self.original is not None
            if isinstance(model, Path) and model.suffix != ".onnx":  # No runtime reads it itself.
                model = load_model(model, self.registry)
            verdict = self.guard.judge(self.original, model, combine_effects(self.manager.effects))
            self.result.guard = verdict
            if verdict.status == "breach":
                raise GuardBreachError(
                    f"the outcome does not compute what the model did: {verdict.reason}"
                )
            if max_drift is not None and verdict.status == "unverified":
                raise CheckFailed(f"how far the outputs drifted is unknown: {verdict.reason}")
            if max_drift is not None and (verdict.drift or 0.0) > max_drift:
                raise CheckFailed(f"the outputs drifted by {verdict.drift:.3g}, over {max_drift:g}")

        try:
            if output is None:
                if check:
                    judge(self.model)
                self._complete_inputs()
                return
            emitter = self.registry.emitter_for(output)
            emitter.emit(self.model, output, check=judge if check else None)
            self.result.output = str(output)
        except GuardBreachError as breach:
            if guard == "each":
                raise
            self._name_the_pass(breach)
            self.finish(output, "each", max_drift)

    def _complete_inputs(self) -> None:
        """Make inputs of the initializers that passes added, as IR versions before 4 want them.

        An emitter does so where a file is written.
        """
        graph = self.model.graph
        added = [value for value in graph.initializers.values() if not value.is_graph_input()]
        if added and self.model.ir_version < OVERRIDABLE_SINCE:
            self.manager.state.edit.set_inputs(graph, [*graph.inputs, *added])

    def _name_the_pass(self, breach: GuardBreachError) -> None:
        """Go over the steps again from the original, comparing after each one.

        Raises:
            PassFailed: A pass breaks its promise, and failures stop the run.
            GuardBreachError: Every pass by itself keeps its promise.
        """
        self.manager.state.restart()
        self.manager.effects.clear()
        self.reference = self.original
        self.hooks.judge = self._judge_change
        plan, before = self.result.plan, self.result
        self._run(plan)
        self.result.warnings[:0] = before.warnings
        if not self.result.failed:
            raise breach

    def reproduce(self, error: PassmgrError, folder: Path) -> None:
        """Leave a folder from which the failure can be seen again."""
        failed = getattr(error, "pass_name", "")
        steps: list[Step] = list(self.manager.result.plan.passes())
        text = ", ".join(str(step) for step in steps if not failed or step.pass_.name == failed)
        name = folder / f"passmgr-repro-{failed or 'guard'}"
        if isinstance(error, CheckFailed):
            self.manager.state.restart()
        path = write_reproducer(
            name,
            self.model,
            text,
            error,
            seed=self.manager.settings.seed,
            guard="each",
            inputs=self.original.inputs if self.original else (),
            registry=self.registry,
        )
        error.add_note(f"reproducer: {path}")
        if isinstance(error, PassFailed):
            error.reproducer = str(path)
