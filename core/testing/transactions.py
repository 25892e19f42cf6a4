"""Checks of what a pass leaves behind when it fails."""

from __future__ import annotations

from ..contract import ForeignPass
from .snapshot import snapshot
from .subject import Case, Subject
from .violation import Violation, check


@check(
    "a pass that fails at any of its edits leaves the model as it was, object by object",
    "change the model through `ctx.edit` alone, nodes that are not yet in a graph included",
    "do not catch exceptions that edits raise",
)
def faults(subject: Subject) -> None:
    """Inject a fault at each edit on the model with the most of them, and undo."""
    if isinstance(subject.pass_, ForeignPass):
        return  # it works on a clone, which is thrown away
    most = max(subject.trials(), key=lambda pair: pair[1].edits, default=None)
    if most is None or not most[1].edits:
        return
    case, whole = most
    for stop in range(1, whole.edits + 1):
        check_fault(subject, case, stop)


def check_fault(subject: Subject, case: Case, stop: int) -> None:
    """Inject a fault at edit ``stop``.

    Raises:
        Violation: It is swallowed, or leaves a trace.
    """
    model = subject.model_of(case)
    before = snapshot(model)
    trial = subject.trial(model, stop=stop)
    line = [trial.lines[-1]] if trial.lines and trial.lines[-1] else []
    if trial.error is None:
        raise Violation(
            f"on model '{case.name}' it goes on after a fault at edit {stop}", trial.blamed()
        )
    trial.edit.rollback()
    if snapshot(model) != before:
        raise Violation(f"on model '{case.name}' a fault at edit {stop} leaves a trace", line)
