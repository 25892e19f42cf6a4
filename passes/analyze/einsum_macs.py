"""Multiply-accumulates of an Einsum, from its equation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .expressions import Number, add, product

Dims = tuple[Number, ...]


def einsum_macs(equation: str, shapes: Sequence[Dims]) -> Number:
    """Return the multiply-accumulates of ``equation`` on operands of ``shapes``.

    Operands are multiplied from left to right, and an index is summed as soon as no later operand
    and no result has it. A product that sums nothing is an elementwise multiplication and counts
    none; so do sums over one operand.

    Raises:
        ValueError: The equation does not fit the shapes.
    """
    operands, result = _labels(equation, shapes)
    sizes: dict[str, Number] = {}
    for labels, dims in zip(operands, shapes, strict=True):
        for label, dim in zip(labels, dims, strict=True):
            # 1 is broadcast; a number says more than a symbol that must be equal to it.
            known = sizes.get(label, 1)
            if known == 1 or (isinstance(dim, int) and dim != 1):
                sizes[label] = dim
    macs: Number = 0
    held = set(operands[0])
    for index, labels in enumerate(operands[1:], start=1):
        held |= set(labels)
        needed = set(result).union(*operands[index + 1 :])
        if held - needed:
            macs = add(macs, product(sizes[label] for label in sorted(held)))
        held &= needed
    return macs


def _labels(equation: str, shapes: Sequence[Dims]) -> tuple[list[list[str]], list[str]]:
    """Return the labels of each operand and of the result; an ellipsis is ``0``, ``1``, ... ."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(equation)
    extra = [
        len(dims) - len(term.replace("...", "")) if "..." in term else 0
        for term, dims in zip(terms, shapes, strict=True)
    ]
    most = max(extra)
    operands = [
        _expand(term, [str(i) for i in range(most - count, most)])
        for term, count in zip(terms, extra, strict=True)
    ]
    every = [str(i) for i in range(most)]
    if arrow:
        return operands, _expand(right, every)
    seen = Counter(left.replace("...", "").replace(",", ""))
    return operands, every + sorted(label for label, count in seen.items() if count == 1)


def _expand(term: str, ellipsis: list[str]) -> list[str]:
    before, dots, after = term.partition("...")
    return [*before, *(ellipsis if dots else []), *after]
