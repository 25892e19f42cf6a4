"""Positions: whether producers stand before their readers, for single nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .walk import model_graphs, node_subgraphs, ordered_nodes

if TYPE_CHECKING:
    import onnx_ir as ir


_NEAR = 32
"""Steps along the list of nodes before a graph is numbered."""


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
        for value in node._inputs:
            if value is None:
                continue
            producer = value._producer
            if producer is None:
                if value._graph is None:
                    yield node, value
            elif producer._graph is graph:
                if not self._precedes(producer, node):
                    yield node, value
            elif producer._graph is None or not self._before(producer, node):
                yield node, value
        for value in node._outputs:
            for user, _ in value._uses:
                if user._graph is graph:
                    if not self._precedes(node, user):
                        yield user, value
                elif user._graph is not None and not self._before(node, user):
                    yield user, value

    def _before(self, producer: ir.Node, user: ir.Node) -> bool:
        while user.graph is not producer.graph:
            holder = self._holder(user.graph)
            if holder is None:
                return False
            user = holder
        return self._precedes(producer, user)

    def _precedes(self, first: ir.Node, second: ir.Node) -> bool:
        """Tell whether ``first`` stands before ``second`` in the graph of both.

        Most edits are about neighbours: a few steps along the list find them, where to number a
        large graph for a few nodes would cost more than all else.
        """
        graph = first._graph
        positions = self._positions.get(id(graph))
        if positions is None:
            assert graph is not None
            nodes = graph._nodes
            box = nodes._value_ids_to_boxes[id(first)].next
            for _ in range(_NEAR):
                if box.value is second:
                    return True
                if box is nodes._root:
                    return False
                box = box.next
            positions = self._of(graph)
        return positions[first] < positions[second]

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
