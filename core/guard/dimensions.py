"""Bindings: ways to turn the symbolic dimensions of a signature into numbers, likeliest first."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..contract import ValueInfo

_BATCH = re.compile(r"batch|^(n|b|bs)$", re.IGNORECASE)
_PAST = re.compile(r"past", re.IGNORECASE)
_LENGTH = re.compile(r"seq|len", re.IGNORECASE)
_TOTAL = re.compile(r"total", re.IGNORECASE)
DEFAULT_INTEGERS = (0, 3)
"""The lowest and highest integer for inputs about which nothing is known."""

_NO_NAME = {"", "?", "None"}

Sizes = Callable[[str, int, int], int]
"""From a symbol, the axis where it stands and the rank to a size."""


@dataclass
class Binding:
    """One choice of numbers for the symbolic dimensions of a model.

    A symbol has one size wherever it stands. Expressions of symbols, such as ``past + seq``, are
    computed from theirs.

    Attributes:
        name: What the sizes are, for a person.
        sizes: Chooses the size of a symbol where it stands first.
        rank_less: The dimensions of an input of unknown rank.
        integers: The lowest and highest integer for inputs about which nothing is known.
        known: The sizes chosen so far.
    """

    name: str
    sizes: Sizes
    rank_less: tuple[int, ...] = (2, 3)
    integers: tuple[int, int] = DEFAULT_INTEGERS
    known: dict[str, int] = field(default_factory=dict)

    def shape(self, dims: Sequence[int | str | None] | None) -> tuple[int, ...]:
        """Return the numbers for the dimensions of one input."""
        if dims is None:
            return self.rank_less
        return tuple(self._size(dim, axis, len(dims)) for axis, dim in enumerate(dims))

    def size(self, symbol: str) -> int | None:
        """The size of a symbol of the inputs, or of an expression of such symbols."""
        if symbol in self.known:
            return self.known[symbol]
        return _evaluate(symbol, self.known) if not symbol.isidentifier() else None

    def _size(self, dim: int | str | None, axis: int, rank: int) -> int:
        if isinstance(dim, int) and dim >= 0:
            return dim
        symbol = dim if isinstance(dim, str) else ""
        if symbol in _NO_NAME:
            return self.sizes("", axis, rank)
        size = self.size(symbol)
        if size is None:
            size = self.known[symbol] = self.sizes(symbol, axis, rank)
        return size


def bindings(signature: Sequence[ValueInfo]) -> Iterator[Binding]:
    """Yield ways to bind the dimensions of ``signature``; several may come to the same sizes."""
    symbols = [
        (dim, axis, len(info.shape))
        for info in signature
        if info.shape
        for axis, dim in enumerate(info.shape)
        if isinstance(dim, str) and dim not in _NO_NAME
    ]
    for binding in _choices():
        # Plain symbols come first, since expressions are made of them.
        for symbol, axis, rank in symbols:
            if symbol.isidentifier() and not _TOTAL.search(symbol):
                binding.shape([None] * axis + [symbol] + [None] * (rank - axis - 1))
        _bind_totals(binding, [symbol for symbol, _, _ in symbols])
        yield binding


def _bind_totals(binding: Binding, symbols: Sequence[str]) -> None:
    """The total length of a cached sequence is what is past plus what is new."""
    past = next((n for s, n in binding.known.items() if _PAST.search(s)), None)
    new = next(
        (n for s, n in binding.known.items() if re.search("seq|len", s) and not _PAST.search(s)),
        None,
    )
    for symbol in symbols:
        if symbol.isidentifier() and _TOTAL.search(symbol) and symbol not in binding.known:
            if past is not None and new is not None:
                binding.known[symbol] = past + new
            elif new is not None:
                binding.known[symbol] = new


def _first_and_rest(batch: int, past: int, rest: int) -> Sizes:
    def sizes(symbol: str, axis: int, rank: int) -> int:
        if _PAST.search(symbol):
            return past
        return batch if axis == 0 or _BATCH.search(symbol) else rest

    return sizes


def _image(size: int, batch: int, channel_axis: int) -> Sizes:
    def sizes(symbol: str, axis: int, rank: int) -> int:
        if axis == 0:
            return batch
        is_channel = rank == 4 and axis == channel_axis % rank
        return 3 if is_channel else size

    return sizes


def _last(size: int) -> Sizes:
    return lambda symbol, axis, rank: size if axis == rank - 1 else 1


def _all(size: int) -> Sizes:
    return lambda symbol, axis, rank: size


def _choices() -> Iterator[Binding]:
    yield Binding("batch 2, others 8", _first_and_rest(2, 3, 8))
    yield Binding("batch 1, others 8", _first_and_rest(1, 3, 8))
    yield Binding("images of 64", _image(64, 2, 1), (1, 3, 8, 8))
    yield Binding("images of 64, batch 1", _image(64, 1, 1), (3,))
    yield Binding("all 1", _all(1), ())
    yield Binding("batch 1, others 8", _first_and_rest(1, 0, 8), integers=(0, 0))
    yield Binding("batch 1, others 8", _first_and_rest(1, 0, 8), integers=(1, 3))
    yield Binding("batch 1, others 2", _first_and_rest(1, 1, 2), integers=(8, 8))
    yield Binding("all 8", _all(8))
    yield Binding("batch 1, others 32", _first_and_rest(1, 0, 32))
    yield Binding("images of 64, channels last", _image(64, 1, -1), (1, 8, 8, 3))
    yield Binding("images of 224", _image(224, 1, 1))
    yield Binding("batch 1, others 512", _first_and_rest(1, 0, 512))
    yield Binding("last 512", _last(512))
    yield Binding("last 1600", _last(1600))
    yield Binding("batch 1, others 17", _first_and_rest(1, 0, 17))


_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def _evaluate(text: str, known: dict[str, int]) -> int | None:
    """The value of an expression of symbols; ``None`` where it is none or a symbol is unknown."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return _evaluate_node(tree, known)


def _evaluate_node(node: ast.expr, known: dict[str, int]) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _evaluate_node(node.left, known), _evaluate_node(node.right, known)
        if left is None or right is None or (isinstance(node.op, ast.FloorDiv) and right == 0):
            return None
        value: int = _OPERATORS[type(node.op)](left, right)
        return value if value >= 0 else None
    return None
