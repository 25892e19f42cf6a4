"""Expressions: whole numbers that depend on sizes which are known only when the model runs.

A number is an ``int`` or an :class:`Expression`, a polynomial in symbols. Two equal expressions are
the same number in every run; two unequal ones may be. Quotients and the like, which are no
polynomials, become symbols named by what they are, so that they are equal where their operands are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Monomial = tuple[str, ...]
"""Symbols, sorted, each as often as its power."""


@dataclass(frozen=True)
class Expression:
    """A polynomial with integer coefficients that is no constant.

    Args:
        terms: Pairs of monomial and coefficient other than zero, sorted.
    """

    terms: tuple[tuple[Monomial, int], ...]

    def __str__(self) -> str:
        return " + ".join(
            "*".join([*([str(c)] if c != 1 or not m else []), *m]) for m, c in self.terms
        )


Number = int | Expression
"""A whole number."""


def symbol(name: str) -> Expression:
    """Return the number that ``name`` stands for."""
    return Expression((((name,), 1),))


def _terms(number: Number) -> Mapping[Monomial, int]:
    if isinstance(number, Expression):
        return dict(number.terms)
    return {(): number} if number else {}


def _number(terms: Mapping[Monomial, int]) -> Number:
    kept = tuple(sorted((m, c) for m, c in terms.items() if c))
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Expression(kept)


def add(a: Number, b: Number) -> Number:
    """Return the sum."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    terms = dict(_terms(a))
    for monomial, coefficient in _terms(b).items():
        terms[monomial] = terms.get(monomial, 0) + coefficient
    return _number(terms)


def multiply(a: Number, b: Number) -> Number:
    """Return the product."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    terms: dict[Monomial, int] = {}
    for m, c in _terms(a).items():
        for n, d in _terms(b).items():
            monomial = tuple(sorted(m + n))
            terms[monomial] = terms.get(monomial, 0) + c * d
    return _number(terms)


def subtract(a: Number, b: Number) -> Number:
    """Return the difference."""
    return add(a, multiply(b, -1))


def product(numbers: Iterable[Number]) -> Number:
    """Return the product of all."""
    result: Number = 1
    for number in numbers:
        result = multiply(result, number)
    return result


def exact_quotient(a: Number, b: Number) -> Number | None:
    """Return ``a / b`` where ``b`` divides ``a`` whatever the symbols are, or ``None``."""
    if b == 0:
        return None
    divisor = tuple(_terms(b).items())
    if len(divisor) != 1:
        return 1 if a == b else None
    ((monomial, coefficient),) = divisor
    terms: dict[Monomial, int] = {}
    for m, c in _terms(a).items():
        rest = list(m)
        for name in monomial:
            if name not in rest:
                return None
            rest.remove(name)
        if c % coefficient:
            return None
        terms[tuple(rest)] = c // coefficient
    return _number(terms)


def opaque(operation: str, a: Number, b: Number) -> Expression:
    """Return the result of an operation that polynomials do not have, as a symbol."""
    return symbol(f"{operation}({a}, {b})")


def is_positive(number: Number) -> bool:
    """Tell whether ``number`` is above zero for certain; a symbol may be zero or negative."""
    return isinstance(number, int) and number > 0
