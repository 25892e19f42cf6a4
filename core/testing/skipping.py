"""Checks of what lets the manager skip a pass: nothing may be left to do then."""

from __future__ import annotations

from ..errors import PassmgrError
from ..ir.walk import graphs_with_nodes, op_histogram
from .subject import Subject
from .violation import Violation, check


@check(
    "a model without the op types in `touches` is left as it is",
    "name in `touches` every op type that the pass can do something about",
    "leave `touches` out",
)
def touches(subject: Subject) -> None:
    """Check that the pass, run all the same, edits no model that has none of them."""
    declared = subject.pass_.touches
    if declared is None:
        return
    for case, model in subject.prepared():
        if not declared.found_in(op_histogram(graphs_with_nodes(model))):
            trial = subject.trial(model)
            if trial.edits:
                raise Violation(
                    f"on model '{case.name}' there is no {declared}, and it makes "
                    f"{trial.edits} edits",
                    trial.blamed(),
                )


@check(
    "a model on which all facts of `done_when` hold is left as it is",
    "name in `done_when` facts that leave the pass nothing to do when all of them hold",
    "leave `done_when` out",
)
def done(subject: Subject) -> None:
    """Check that the pass, run all the same, edits no model on which the manager would skip it."""
    try:
        facts = [subject.registry.fact(name) for name in subject.pass_.done_when]
    except PassmgrError:
        return  # another check tells
    for case, model in subject.prepared() if facts else ():
        if all(fact.check(model) is None for fact in facts):
            trial = subject.trial(model)
            if trial.edits:
                names = ", ".join(subject.pass_.done_when)
                raise Violation(
                    f"on model '{case.name}' {names} hold, and it makes {trial.edits} edits",
                    trial.blamed(),
                )
