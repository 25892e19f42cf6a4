"""Which opset of the standard domain holds in each graph of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from passmgr.core.ir.walk import graph_tree

if TYPE_CHECKING:
    import onnx_ir as ir


def graphs_with_opset(model: ir.Model) -> Iterator[tuple[ir.Graph | ir.Function, int]]:
    """Yield every graph of ``model`` with the version of the standard domain that holds in it.

    Subgraphs have the imports of the graph or function around them. Graphs without the standard
    domain have no nodes of it and are passed over.
    """
    roots: list[ir.Graph | ir.Function] = [model.graph, *model.functions.values()]
    for root in roots:
        version = root.opset_imports.get("")
        if version is not None:
            for graph in graph_tree(root):
                yield graph, version
