"""Finds a cycle in a graph whose nodes are not in topological order."""

from __future__ import annotations

from collections.abc import Iterator

import onnx_ir as ir

from passmgr.core.ir.walk import graph_tree, node_subgraphs


def find_cycle(graph: ir.Graph) -> list[ir.Node] | None:
    """Return the nodes of one cycle of ``graph``, each a user of the one before, or ``None``."""
    done: set[ir.Node] = set()
    for root in graph:
        if root in done:
            continue
        path: dict[ir.Node, Iterator[ir.Node]] = {root: _producers(root, graph)}
        while path:
            node, producers = next(reversed(path.items()))
            producer = next(producers, None)
            if producer is None:
                path.popitem()
                done.add(node)
            elif producer in path:
                nodes = list(path)
                return nodes[nodes.index(producer) :][::-1]
            elif producer not in done:
                path[producer] = _producers(producer, graph)
    return None


def _producers(node: ir.Node, graph: ir.Graph) -> Iterator[ir.Node]:
    """Yield the nodes of ``graph`` that ``node`` waits for, through its subgraphs too."""
    users = [node]
    users += (n for sub in node_subgraphs(node) for inner in graph_tree(sub) for n in inner)
    for user in users:
        for value in user.inputs:
            producer = value.producer() if value is not None else None
            if producer is not None and producer.graph is graph:
                yield producer
