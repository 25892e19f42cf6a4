"""Positions: whether producers stand before their readers, for single nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .walk import model_graphs, node_subgraphs, ordered_nodes

if TYPE_CHECKING:
    import onnx_ir as ir


class Positions:
    """Where nodes stand in their graphs, numbered when first asked for."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._positions: dict[int, dict[ir.Node, int]] = {}
        self._holders: dict[int, ir.Node] | None = None

    def misplaced(self, node: ir.Node) -> Iterator[tuple[ir.Node, ir.Value]]:
        """Yield readers before their producers, where one of the two is ``node``, and what is read.

        Reading what no graph holds is one of them.
        """
        graph = node._graph
        positions = self._positions.get(id(graph)) or self._of(graph)
        here = positions[node]
        for value in node._inputs:
            if value is None:
                continue
            producer = value._producer
            if producer is None:
                if value._graph is None:
                    yield node, value
            elif producer._graph is graph:
                if positions[producer] >= here:
                    yield node, value
            elif producer._graph is None or not self._before(producer, node):
                yield node, value
        for value in node._outputs:
            for user, _ in value._uses:
                if user._graph is graph:
                    if positions[user] <= here:
                        yield user, value
                elif user._graph is not None and not self._before(node, user):
                    yield user, value

    def _before(self, producer: ir.Node, user: ir.Node) -> bool:
        while user.graph is not producer.graph:
            holder = self._holder(user.graph)
            if holder is None:
                return False
            user = holder
        positions = self._of(producer.graph)
        return positions[producer] < positions[user]

    def _of(self, graph: ir.Graph | None) -> dict[ir.Node, int]:
        found = self._positions.get(id(graph))
        if found is None:
            assert graph is not None
            nodes = ordered_nodes(graph)
            found = dict(zip(nodes, range(len(nodes)), strict=True))
            self._positions[id(graph)] = found
        return found

    def _holder(self, graph: ir.Graph | None) -> ir.Node | None:
        if self._holders is None:
            self._holders = {
                id(subgraph): node
                for container in model_graphs(self._model)
                for node in container
                if node.attributes
                for subgraph in node_subgraphs(node)
            }
        return self._holders.get(id(graph))
