"""The table of operators and idioms: what writes each of them into a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from .builder import Builder

Write = Callable[["Builder", str], object]
T = TypeVar("T")
W = TypeVar("W", bound=Write)

OPERATORS: dict[str, Write] = {}
"""By op type: adds one node of the operator, and what it needs to be legal."""


class Idiom(NamedTuple):
    """Several nodes that exporters write together.

    Args:
        write: Adds them.
        ops: The op types that it is for.
    """

    write: Callable[[Builder], object]
    ops: frozenset[str]


IDIOMS: dict[str, Idiom] = {}
"""By name."""


def operator(*op_types: str) -> Callable[[W], W]:
    """Enter a function for the operators ``op_types``."""

    def enter(write: W) -> W:
        for op_type in op_types:
            assert op_type not in OPERATORS
            OPERATORS[op_type] = write
        return write

    return enter


def idiom(name: str, *op_types: str) -> Callable[[Callable[[Builder], T]], Callable[[Builder], T]]:
    """Enter a function as the idiom ``name``."""

    def enter(write: Callable[[Builder], T]) -> Callable[[Builder], T]:
        assert name not in IDIOMS
        IDIOMS[name] = Idiom(write, frozenset(op_types))
        return write

    return enter
