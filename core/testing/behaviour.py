"""Checks of what a pass does to models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..contract import ForeignPass, Lossy
from ..ir.fingerprint import fingerprint
from ..ir.verify import Problem, verify_model
from ..ir.walk import graphs_with_nodes, op_histogram
from ..manager.interface import interface_change, interface_of
from .snapshot import serialized, thaw, weight_bytes
from .subject import Case, Subject
from .trial import Trial
from .violation import Violation, check

if TYPE_CHECKING:
    import onnx_ir as ir


@check(
    "the pass changes some model of the suite, so that the other checks can see it at work",
    "give the suite a model on which it fires: `models=[path]`",
    "correct `touches` or `requires` where they keep it from running",
)
def work(subject: Subject) -> None:
    """Check that the pass has something to do."""
    if not any(trial.edits for _, trial in subject.trials()):
        raise Violation(f"it changes none of {len(subject.cases)} models")


@check(
    "the pass raises nothing, or refuses a model with an error of passmgr",
    "look at what a node has (inputs, attributes, producers) before using it",
    "raise `PassmgrError` with one clear line where a model is beyond the pass",
)
def exceptions(subject: Subject) -> None:
    """Check that every model is handled or refused."""
    for case, trial in subject.trials():
        if trial.error is not None and not subject.refusal(trial):
            kind = type(trial.error).__name__
            raise Violation(f"{_on(case)} it raised {kind}: {trial.error}", trial.raised_at())


@check(
    "the model stays sound: uses recorded, nodes in order, names unique, operators of its opset",
    "change the model through `ctx.edit` alone",
    "put new nodes before the first node that reads them, and look at the model's opset",
)
def structure(subject: Subject) -> None:
    """Check that the structural verifier finds nothing that it did not find before."""
    for case, trial in subject.trials():
        before = verify_model(subject.model_of(case))
        # Where nodes stand in no order, a rewrite may well bring others out of it.
        free = {"order"} & {problem.code for problem in before}

        def fault(trial: Trial, before: list[Problem] = before, free: set[str] = free) -> str:
            after = [p for p in verify_model(trial.model) if p.code not in free]
            # The name of a node may change, and with it how a problem is told that was there.
            had, has = (Counter(problem.code for problem in found) for found in (before, after))
            new = [p.message for p in after if p not in before and has[p.code] > had[p.code]]
            return new[0] if new else ""

        _judge(subject, case, trial, fault)


@check(
    "types and shapes of values are those of what computes them",
    "set type and shape of a value whose computation changed, or clear them by `set_shape`",
    "require `shapes-inferred` again by `followed_by`, and clear them all",
)
def shapes(subject: Subject) -> None:
    """Check that ONNX's inference finds no contradiction that it did not find before."""
    for case, trial in subject.trials():
        if trial.edits and not _contradiction(subject.model_of(case)):
            _judge(subject, case, trial, lambda trial: _contradiction(trial.model))


def _contradiction(model: ir.Model) -> str:
    import onnx
    import onnx_ir as ir

    try:
        onnx.shape_inference.infer_shapes(ir.to_proto(model), check_type=True, strict_mode=True)
    except Exception as error:  # the inference raises errors of several unrelated classes
        return " ".join(str(error).split())
    return ""


@check(
    "every change goes through `ctx.edit`, where it can be undone",
    "replace assignments to nodes and values by calls of `ctx.edit`",
    "make it a foreign pass by `from_function`, which works on a clone",
)
def editing(subject: Subject) -> None:
    """Check that a run without edits changed nothing, and that edits undone leave nothing."""
    for case, model in subject.prepared():
        before = fingerprint(model)
        trial = subject.trial(model)
        trial.edit.rollback()
        if fingerprint(model) != before:
            raise Violation(f"{_on(case)} it changes what no edit tells of", trial.blamed())


@check(
    "inputs and outputs keep names, order, types and shapes",
    "use `ctx.edit.replace`, which lets an output keep its name",
    "declare `changes_interface = True` where changing them is what the pass is for",
)
def interface(subject: Subject) -> None:
    """Check inputs and outputs."""
    if subject.pass_.changes_interface:
        return
    for case, trial in subject.trials():
        before = interface_of(subject.model_of(case))

        def fault(trial: Trial, before: object = before) -> str:
            return interface_change(before, interface_of(trial.model)) or ""  # type: ignore[arg-type]

        _judge(subject, case, trial, fault)


@check(
    "the facts that it establishes hold after it",
    "establish them, also in subgraphs and functions",
    "leave them out of `establishes`",
)
def claims(subject: Subject) -> None:
    """Check the claimed facts by their own checkers."""
    for case, trial in subject.trials():
        for name in subject.pass_.establishes if trial.error is None else ():
            violation = subject.registry.fact(name).check(trial.model)
            if violation is not None:
                raise Violation(f"{_on(case)} '{name}' does not hold: {violation}", trial.blamed())


