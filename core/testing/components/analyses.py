"""Checks of analyses and facts, which look at models and must not touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...contract import Aspect
from ...errors import PassmgrError
from ...manager.analyses import AnalysisCache
from ..generated import try_generated
from ..snapshot import snapshot
from ..subject import Case
from ..trial import raised_in
from ..violation import Violation, check
from .component import Component
from .described import Describer
from .perturb import EACH, perturb

if TYPE_CHECKING:
    import onnx_ir as ir

LOOKERS = ("analyses", "facts")


@check(
    "it raises nothing, or refuses a model with an error of passmgr",
    "look at what a node has (inputs, attributes, producers) before using it",
    "raise `PassmgrError` with one clear line where a model is beyond it",
    kinds=LOOKERS,
)
def exceptions(component: Component) -> None:
    """Check that every model is handled or refused, and that a fact answers in words."""
    for case in component.cases:
        _handled(component, case)


def _handled(component: Component, case: Case) -> None:
    try:
        result = _look(component, case.make())
    except PassmgrError:
        return
    except Exception as error:  # whatever it raises is what the check looks for
        kind, line = type(error).__name__, raised_in(error, _module(component))
        raise Violation(f"on model '{case.name}' it raised {kind}: {error}", line) from error
    if component.entry.kind == "facts" and not (
        result is None or (isinstance(result, str) and result)
    ):
        raise Violation(f"on model '{case.name}' the checker gave {result!r}, not a reason or None")


@check(
    "it leaves the model as it is",
    "compute on copies; read attributes, never assign them",
    "make it a pass, if changing the model is what it is for",
    kinds=LOOKERS,
)
def purity(component: Component) -> None:
    """Check that the model is the same afterwards, object by object."""
    for case in component.cases:
        _pure(component, case)


def _pure(component: Component, case: Case) -> None:
    model = case.make()
    before = snapshot(model)
    _answer(component, model, Describer(model))
    if snapshot(model) != before:
        raise Violation(f"on model '{case.name}' it changes the model")


@check(
    "it gives the same result for the same model",
    "keep no state between calls, and draw no random numbers",
    "go through lists and dictionaries, not through sets of objects",
    kinds=LOOKERS,
)
def determinism(component: Component) -> None:
    """Check that a second look gives the same."""
    for case in component.cases:
        _deterministic(component, case)


def _deterministic(component: Component, case: Case) -> None:
    model = case.make()
    describer = Describer(model)
    if _answer(component, model, describer) != _answer(component, model, describer):
        raise Violation(f"on model '{case.name}' a second look gives something else")


@check(
    "the result does not change with an aspect of the model that `reads` does not name",
    "name in `reads` every aspect that is looked at",
    "do not look at it: leave names out of what is computed, take sizes from types, ...",
    kinds=LOOKERS,
)
def reads(component: Component) -> None:
    """Check that a result kept over a change of what is not read is still the right one."""
    for case in component.cases:
        _reads(component, case)


def _reads(component: Component, case: Case) -> None:
    declared = component.target.reads
    if component.entry.kind == "analyses":
        declared |= _read_by_others(component, case)
    for aspect in EACH:
        if aspect & declared:
            continue
        model = case.make()
        describer = Describer(model)
        before = _answer(component, model, describer)
        perturb(model, aspect)
        if _answer(component, model, describer) != before:
            name = (aspect.name or "").lower()
            raise Violation(f"on model '{case.name}' the result changes with the {name}")


@check(
    "what holds on the models of the suite holds on generated ones of all operators and opsets",
    "correct it; the model shown is the smallest on which it goes wrong",
    "raise `PassmgrError` where a model is beyond it",
    kinds=LOOKERS,
)
def generated(component: Component) -> None:
    """Look at random models."""

    def violation(case: Case) -> Violation | None:
        for check_one in (_handled, _pure, _deterministic, _reads):
            try:
                check_one(component, case)
            except Violation as found:
                return found
        return None

    try_generated(violation, component.examples, seed=component.name)


def _look(component: Component, model: ir.Model) -> Any:
    if component.entry.kind == "facts":
        return component.target.check(model)
    return AnalysisCache(model).get(component.target)


def _answer(component: Component, model: ir.Model, describer: Describer) -> Any:
    """Return what it says, as a number; a refusal is an answer too, errors are another check's."""
    try:
        result = _look(component, model)
    except Exception as error:  # whatever it raises is told by the check of exceptions
        return type(error).__name__
    # A reason names nodes and values; whether a fact holds does not depend on what it says.
    return result is None if component.entry.kind == "facts" else describer.number(result)


def _read_by_others(component: Component, case: Case) -> Aspect:
    """Return what the analyses read that this one asks for."""
    cache = AnalysisCache(case.make())
    try:
        cache.get(component.target)
    except Exception:  # whatever it raises is told by the check of exceptions
        return Aspect(0)
    return cache.reads_of(component.target)


def _module(component: Component) -> str:
    owner = component.target.check if component.entry.kind == "facts" else type(component.target)
    return str(owner.__module__)
