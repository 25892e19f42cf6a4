"""Supply: every required fact that does not hold is provided by a move or an insertion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..contract import is_lossy
from ..errors import PassmgrError, UnknownNameError
from .constraints import Constraint, conflicts_of, constraints_of, violated
from .draft import Block, Item, Node, Place, nodes_of
from .facts import Simulation, Status, establishes, last_effect
from .hoist import find_hoist, move
from .messages import missing_fact

if TYPE_CHECKING:
    from .source import PassSource

NEVER_INSERTED = ("opset>=",)
"""Facts that no pass is inserted for: the opset is the user's to change."""


class Supply:
    """Completes a draft, from left to right.

    Args:
        draft: What to complete, in place.
        registry: Facts, and passes to insert.
        simulation: Which facts hold where.
        target_requires: Facts that must hold at the end.
        disabled: Passes that may not be inserted.
        keep_order: Move nothing.
        warnings: Takes a line for each soft constraint that gave way.
    """

    def __init__(
        self,
        draft: list[Item],
        registry: PassSource,
        simulation: Simulation,
        *,
        target_requires: Sequence[str],
        disabled: Collection[str],
        keep_order: bool,
        warnings: list[str],
    ) -> None:
        self.draft = draft
        self.registry = registry
        self.simulation = simulation
        self.target_requires = target_requires
        self.disabled = disabled
        self.keep_order = keep_order
        self.warnings = warnings
        self._known: set[str] = set()
        self._tries: Counter[tuple[Node | None, str]] = Counter()

    def complete(self) -> None:
        """Move and insert passes until every pass finds the facts that it requires.

        Raises:
            ScheduleError: A fact cannot be provided.
            UnknownNameError: A fact is not registered.
        """
        index = 0
        while True:
            while index < len(self.draft):
                if not self._fix(Place(self.draft, index)):
                    index += 1
            end = Place(self.draft, index)
            for fact, wanted in self._at_end():
                status = self._status(fact, end, wanted)
                if not status.holds:
                    self._provide(fact, end, None, wanted, status)
                    break
            else:
                return

    def _at_end(self) -> list[tuple[str, str]]:
        """Return the facts that must hold at the end, each with who asks for it."""
        obligations = [
            (fact, f"{node} must be followed by")
            for node in nodes_of(self.draft)
            for fact in node.pass_.followed_by
        ]
        return [*obligations, *((fact, "the target requires") for fact in self.target_requires)]

    def _fix(self, place: Place) -> bool:
        """Provide the first fact that the item at ``place`` misses; tell whether there was one."""
        item = place.items[place.index]
        if isinstance(item, Block):
            return any(
                self._fix(Place(item.items, index, item, place)) for index in range(len(item.items))
            )
        for fact in item.pass_.requires:
            wanted = f"{item} requires"
            status = self._status(fact, place, wanted)
            if not status.holds:
                self._provide(fact, place, item, wanted, status)
                return True
        return False

    def _status(self, fact: str, place: Place, wanted: str) -> Status:
        if fact not in self._known:
            try:
                self.registry.fact(fact)
            except UnknownNameError as error:
                raise UnknownNameError(f"{error}; {wanted} it") from None
            self._known.add(fact)
        return self.simulation.status(fact, place)

    def _provide(
        self, fact: str, place: Place, consumer: Node | None, wanted: str, status: Status
    ) -> None:
        notes: list[str] = []
        if not self._is_endless(fact, consumer, notes) and (
            (consumer is not None and self._hoist(fact, place, notes))
            or self._insert(fact, place, consumer, wanted, notes)
        ):
            self._tries[consumer, fact] += 1
            return
        raise missing_fact(fact, wanted, consumer, status, notes, self.registry, self.disabled)

    def _is_endless(self, fact: str, consumer: Node | None, notes: list[str]) -> bool:
        """Tell whether providing ``fact`` once more would go round in a circle."""
        chain, node = [fact], consumer
        while node is not None and node.demand is not None and len(chain) <= len(self._known):
            node, demanded = node.demand
            chain.append(demanded)
            if demanded == fact:
                circle = " -> ".join(f"'{link}'" for link in chain)
                notes.append(f"facts are needed to establish each other: {circle}")
                return True
        needs = self._at_end() if consumer is None else consumer.pass_.requires
        if self._tries[consumer, fact] > len(needs):
            notes.append("what establishes the other facts that are needed there breaks it again")
            return True
        return False

    def _hoist(self, fact: str, place: Place, notes: list[str]) -> bool:
        hoist = find_hoist(fact, place, self.simulation)
        if hoist is None:
            return False
        obstacle = "the order is to be kept" if self.keep_order else hoist.obstacle
        if obstacle:
            notes.append(f"{hoist.provider} establishes it too late and is not moved: {obstacle}")
            return False
        move(hoist, place, fact)
        self._give_way(hoist.gives_way, fact)
        return True

    def _insert(
        self, fact: str, place: Place, consumer: Node | None, wanted: str, notes: list[str]
    ) -> bool:
        name = self.registry.fact(fact).normalizer
        if name is None:
            return False
        # Once before a repeat is enough where nothing in it touches the fact.
        while place.outer is not None and last_effect(place.items, fact) is None:
            place = place.outer
        obstacle = self._try_insert(name, fact, place, consumer, wanted)
        if obstacle:
            notes.append(f"its normalizer '{name}' is not inserted: {obstacle}")
        return not obstacle

    def _try_insert(
        self, name: str, fact: str, place: Place, consumer: Node | None, wanted: str
    ) -> str:
        """Insert the normalizer ``name``; return why not where it may not be."""
        if name in self.disabled:
            return "it is disabled"
        if fact.startswith(NEVER_INSERTED):
            return "the opset is converted only where the pipeline says so"
        try:
            pass_ = self.registry.make_pass(name, {})
        except PassmgrError as error:
            return str(error)
        if is_lossy(pass_.effect):
            return "a lossy pass is never inserted"
        if not establishes(pass_, fact):
            return "it does not declare that it establishes the fact"
        reason = f"{wanted} '{fact}'"
        node = Node(pass_, origin="inserted", reason=reason, demand=(consumer, fact))
        place.items.insert(place.index, node)
        clash, soft = self._clash(node)
        if clash:
            place.items.pop(place.index)
        else:
            self.warnings += [
                f"a soft constraint gives way to the fact '{fact}': {c}" for c in soft
            ]
        return clash

    def _clash(self, node: Node) -> tuple[str, list[Constraint]]:
        """Return why the inserted ``node`` may not stay, and soft constraints that it violates."""
        nodes = list(nodes_of(self.draft))
        for first, second, order in conflicts_of(nodes):
            if node in (first, second) and not order.soft:
                return f"{first} conflicts with {second}: {order.reason}", []
        wrong = violated(constraints_of(nodes, about=node), nodes)
        hard = [constraint for constraint in wrong if not constraint.soft]
        return (str(hard[0]), []) if hard else ("", wrong)

    def _give_way(self, constraints: Sequence[Constraint], fact: str) -> None:
        for constraint in constraints:
            self.warnings.append(f"a soft constraint gives way to the fact '{fact}': {constraint}")