@check(
    "the outputs move no further than the effect declares",
    "correct the rewrite, or guard it by a condition",
    "declare `effect = Approximate(rtol=...)` or `Lossy(...)` where rounding is meant",
)
def numbers(subject: Subject) -> None:
    """Check the outputs, with the runtime's own optimizations off."""
    effect = subject.pass_.effect
    if isinstance(effect, Lossy):
        return
    for case, trial in subject.trials():

        def fault(trial: Trial, case: Case = case) -> str:
            if not trial.edits:
                return ""
            verdict = subject.guard.judge(subject.reference(case), trial.model, effect)
            return verdict.reason if verdict.status == "breach" else ""

        _judge(subject, case, trial, fault)


@check(
    "the arrays of weights are left alone; a changed weight is a new tensor",
    "compute on a copy (`array * 2`, not `array *= 2`)",
    "put the result in place by `ctx.edit.set_const_value` or `add_initializer`",
)
def weights(subject: Subject) -> None:
    """Check the bytes of every weight that the model had."""
    for case, model in subject.prepared():
        thaw(model)
        before = weight_bytes(model)
        trial = subject.trial(model)
        for tensor, data in before.values():
            if tensor.tobytes() != data:  # type: ignore[attr-defined]
                name = getattr(tensor, "name", "")
                raise Violation(f"{_on(case)} it wrote into the weight '{name}'", trial.blamed())


@check(
    "two runs on the same model with the same seed give the same bytes",
    "take random numbers from `ctx.rng`",
    "go through lists and dictionaries, not through sets of objects",
)
def determinism(subject: Subject) -> None:
    """Check that a second run, by another instance, gives the same model."""
    import numpy as np

    state = np.random.get_state()[1].tobytes()  # type: ignore[index]
    for case, one in subject.prepared():
        two = subject.model_of(case)
        trial = subject.trial(one)
        subject.trial(two)
        if serialized(one) != serialized(two):
            raise Violation(f"{_on(case)} two runs differ", trial.blamed())
        if np.random.get_state()[1].tobytes() != state:  # type: ignore[index]
            raise Violation(f"{_on(case)} it draws from NumPy's global generator", trial.blamed())


@check(
    "a second run right after the first changes nothing, where `idempotent` is declared",
    "repeat inside `run` until there is nothing left to do",
    "do not declare `idempotent`",
)
def idempotence(subject: Subject) -> None:
    """Check that a second run makes no edit."""
    if not subject.pass_.idempotent:
        return
    for case, model in subject.prepared():
        trial = subject.trial(model)
        again = subject.trial(model) if trial.error is None else trial
        if trial.error is None and again.edits:
            raise Violation(
                f"{_on(case)} a second run makes {again.edits} more edits", again.blamed()
            )


@check(
    "a rewrite that `ctx.action` forbids leaves no edit behind",
    "ask `ctx.action(node)` before the first edit of each rewrite",
    "make the edits of a rewrite only where it answered True",
)
def actions(subject: Subject) -> None:
    """Check that with all rewrites forbidden nothing is edited that a rewrite would."""
    if isinstance(subject.pass_, ForeignPass):
        return
    for case, trial in subject.trials():
        if not trial.edits or trial.error is not None:
            continue
        model = subject.model_of(case)
        before = op_histogram(graphs_with_nodes(model))
        forbidden = subject.trial(model, actions=0)
        # What a pass does outside of its rewrites, such as sorting first, it does in both.
        outside = trial.acted.count(0)
        if forbidden.edits > outside:
            raise Violation(f"{_on(case)} it edits where it may not", forbidden.blamed())
        if op_histogram(graphs_with_nodes(model)) != before:
            raise Violation(f"{_on(case)} it adds or removes nodes unasked", forbidden.blamed())


def _on(case: Case) -> str:
    return f"on model '{case.name}'"


def _judge(subject: Subject, case: Case, trial: Trial, fault: Callable[[Trial], str]) -> None:
    """Raise where ``fault`` finds one, with the lines of the first rewrite that leads to it."""
    if trial.error is not None or not (problem := fault(trial)):
        return
    raise Violation(f"{_on(case)} {problem}", _first_wrong(subject, case, trial, fault))


def _first_wrong(
    subject: Subject, case: Case, trial: Trial, fault: Callable[[Trial], str]
) -> Sequence[str]:
    """Return the lines of the first rewrite after which ``fault`` finds one, by bisection."""
    low, high = 0, trial.rewrites
    if not high:
        return trial.blamed()
    while high - low > 1:
        middle = (low + high) // 2
        model = subject.model_of(case)
        partial = subject.trial(model, actions=middle)
        if partial.error is None and fault(partial):
            high = middle
        else:
            low = middle
    return trial.blamed(high) or trial.blamed()
