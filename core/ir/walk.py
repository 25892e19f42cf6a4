"""Walks over every graph of a model: main graph, subgraphs, functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import onnx_ir as ir

    GraphWithNodes = tuple[ir.Graph | ir.Function, list[ir.Node]]

# AttributeType.GRAPH and .GRAPHS by number, so that this module need not import onnx_ir.
_GRAPH, _GRAPHS = 5, 10
GRAPH_KINDS = (_GRAPH, _GRAPHS)

_DOMAIN, _OP_TYPE = attrgetter("_domain"), attrgetter("_op_type")
_KIND = attrgetter("_domain", "_op_type")


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
        stack += _nested(ordered_nodes(graph))


def model_graphs(model: ir.Model) -> Iterator[ir.Graph | ir.Function]:
    """Yield the main graph with its subgraphs, then every function with its subgraphs."""
    yield from graph_tree(model.graph)
    for function in tuple(model.functions.values()):
        yield from graph_tree(function)


def graphs_with_nodes(model: ir.Model) -> list[GraphWithNodes]:
    """Return what :func:`model_graphs` yields, each graph with its nodes in order."""
    found: list[GraphWithNodes] = []
    roots: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
    for root in roots:
        stack: list[ir.Graph | ir.Function] = [root]
        while stack:
            graph = stack.pop()
            nodes = ordered_nodes(graph)
            found.append((graph, nodes))
            stack += _nested(nodes)
    return found


def _nested(nodes: Sequence[ir.Node]) -> list[ir.Graph]:
    """Return the graphs in ``nodes``, last first."""
    return [graph for node in nodes if node._attributes.data for graph in node_subgraphs(node)][
        ::-1
    ]


def model_nodes(model: ir.Model) -> Iterator[ir.Node]:
    """Yield every node of ``model``, subgraphs and functions included."""
    for graph in model_graphs(model):
        yield from graph


def op_histogram(graphs: Iterable[GraphWithNodes]) -> Counter[tuple[str, str]]:
    """Count the nodes of ``graphs`` by domain and op type."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, nodes in graphs:
        domains = set(map(_DOMAIN, nodes))
        if len(domains) == 1:  # as nearly always; pairs take twice the time
            domain = domains.pop()
            counts.update({(domain, op): n for op, n in Counter(map(_OP_TYPE, nodes)).items()})
        else:
            counts.update(map(_KIND, nodes))
    return counts


def owning_graph(function_or_graph: ir.Graph | ir.Function) -> ir.Graph:
    """Return the graph that holds the nodes: a function's own graph, or the graph itself."""
    inner: ir.Graph | None = getattr(function_or_graph, "graph", None)
    return inner if inner is not None else cast("ir.Graph", function_or_graph)
