"""Checks of facts alone: what they tell apart, and who establishes them."""

from __future__ import annotations

from ...contract import is_lossy
from ...errors import PassmgrError
from ..subject import Subject
from ..trial import Trial
from ..violation import Violation, check
from .component import Component


@check(
    "the fact holds on some model and not on another, so that it says something",
    "give the suite models on which it holds and does not hold: `models=[path]`",
    "correct the checker, which returns None where the fact holds and a reason where not",
    kinds=("facts",),
)
def work(component: Component) -> None:
    """Check that the checker tells models apart."""
    answers = {component.target.check(case.make()) is None for case in component.cases}
    if len(answers) < 2:
        which = "every" if answers == {True} else "none"
        raise Violation(f"it holds on {which} of {len(component.cases)} models")


@check(
    "where the fact does not hold, its normalizer establishes it, or says why it cannot",
    "let the normalizer handle subgraphs and functions too, or raise `PassmgrError`",
    "leave `normalizer` out: the scheduler then looks for a pass that establishes the fact",
    kinds=("facts",),
)
def normalizer(component: Component) -> None:
    """Check the pass that is inserted to establish the fact."""
    fact = component.target
    if fact.normalizer is None:
        return
    try:
        pass_ = component.registry.make_pass(fact.normalizer)
    except PassmgrError as error:
        raise Violation(f"its normalizer cannot be had: {error}") from error
    if fact.name not in pass_.establishes:
        raise Violation(f"its normalizer '{pass_.name}' does not say that it establishes it")
    if is_lossy(pass_.effect):
        raise Violation(f"its normalizer '{pass_.name}' is lossy, and is never inserted")
    subject = Subject(pass_, component.registry, component.cases, 0)
    for case, model in subject.prepared():  # with what the normalizer itself requires
        if fact.check(model) is None:
            continue
        trial = Trial(pass_, model, component.registry)
        reason = fact.check(model)
        if trial.error is None and reason is not None:
            raise Violation(f"on model '{case.name}' after '{pass_.name}': {reason}")
