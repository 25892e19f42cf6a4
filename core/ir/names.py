"""The names of values and of nodes in use in a model, and fresh ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .walk import ordered_nodes

if TYPE_CHECKING:
    import onnx_ir as ir


class NameScope:
    """The names of all values of some graphs.

    ONNX lets a subgraph see the names of the graphs around it, so one scope serves the whole model.

    Args:
        graphs: The graphs.
        owners: Values by their names that are known already, each name once.
    """

    def __init__(
        self,
        graphs: Iterable[ir.Graph | ir.Function],
        owners: dict[str, ir.Value] | None = None,
    ) -> None:
        self._owners: dict[str, ir.Value] = owners or {}
        self._shared: set[str] = set()
        self._counters: dict[str, int] = {}
        for graph in graphs:
            self._take(graph.inputs)
            for node in ordered_nodes(graph):
                self._take(node._outputs)
            if hasattr(graph, "initializers"):
                self._take(graph.initializers.values())

    def _take(self, values: Iterable[ir.Value]) -> None:
        take = self._owners.setdefault
        for value in values:
            name = value._name
            if name and take(name, value) is not value:
                self._shared.add(name)

    def unique(self, hint: str) -> str:
        """Return ``hint`` where it is free, otherwise ``hint`` with the first free number."""
        if hint and hint not in self._owners:
            return hint
        count = self._counters.get(hint, 0)
        while True:
            count += 1
            name = f"{hint}_{count}"
            if name not in self._owners:
                self._counters[hint] = count
                return name

    def claim(self, value: ir.Value, name: str) -> str:
        """Give ``name``, made unique, to ``value`` and return it."""
        if self._owners.get(name) is not value:
            name = self.unique(name)
            self._owners[name] = value
        return name

    def release(self, value: ir.Value) -> None:
        """Free the name of ``value``, unless others had it too."""
        name = value.name
        if name and self._owners.get(name) is value and name not in self._shared:
            del self._owners[name]


class NodeNames:
    """The names of some nodes; a file may give one name to several."""

    def __init__(self, nodes: Iterable[ir.Node]) -> None:
        self._taken = Counter(node._name for node in nodes)
        self._numbers: Counter[str] = Counter()

    def claim(self, hint: str) -> str:
        """Take ``hint``, or ``hint`` with the first free number, and return it."""
        name = hint
        while self._taken[name]:
            self._numbers[hint] += 1
            name = f"{hint}_{self._numbers[hint]}"
        self._taken[name] = 1
        return name

    def replace(self, old: str | None, new: str | None) -> None:
        """Let a node be called ``new`` that was called ``old``."""
        self._taken[old] -= 1
        self._taken[new] += 1
