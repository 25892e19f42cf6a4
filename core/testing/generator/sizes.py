"""Sizes: dimensions that are known while a model is generated, as numbers or as polynomials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce

import onnx_ir as ir


@dataclass(frozen=True, order=True)
class Symbol:
    """A size that only a run decides.

    Args:
        name: How the model calls it.
        least: Its smallest value.
        is_opaque: It stands for something that is no polynomial, such as a rounded quotient.
    """

    name: str
    least: int = 1
    is_opaque: bool = False


Monomial = tuple[Symbol, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of products of symbols; all but the constant term are positive.

    So it grows with every symbol, and what holds for the least sizes holds for all.
    """

    terms: tuple[tuple[Monomial, int], ...]

    def __str__(self) -> str:
        """The text that shapes have; one symbol alone is just its name."""
        parts = []
        for monomial, factor in self.terms:
            names = [symbol.name for symbol in monomial]
            parts.append("*".join(names if factor == 1 and names else [str(factor), *names]))
        return " + ".join(parts).replace("+ -", "- ")


Dim = int | Polynomial
Dims = tuple[Dim, ...]


@cache
def symbolic(name: str, least: int = 1, is_opaque: bool = False) -> Polynomial:
    """Return the dimension that is the symbol ``name``."""
    return Polynomial((((Symbol(name, least, is_opaque),), 1),))


def _terms(dim: Dim) -> dict[Monomial, int]:
    if isinstance(dim, int):
        return {(): dim} if dim else {}
    return dict(dim.terms)


def _simplest(terms: dict[Monomial, int]) -> Dim:
    kept = sorted(((m, f) for m, f in terms.items() if f), key=lambda term: (not term[0], term[0]))
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Polynomial(tuple(kept))


def plus(left: Dim, right: Dim) -> Dim:
    """Return the sum."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    terms = _terms(left)
    for monomial, factor in _terms(right).items():
        terms[monomial] = terms.get(monomial, 0) + factor
    return _simplest(terms)


def times(left: Dim, right: Dim) -> Dim:
    """Return the product; neither may have a negative term."""
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    terms: dict[Monomial, int] = {}
    for m, f in _terms(left).items():
        for n, g in _terms(right).items():
            monomial = tuple(sorted(m + n))
            terms[monomial] = terms.get(monomial, 0) + f * g
    return _simplest(terms)


def product(dims: Iterable[Dim]) -> Dim:
    """Return the number of elements of a shape."""
    one: Dim = 1
    return reduce(times, dims, one)


def at(dim: Dim, size: int) -> int:
    """Return the dimension where every symbol is ``size``, or its least value if that is more."""
    if isinstance(dim, int):
        return dim
    total = 0
    for monomial, factor in dim.terms:
        for symbol in monomial:
            factor *= max(size, symbol.least)
        total += factor
    return total


def least(dim: Dim) -> int:
    """Return the smallest value of a dimension."""
    return dim if isinstance(dim, int) else at(dim, 0)


def count_at(dims: Iterable[Dim], size: int = 8) -> int:
    """Return the number of elements where every symbol is ``size``."""
    count = 1
    for dim in dims:
        count *= at(dim, size)
    return count


def is_static(dims: Iterable[Dim]) -> bool:
    """Tell whether all dimensions are numbers."""
    return all(isinstance(dim, int) for dim in dims)


def is_positive(dims: Iterable[Dim]) -> bool:
    """Tell whether no dimension can be zero."""
    return all(least(dim) > 0 for dim in dims)


def is_product(dim: Dim) -> bool:
    """Tell whether a dimension is one monomial, so that it can be a factor."""
    return isinstance(dim, int) or len(dim.terms) == 1


def broadcast(left: Dims, right: Dims) -> Dims | None:
    """Return the shape of an elementwise result; ``None`` where it is not legal for all sizes."""
    rank = max(len(left), len(right))
    padded = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    dims: list[Dim] = []
    for a, b in padded:
        if a != b and a != 1 and b != 1:
            return None
        dims.append(b if a == 1 else a)
    return tuple(dims)


def shape(dims: Sequence[Dim]) -> ir.Shape:
    """Return dimensions as the IR writes them."""
    return ir.Shape([dim if isinstance(dim, int) else str(dim) for dim in dims])
