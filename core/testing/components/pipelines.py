"""Checks of named pipelines: their text can be read, scheduled and run."""

from __future__ import annotations

from ...errors import PassmgrError
from ...pipeline import parse
from ..generated import try_generated
from ..subject import Case
from ..violation import Violation, check
from .component import Component


@check(
    "the text of the pipeline names passes that there are, and survives being printed",
    "correct the names and options; `passmgr list passes` shows what there is",
    "register the passes that it names in the same plugin",
    kinds=("pipelines",),
)
def text(component: Component) -> None:
    """Check that the text is read, and printed to what reads the same."""
    from ...verbs.plan import plan

    try:
        parsed = parse(component.target)
        plan(component.cases[0].make(), component.target, registry=component.registry)
    except PassmgrError as error:
        raise Violation(str(error)) from error
    if parse(str(parsed)) != parsed:
        raise Violation(f"it prints as '{parsed}', which reads otherwise")


@check(
    "it runs on every model, and the outputs move no further than its passes declare",
    "correct the pass that is named",
    "leave the pass out, or let it refuse the model",
    kinds=("pipelines",),
)
def runs(component: Component) -> None:
    """Run the pipeline with all checks after every pass."""
    for case in component.cases:
        found = _violation(component, case)
        if found is not None:
            raise found


@check(
    "what holds on the models of the suite holds on generated ones of all operators and opsets",
    "correct the pass that is named; the model shown is the smallest on which it goes wrong",
    "leave the pass out, or let it refuse the model",
    kinds=("pipelines",),
)
def generated(component: Component) -> None:
    """Run the pipeline on random models."""
    try_generated(lambda case: _violation(component, case), component.examples, seed=component.name)


def _violation(component: Component, case: Case) -> Violation | None:
    from ...verbs.run import run

    try:
        run(case.make(), component.target, verify="each", guard="each", registry=component.registry)
    except PassmgrError as error:
        return Violation(f"on model '{case.name}' {error}")
    return None
