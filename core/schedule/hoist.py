"""Hoisting: a later pass that establishes a missing fact is moved to where the fact is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .constraints import Constraint, constraints_of, violated
from .draft import Item, Node, Place
from .facts import Simulation, establishes, last_effect


@dataclass(frozen=True)
class Hoist:
    """A move that provides a fact.

    Args:
        provider: The pass that establishes the fact.
        group: The provider and the passes that have to go before it, in order.
        gives_way: Soft constraints that the move violates.
        obstacle: Why the move is not possible; empty where it is.
    """

    provider: Node
    group: tuple[Node, ...] = ()
    gives_way: tuple[Constraint, ...] = ()
    obstacle: str = ""


def find_hoist(fact: str, place: Place, simulation: Simulation) -> Hoist | None:
    """Return the move of the nearest later provider of ``fact`` to ``place``.

    Args:
        fact: What the pass at ``place`` requires.
        place: Where it is needed; a pass stands there.
        simulation: Which facts hold where.

    Returns:
        The move, with an obstacle if it may not be done; ``None`` where no pass of the same run
        (up to a lossy pass or the border of a repeat) establishes the fact.
    """
    run: list[Node] = []  # from the pass at the place to the provider
    for item in place.items[place.index :]:
        if not isinstance(item, Node) or item.is_lossy:
            return None
        run.append(item)
        if len(run) > 1 and establishes(item.pass_, fact):
            break
    else:
        return None
    provider, consumer = run[-1], run[0]
    constraints = constraints_of(run)
    group, cycle = _with_prerequisites(run, place, constraints, simulation)
    if cycle:
        why = f"it establishes '{fact}' ({consumer.declaration('requires')})"
        lines = [f"{provider} before {consumer}: {why}", *cycle]
        told = "\n    ".join(lines)
        return Hoist(provider, obstacle=f"its constraints form a cycle:\n    {told}")
    rest = [node for node in run if node not in group]
    if broken := _broken(rest, group):
        return Hoist(provider, obstacle=broken)
    return Hoist(provider, group, tuple(violated(constraints, [*group, *rest])))


def _with_prerequisites(
    run: Sequence[Node],
    place: Place,
    constraints: Sequence[Constraint],
    simulation: Simulation,
) -> tuple[tuple[Node, ...], list[str]]:
    """Return what has to move along with the last of ``run``.

    If the first of ``run`` is among it, what leads there is the second part of the answer.
    """
    position = {node: index for index, node in enumerate(run)}
    needed_by: dict[Node, tuple[Node | None, str]] = {run[-1]: (None, "")}
    waiting = [run[-1]]
    while waiting:  # breadth first, so that a cycle comes out short
        node = waiting.pop(0)
        before: list[tuple[Node, str]] = [
            (c.first, str(c)) for c in constraints if c.second is node and not c.soft
        ]
        for fact in node.pass_.requires:
            found = last_effect(run[: position[node]], fact)
            if found and found[1] and not simulation.status(fact, place).holds:
                text = f"{found[0]} before {node}: it establishes '{fact}'"
                before.append((found[0], f"{text} ({node.declaration('requires')})"))
        for other, why in before:
            if position.get(other, position[node]) < position[node] and other not in needed_by:
                needed_by[other] = (node, why)
                waiting.append(other)
                if other is run[0]:
                    return (), _trace(other, needed_by)
    return tuple(node for node in run if node in needed_by), []


def _trace(node: Node, needed_by: dict[Node, tuple[Node | None, str]]) -> list[str]:
    lines = []
    step: Node | None = node
    while step is not None:
        step, why = needed_by[step]
        lines.append(why)
    return [line for line in lines if line]


def _broken(rest: Sequence[Node], group: Sequence[Node]) -> str:
    """Return which of the passes that ``group`` crosses would lose a fact to it, if any."""
    order: list[Item] = [*group]
    for node in rest:
        for fact in node.pass_.requires:
            found = last_effect(order, fact)
            if found and not found[1] and found[0] in group:
                return f"it would break '{fact}', which {node} requires ({found[0]} breaks it)"
        order.append(node)
    return ""


def move(hoist: Hoist, place: Place, fact: str) -> None:
    """Carry out ``hoist``: put its group at ``place``."""
    consumer = place.items[place.index]
    assert isinstance(consumer, Node)  # a hoist is made for a pass
    for node in hoist.group:
        place.items.remove(node)
        node.origin = "moved"
        if node is hoist.provider:
            node.reason = f"establishes '{fact}' for '{consumer.name}'"
        else:
            node.reason = f"has to run before '{hoist.provider.name}'"
        node.demand = (consumer, fact)
    place.items[place.index : place.index] = hoist.group
