"""The edges of a plan: which step must stand before which, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .constraints import constraints_of
from .draft import Block, Item, Node, Place, nodes_of
from .facts import Simulation
from .plan import Edge


def edges_of(
    draft: list[Item], numbers: Mapping[Node, int], simulation: Simulation
) -> tuple[Edge, ...]:
    """Return the edges of a complete draft, by the numbers of its steps.

    There is one for each constraint that is kept, for each required fact that another pass
    establishes, and for each fact by which a pass must be followed.
    """
    edges = [
        Edge(numbers[c.first], numbers[c.second], c.reason, c.origin)
        for c in constraints_of(list(numbers))
        if numbers[c.first] < numbers[c.second]
    ]
    for node, place in _places(draft, None, None):
        for fact in node.pass_.requires:
            provider = simulation.status(fact, place).node
            if provider is not None:
                origin = node.declaration("requires")
                edges.append(Edge(numbers[provider], numbers[node], _fact(fact), origin))
    end = Place(draft, len(draft))
    for node in nodes_of(draft):
        for fact in node.pass_.followed_by:
            provider = simulation.status(fact, end).node
            if provider is not None and provider is not node:
                origin = node.declaration("followed_by")
                edges.append(Edge(numbers[node], numbers[provider], _fact(fact), origin))
    return tuple(sorted(dict.fromkeys(edges), key=lambda edge: (edge.first, edge.second)))


def _fact(fact: str) -> str:
    return f"fact '{fact}'"


def _places(
    items: list[Item], block: Block | None, outer: Place | None
) -> Iterator[tuple[Node, Place]]:
    for index, item in enumerate(items):
        place = Place(items, index, block, outer)
        if isinstance(item, Block):
            yield from _places(item.items, item, place)
        else:
            yield item, place
