"""The suite finds what is wrong with wrong passes, and says in which line."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
import wrong_passes
from wrong_passes import WRONG

import passmgr
from passmgr.core.errors import PassFailed
from passmgr.core.pipeline import Call, Pipeline, parse
from passmgr.core.registry import load_registry
from passmgr.core.testing import Violation, bound_checks
from passmgr.core.testing.subject import supplied_cases

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
    assert violation.subject == pass_.name
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


INNOCENT = (
    "fix-names, sort, inline-functions, {}, infer-shapes, eliminate-identity, fold-constants, "
    "eliminate-no-ops, remove-unused, deduplicate-initializers, eliminate-common-subexpressions"
)
NUMBERS = [name for name, (_, check) in WRONG.items() if check == "numbers"]


@pytest.mark.parametrize("name", NUMBERS)
def test_the_guard_blames_the_wrong_pass_among_ten_innocent_ones(name: str) -> None:
    pass_, _ = WRONG[name]
    before, after = (parse(part.strip(" ,")).items for part in INNOCENT.split("{}"))
    pipeline = Pipeline((*before, Call.of(pass_), *after))
    blamed = []
    for case in supplied_cases(REGISTRY):
        try:
            passmgr.run(case.make(), pipeline, registry=REGISTRY, guard="each")
        except PassFailed as failure:
            blamed.append(failure.pass_name)
    assert blamed
    assert set(blamed) == {name}
