"""Sort: bring the nodes of every graph into an order in which producers precede consumers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext
from passmgr.core.errors import ModelError
from passmgr.core.ir.path import node_path
from passmgr.core.ir.walk import graph_tree, node_subgraphs, owning_graph

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Sort(Pass):
    """Bring the nodes of every graph into topological order, moving as few as needed.

    A node moves only forward to its first consumer; what a subgraph captures counts as an input of
    the node that holds it. Graphs that are in order already are left alone.

    Raises:
        ModelError: A graph has a cycle; names its nodes.
    """

    name = "sort"
    establishes = ("sorted",)
    done_when = ("sorted",)
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Reorder the graphs that are out of order."""
        for container in ctx.graphs(model):
            graph = owning_graph(container)
            misplaced = _first_misplaced(graph)
            if misplaced is not None:
                order = _topological_order(graph)
                if ctx.action(misplaced, "sort"):
                    ctx.edit.reorder(container, order)


def _first_misplaced(graph: ir.Graph) -> ir.Node | None:
    """Return the first node that stands before one of its producers."""
    seen: set[ir.Node] = set()
    for node in graph:
        for value in node.inputs:
            if value is None:
                continue
            producer = value.producer()
            if producer is not None and producer not in seen and producer.graph is graph:
                return node
        if node.attributes and any(n not in seen for n in _captured_producers(node, graph)):
            return node
        seen.add(node)
    return None


def _captured_producers(node: ir.Node, graph: ir.Graph) -> Iterator[ir.Node]:
    """Yield the nodes of ``graph`` whose results the subgraphs of ``node`` use."""
    for subgraph in node_subgraphs(node):
        for tree in graph_tree(subgraph):
            yield from _producers(tree.outputs, graph)
            for inner in tree:
                yield from _producers(inner.inputs, graph)


def _producers(values: Iterable[ir.Value | None], graph: ir.Graph) -> Iterator[ir.Node]:
    for value in values:
        producer = value.producer() if value is not None else None
        if producer is not None and producer.graph is graph:
            yield producer


def _dependencies(node: ir.Node, graph: ir.Graph) -> Iterator[ir.Node]:
    yield from _producers(node.inputs, graph)
    yield from _captured_producers(node, graph)


def _topological_order(graph: ir.Graph) -> list[ir.Node]:
    """Order by depth-first search from the nodes in their present order."""
    order: list[ir.Node] = []
    done: set[ir.Node] = set()
    for root in graph:
        if root in done:
            continue
        path = {root: _dependencies(root, graph)}
        stack = [root]
        while stack:
            node = stack[-1]
            for producer in path[node]:
                if producer in path:
                    raise ModelError(_cycle_message(graph, stack[stack.index(producer) :]))
                if producer not in done:
                    path[producer] = _dependencies(producer, graph)
                    stack.append(producer)
                    break
            else:
                stack.pop()
                del path[node]
                done.add(node)
                order.append(node)
    return order


def _cycle_message(graph: ir.Graph, cycle: list[ir.Node]) -> str:
    shown = [node_path(node) for node in reversed(cycle)]
    if len(shown) > 6:
        shown[5:] = [f"({len(shown) - 5} more)"]
    return (
        f"the graph '{graph.name}' has a cycle and cannot be computed: "
        f"{' -> '.join([*shown, shown[0]])}"
    )
