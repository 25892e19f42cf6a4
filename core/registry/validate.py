"""Checks of passes, analyses and facts on first use: what their author declared must make sense."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, NoReturn

from ..contract import (
    PASS_NAME,
    Analysis,
    Approximate,
    Aspect,
    Exact,
    Fact,
    FactFamily,
    Lossy,
    Order,
    Pass,
    Touches,
    option_specs,
)
from ..errors import PluginError
from .entries import Entry, describe_error

FACT_NAME = re.compile(rf"{PASS_NAME.pattern}((:|>=|<=|==)\S+)?")


def check_pass(entry: Entry, found: Any) -> type[Pass]:
    """Return the class of the pass behind ``entry``.

    Raises:
        PluginError: A declaration is wrong; says which, and what is legal.
    """
    cls = found if isinstance(found, type) else type(found)
    if not issubclass(cls, Pass):
        _fail(entry, f"{_name_of(found)} is no subclass of Pass")
    _check_dataclass(entry, cls)
    for name in ("requires", "establishes", "breaks", "followed_by"):
        facts = getattr(cls, name)
        if not isinstance(facts, tuple) or not all(
            isinstance(fact, str) and FACT_NAME.fullmatch(fact) for fact in facts
        ):
            _fail(entry, f"'{name}' is a tuple of names of facts, not {facts!r}")
    for name in ("before", "after", "conflicts"):
        orders = getattr(cls, name)
        if not isinstance(orders, tuple) or not all(isinstance(o, Order) for o in orders):
            _fail(entry, f"'{name}' is a tuple of Order(other, reason), not {orders!r}")
    if not isinstance(cls.effect, (Exact, Approximate, Lossy)):
        _fail(entry, f"'effect' is Exact(), Approximate(...) or Lossy(...), not {cls.effect!r}")
    if not isinstance(cls.touches, Touches | None):
        _fail(entry, f"'touches' is ops(...) or None, not {cls.touches!r}")
    if cls.scope not in ("graph", "model"):
        _fail(entry, f"'scope' is 'graph' or 'model', not {cls.scope!r}")
    return cls


def check_analysis(entry: Entry, found: Any) -> type[Analysis[Any]]:
    """Return the class of the analysis behind ``entry``; raises as :func:`check_pass`."""
    if not isinstance(found, type) or not issubclass(found, Analysis):
        _fail(entry, f"{_name_of(found)} is no subclass of Analysis")
    _check_dataclass(entry, found)
    if not isinstance(found.reads, Aspect):
        _fail(entry, f"'reads' is an Aspect, not {found.reads!r}")
    return found


def check_fact(entry: Entry, found: Any) -> Fact:
    """Return the fact behind ``entry``; raises as :func:`check_pass`."""
    if not isinstance(found, Fact):
        _fail(entry, f"{_name_of(found)} is no Fact")
    if found.name != entry.name:
        _fail(entry, f"its fact calls itself '{found.name}'")
    return found


def check_family(entry: Entry, found: Any) -> FactFamily:
    """Return the family of facts behind ``entry``; raises as :func:`check_pass`."""
    if not isinstance(found, FactFamily):
        _fail(entry, f"{_name_of(found)} is no FactFamily")
    if found.prefix != entry.name:
        _fail(entry, f"its family has the prefix '{found.prefix}'")
    return found


def _check_dataclass(entry: Entry, cls: type) -> None:
    if getattr(cls, "name", None) != entry.name:
        _fail(entry, f"{cls.__qualname__} calls itself {getattr(cls, 'name', None)!r}")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))  # type: ignore[attr-defined]
        _fail(entry, f"{cls.__qualname__} does not implement {missing}")
    # A subclass of a dataclass passes for one without its own decorator; its fields are lost then.
    if "__dataclass_params__" not in vars(cls) or not vars(cls)["__dataclass_params__"].frozen:
        _fail(entry, f"write @dataclass(frozen=True) above {cls.__qualname__}")
    if type(getattr(cls, "version", None)) is not int:
        _fail(entry, f"'version' is a number, not {getattr(cls, 'version', None)!r}")
    try:
        for spec in option_specs(cls):
            if spec.default is not dataclasses.MISSING:
                spec.validate(spec.default)
    except (NameError, TypeError, ValueError) as error:
        _fail(entry, f"an option is not well declared: {describe_error(error)}")


def _name_of(found: Any) -> str:
    return str(getattr(found, "__qualname__", repr(found)))


def _fail(entry: Entry, problem: str) -> NoReturn:
    raise PluginError(f"{entry} of plugin {entry.plugin}: {problem}")
