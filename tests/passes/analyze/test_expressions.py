from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passmgr.passes.analyze.expressions import (
    add,
    exact_quotient,
    is_positive,
    multiply,
    opaque,
    product,
    subtract,
    symbol,
)

N, M = symbol("N"), symbol("M")
SIZES = {"N": 3, "M": 5}


def value(number):
    if isinstance(number, int):
        return number
    total = 0
    for monomial, coefficient in number.terms:
        for name in monomial:
            coefficient *= SIZES[name]
        total += coefficient
    return total


numbers = st.recursive(
    st.one_of(st.integers(-5, 5), st.sampled_from([N, M])),
    lambda inner: st.builds(
        lambda f, a, b: f(a, b), st.sampled_from([add, multiply, subtract]), inner, inner
    ),
    max_leaves=6,
)


@given(numbers, numbers)
def test_arithmetic_is_that_of_numbers(a, b):
    assert value(add(a, b)) == value(a) + value(b)
    assert value(subtract(a, b)) == value(a) - value(b)
    assert value(multiply(a, b)) == value(a) * value(b)
    assert add(a, b) == add(b, a)
    assert multiply(a, b) == multiply(b, a)
    assert subtract(a, a) == 0
    quotient = exact_quotient(multiply(a, b), b)
    if quotient is not None and value(b):
        assert value(quotient) == value(a)


@pytest.mark.parametrize(
    ("a", "b", "quotient"),
    [
        (12, 4, 3),
        (12, 5, None),
        (12, 0, None),
        (multiply(N, 12), 4, multiply(N, 3)),
        (multiply(N, M), M, N),
        (add(N, M), M, None),
        (add(N, M), add(N, M), 1),
        (multiply(N, 3), multiply(N, 2), None),
    ],
    ids=str,
)
def test_exact_quotient(a, b, quotient):
    assert exact_quotient(a, b) == quotient


def test_texts_and_signs():
    assert str(add(multiply(multiply(N, M), 2), 1)) == "1 + 2*M*N"
    assert str(opaque("div", N, 2)) == "div(N, 2)"
    assert product([2, N, 3]) == multiply(N, 6)
    assert is_positive(1)
    assert not is_positive(0)
    assert not is_positive(N)
