"""Constraints on the order of passes, from the declarations of the passes in a draft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from .draft import Node

if TYPE_CHECKING:
    from ..contract import Order

Kind = Literal["before", "after"]


@dataclass(frozen=True)
class Constraint:
    """One pass must stand before another.

    Args:
        first: The pass that must come first.
        second: The pass that must come later.
        owner: The one of both that declares it.
        reason: Why, in the words of the declaration.
        origin: The declaration.
        soft: It may give way.
    """

    first: Node
    second: Node
    owner: Node
    reason: str
    origin: str
    soft: bool

    def __str__(self) -> str:
        return f"{self.first} before {self.second}: {self.reason} ({self.origin})"


def constraints_of(nodes: Sequence[Node], about: Node | None = None) -> list[Constraint]:
    """Return all constraints between ``nodes``, in the order of the passes that declare them.

    A constraint holds between all occurrences; a pass is not constrained against itself.

    Args:
        nodes: The passes.
        about: Return only the constraints of this one, which is among them.
    """
    everyone = _by_name(nodes)
    only = everyone if about is None else {about.name: [about]}
    found = []
    kinds: tuple[Kind, Kind] = ("before", "after")
    for node in nodes:
        others = everyone if node is about else only
        for kind in kinds:
            for order in getattr(node.pass_, kind):
                for other in _matching(order, node, others):
                    first, second = (node, other) if kind == "before" else (other, node)
                    origin = node.declaration(kind)
                    found.append(Constraint(first, second, node, order.reason, origin, order.soft))
    return found


def violated(constraints: Iterable[Constraint], order: Sequence[Node]) -> list[Constraint]:
    """Return the constraints that ``order`` does not keep."""
    position = {node: index for index, node in enumerate(order)}
    return [c for c in constraints if position[c.first] > position[c.second]]


def conflicts_of(nodes: Sequence[Node]) -> Iterator[tuple[Node, Node, Order]]:
    """Yield pairs of passes that may not be together, the one that declares it first."""
    by_name = _by_name(nodes)
    for node in nodes:
        for order in node.pass_.conflicts:
            for other in _matching(order, node, by_name):
                yield node, other, order


def _by_name(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    by_name: dict[str, list[Node]] = {}
    for node in nodes:
        by_name.setdefault(node.name, []).append(node)
    return by_name


def _matching(order: Order, node: Node, by_name: Mapping[str, Sequence[Node]]) -> Iterator[Node]:
    """Yield the nodes other than of the same pass that ``order`` of ``node`` is about."""
    if not is_glob(order.other):
        names: Iterable[str] = (order.other,) if order.other in by_name else ()
    else:
        names = (name for name in by_name if fnmatchcase(name, order.other))
    for name in names:
        if name != node.name:
            yield from by_name[name]


def is_glob(name: str) -> bool:
    """Tell whether ``name`` is a pattern."""
    return any(char in name for char in "*?[")
