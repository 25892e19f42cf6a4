"""The suite finds what is wrong with wrong passes, and says in which line."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
import wrong_passes
from wrong_passes import WRONG

from passmgr.core.registry import load_registry
from passmgr.core.testing import Violation, bound_checks

REGISTRY = load_registry(plugins=False)
WITHOUT_LINE = ("documentation", "facts", "name", "work")
"""Checks that look at no line of the pass."""


def lines_of(function: Callable[..., object]) -> range:
    source, start = inspect.getsourcelines(function)
    return range(start, start + len(source))


def test_there_are_enough_of_them() -> None:
    assert len(WRONG) >= 40


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_pass_is_caught_and_its_line_blamed(name: str) -> None:
    pass_, expected = WRONG[name]
    found: dict[str, Violation] = {}
    for bound in bound_checks([pass_], registry=REGISTRY, examples=0):
        if bound.check.name in ("imports", "pickling"):
            continue
        try:
            bound()
        except Violation as violation:
            found[bound.check.name] = violation
    assert expected in found
    violation = found[expected]
    assert violation.pass_name == pass_.name
    assert all(word in str(violation) for word in ("expected:", "either", "or"))
    if expected not in WITHOUT_LINE:
        blamed = [line for line in violation.blame if line.startswith(wrong_passes.__file__)]
        numbers = [int(line.split(":")[1]) for line in blamed]
        places = [
            lines_of(type(pass_).function),
            lines_of(wrong_passes.bypass),
            lines_of(wrong_passes.constant),
        ]
        assert numbers or expected in ("editing", "weights")
        assert all(any(number in place for place in places) for number in numbers)
