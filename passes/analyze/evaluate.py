"""Evaluation: what an expression of `expressions` is in one run, given the sizes of its symbols.

Quotients and the like are symbols named by what they are (``div(-1 + N, 2)``); they are read back
here. A symbol that is none of those and no size of the signature is known only while the model
runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .expressions import Expression, Number

LONGEST_NAME = 2000
"""Characters up to which the name of a quotient is read back; longer ones nest too deeply."""

_INTEGER = re.compile(r"-?\d+")
_FRESH = re.compile(r"\?\d+")


def quotient(a: int, b: int) -> int:
    """Return ``a / b`` rounded towards zero, as ONNX's Div does."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "div": quotient,
    "mod": lambda a, b: a % b,
    "min": min,
    "max": max,
}


class Evaluator:
    """Evaluates numbers at given sizes.

    Args:
        symbols: The symbols of the signature.
        sizes: What they stand for, not necessarily all.

    Attributes:
        missing: Symbols of the signature that a number needed and that have no size.
    """

    def __init__(self, symbols: Mapping[str, object], sizes: Mapping[str, int]) -> None:
        self.missing: set[str] = set()
        self._sizes = sizes
        self._symbols = sorted(symbols, key=len, reverse=True)
        self._known: dict[str, int | None] = {}

    def value(self, number: Number) -> int | None:
        """Return ``number`` in this run, or ``None`` where a symbol in it has no size."""
        if isinstance(number, int):
            return number
        total = 0
        for monomial, coefficient in number.terms:
            for name in monomial:
                size = self._symbol(name)
                if size is None:
                    return None
                coefficient *= size
            total += coefficient
        return total

    def _symbol(self, name: str) -> int | None:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> int | None:
        if name in self._sizes:
            return self._sizes[name]
        if name in self._symbols:
            self.missing.add(name)
            return None
        if len(name) > LONGEST_NAME:
            return None
        try:
            value, end = self._factor(name, 0)
        except (ValueError, ZeroDivisionError):
            return None
        return value if end == len(name) else None

    def _sum(self, text: str, at: int) -> tuple[int, int]:
        total, at = self._product(text, at)
        while text.startswith(" + ", at):
            term, at = self._product(text, at + 3)
            total += term
        return total, at

    def _product(self, text: str, at: int) -> tuple[int, int]:
        result, at = self._factor(text, at)
        while text.startswith("*", at):
            factor, at = self._factor(text, at + 1)
            result *= factor
        return result, at

    def _factor(self, text: str, at: int) -> tuple[int, int]:
        """Read a symbol of the signature, an operation or a number, in this order."""
        for name in self._symbols:
            end = at + len(name)
            if text.startswith(name, at) and text[end : end + 1] in ("", " ", "*", ",", ")"):
                size = self._symbol(name)
                if size is None:
                    raise ValueError(name)
                return size, end
        for name, operation in _OPERATIONS.items():
            if text.startswith(f"{name}(", at):
                left, at = self._sum(text, at + len(name) + 1)
                right, at = self._sum(text, _after(text, ", ", at))
                return operation(left, right), _after(text, ")", at)
        found = _INTEGER.match(text, at)
        if found is None:
            raise ValueError(text)
        return int(found.group()), found.end()


def _after(text: str, mark: str, at: int) -> int:
    if not text.startswith(mark, at):
        raise ValueError(text)
    return at + len(mark)


def is_decided_by(number: Number, symbols: Mapping[str, object]) -> bool:
    """Tell whether ``number`` follows from the sizes of ``symbols`` alone."""
    if not isinstance(number, Expression):
        return True
    names = {name for monomial, _ in number.terms for name in monomial}
    return not any(name not in symbols and _FRESH.search(name) for name in names)


def summed(numbers: list[Number]) -> Number:
    """Return the sum of many numbers in linear time."""
    terms: dict[tuple[str, ...], int] = {}
    for number in numbers:
        parts = number.terms if isinstance(number, Expression) else (((), number),)
        for monomial, coefficient in parts:
            terms[monomial] = terms.get(monomial, 0) + coefficient
    kept = tuple(sorted((m, c) for m, c in terms.items() if c))
    if all(not monomial for monomial, _ in kept):
        return kept[0][1] if kept else 0
    return Expression(kept)
