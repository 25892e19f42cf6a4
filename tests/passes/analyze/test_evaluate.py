from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passmgr.passes.analyze.evaluate import Evaluator, is_decided_by, quotient, summed
from passmgr.passes.analyze.expressions import add, multiply, opaque, symbol

SIZES = {"N": 3, "M": 5, "batch size": 7, "N*2": 11, "div(N, 2)": 13}

# pairs of a number and what it is at these sizes
leaves = st.one_of(
    st.integers(-9, 9).map(lambda n: (n, n)),
    st.sampled_from(sorted(SIZES)).map(lambda name: (symbol(name), SIZES[name])),
)
OPERATIONS = {"div": quotient, "mod": lambda a, b: a % b, "min": min, "max": max}


@st.composite
def _combined(draw, inner):
    (a, x), (b, y) = draw(inner), draw(inner)
    operation = draw(st.sampled_from(["add", "multiply", *OPERATIONS]))
    if operation == "add":
        return add(a, b), x + y
    if operation == "multiply" or (operation in ("div", "mod") and y == 0):
        return multiply(a, b), x * y
    return opaque(operation, a, b), OPERATIONS[operation](x, y)


numbers = st.recursive(leaves, _combined, max_leaves=8)


@given(numbers)
def test_what_expressions_write_is_read_back(pair):
    number, expected = pair
    evaluator = Evaluator(SIZES, SIZES)
    assert evaluator.value(number) == expected
    assert not evaluator.missing


@given(st.lists(numbers, max_size=6))
def test_sums(pairs):
    assert Evaluator(SIZES, SIZES).value(summed([n for n, _ in pairs])) == sum(v for _, v in pairs)


@pytest.mark.parametrize(
    ("number", "missing"),
    [
        (multiply(symbol("N"), symbol("M")), {"M"}),
        (opaque("div", symbol("M"), 2), {"M"}),
        (symbol("?1"), set()),
        (opaque("div", symbol("?1"), 2), set()),
        (opaque("div", 1, add(symbol("N"), -3)), set()),
        (symbol("min(1, 2"), set()),
        (symbol("min(1, 2)x"), set()),
        (symbol("div(1 + " * 300), set()),
    ],
    ids=str,
)
def test_what_has_no_value(number, missing):
    evaluator = Evaluator({"N": 0, "M": 0}, {"N": 3})
    assert evaluator.value(number) is None
    assert evaluator.missing == missing


def test_sizes_of_the_run_are_told_from_those_of_the_signature():
    assert is_decided_by(3, {})
    assert is_decided_by(opaque("div", symbol("N"), 2), {"N": 1})
    assert not is_decided_by(opaque("div", symbol("?1"), 2), {"N": 1})
    assert not is_decided_by(multiply(symbol("?12"), symbol("N")), {"N": 1})
    assert is_decided_by(symbol("?1"), {"?1": 1})
