"""Checks of named pipelines: their text can be read, scheduled and run."""

from __future__ import annotations

from ...errors import CheckFailed, PassFailed, PassmgrError
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
    "it runs or refuses a model, and the outputs move no further than its passes declare",
    "correct the pass that is named",
    "leave the pass out, or let it require what it needs",
    kinds=("pipelines",),
)
def runs(component: Component) -> None:
    """Run the pipeline with all checks after every pass."""
    refusals = [refusal for case in component.cases if (refusal := _run(component, case))]
    if len(refusals) == len(component.cases):
        raise Violation(f"it runs on none of {len(refusals)} models; of the first: {refusals[0]}")


@check(
    "what holds on the models of the suite holds on generated ones of all operators and opsets",
    "correct the pass that is named; the model shown is the smallest on which it goes wrong",
    "leave the pass out, or let it require what it needs",
    kinds=("pipelines",),
)
def generated(component: Component) -> None:
    """Run the pipeline on random models."""

    def violation(case: Case) -> Violation | None:
        try:
            _run(component, case)
        except Violation as found:
            return found
        return None

    try_generated(violation, component.examples, seed=component.name)


def _run(component: Component, case: Case) -> str:
    """Run the pipeline, and return why it refused the model; empty where it did not.

    Raises:
        Violation: A pass failed, or the outcome is not what the model was.
    """
    from ...verbs.run import run

    try:
        run(case.make(), component.target, verify="each", guard="each", registry=component.registry)
    except (PassFailed, CheckFailed) as error:
        raise Violation(f"on model '{case.name}' {error}") from error
    except PassmgrError as refusal:
        return str(refusal)
    return ""
