"""The simulation of facts: which hold at a place of the draft, and who made it so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .draft import Item, Node, Place, nodes_of

if TYPE_CHECKING:
    from ..contract import Pass


@dataclass(frozen=True)
class Status:
    """Whether a fact holds at a place.

    Args:
        holds: Whether it does.
        node: The pass that established or broke it; ``None`` where it is as on the input.
        earlier_round: It holds when the repeat begins and is broken in a round before.
    """

    holds: bool
    node: Node | None = None
    earlier_round: bool = False


def implies(fact: str, other: str) -> bool:
    """Tell whether ``other`` holds wherever ``fact`` does: ``opset>=18`` implies ``opset>=13``."""
    if fact == other:
        return True
    family, separator, number = fact.partition(">=")
    other_family, _, least = other.partition(">=")
    return (
        bool(separator)
        and family == other_family
        and number.isdecimal()
        and least.isdecimal()
        and int(number) >= int(least)
    )


def establishes(pass_: Pass | type[Pass], fact: str) -> bool:
    """Tell whether ``fact`` holds after ``pass_``."""
    return any(implies(own, fact) for own in pass_.establishes)


def effect_on(pass_: Pass, fact: str) -> bool | None:
    """Tell whether ``pass_`` establishes ``fact``, breaks it (``False``) or leaves it alone.

    What must hold *again* before the end (``followed_by``) is broken by the pass.
    """
    if establishes(pass_, fact):
        return True
    broken = (*pass_.breaks, *pass_.followed_by)
    if any(fact == pattern or fnmatchcase(fact, pattern) for pattern in broken):
        return False
    return None


def last_effect(items: Sequence[Item], fact: str) -> tuple[Node, bool] | None:
    """Return the last pass in ``items`` that establishes or breaks ``fact``, and which it does."""
    for node in reversed(list(nodes_of(items))):
        effect = effect_on(node.pass_, fact)
        if effect is not None:
            return node, effect
    return None


class Simulation:
    """Answers which facts hold where, from those that hold on the input.

    Args:
        holds_on_input: Tells whether a fact holds on the input; asked only where it matters.
    """

    def __init__(self, holds_on_input: Callable[[str], bool]) -> None:
        self._holds_on_input = holds_on_input
        self._input: dict[str, bool] = {}

    def status(self, fact: str, place: Place) -> Status:
        """Return whether ``fact`` holds at ``place`` in every round of the repeats around it."""
        found = last_effect(place.items[: place.index], fact)
        if found is not None:
            return Status(found[1], found[0])
        if place.outer is None or place.block is None:
            return Status(self._on_input(fact))
        first_round = self.status(fact, place.outer)
        if first_round.holds and place.block.max > 1:
            found = last_effect(place.items, fact)
            if found is not None and not found[1]:
                return Status(False, found[0], earlier_round=True)
        return first_round

    def _on_input(self, fact: str) -> bool:
        if fact not in self._input:
            self._input[fact] = self._holds_on_input(fact)
        return self._input[fact]
