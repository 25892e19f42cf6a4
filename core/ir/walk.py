"""Walks over every graph of a model: main graph, subgraphs, functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import onnx_ir as ir

# AttributeType.GRAPH and .GRAPHS by number, so that this module need not import onnx_ir.
_GRAPH, _GRAPHS = 5, 10
GRAPH_KINDS = (_GRAPH, _GRAPHS)


def node_subgraphs(node: ir.Node) -> Iterator[ir.Graph]:
    """Yield the graphs that the attributes of ``node`` hold, in the order of the attributes."""
    for attribute in node._attributes.data.values():
        if attribute.type == _GRAPH and not attribute.is_ref():
            yield attribute.value
        elif attribute.type == _GRAPHS and not attribute.is_ref():
            yield from attribute.value


def ordered_nodes(graph: ir.Graph | ir.Function) -> list[ir.Node]:
    """Return the nodes of ``graph`` in order, as a list that edits do not change."""
    # The linked list's own iterator guards against edits under way, at three times the cost.
    root = owning_graph(graph)._nodes._root
    nodes: list[ir.Node] = []
    box = root.next
    while box is not root:
        if box.value is not None:
            nodes.append(box.value)
        box = box.next
    return nodes


def graph_tree(root: ir.Graph | ir.Function) -> Iterator[ir.Graph | ir.Function]:
    """Yield ``root`` and all graphs nested in its nodes, outer before inner."""
    stack: list[ir.Graph | ir.Function] = [root]
    while stack:
        graph = stack.pop()
        yield graph
        nested = [
            sub
            for node in ordered_nodes(graph)
            if node._attributes.data
            for sub in node_subgraphs(node)
        ]
        stack.extend(reversed(nested))


def model_graphs(model: ir.Model) -> Iterator[ir.Graph | ir.Function]:
    """Yield the main graph with its subgraphs, then every function with its subgraphs."""
    yield from graph_tree(model.graph)
    for function in tuple(model.functions.values()):
        yield from graph_tree(function)


def model_nodes(model: ir.Model) -> Iterator[ir.Node]:
    """Yield every node of ``model``, subgraphs and functions included."""
    for graph in model_graphs(model):
        yield from graph


def op_histogram(model: ir.Model) -> dict[tuple[str, str], int]:
    """Count the nodes of ``model`` by domain and op type, subgraphs and functions included."""
    counts: dict[tuple[str, str], int] = {}
    for node in (node for graph in model_graphs(model) for node in ordered_nodes(graph)):
        key = (node._domain, node._op_type)
        counts[key] = counts.get(key, 0) + 1
    return counts


def owning_graph(function_or_graph: ir.Graph | ir.Function) -> ir.Graph:
    """Return the graph that holds the nodes: a function's own graph, or the graph itself."""
    inner: ir.Graph | None = getattr(function_or_graph, "graph", None)
    return inner if inner is not None else cast("ir.Graph", function_or_graph)
