"""Traces: which nodes an input of a model ends up in, through what only moves or casts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..ir.walk import graph_tree, model_nodes, node_subgraphs

if TYPE_CHECKING:
    import onnx_ir as ir

_ANY = None
_MOVES: dict[str, tuple[int, ...] | None] = {
    "Add": _ANY,
    "Cast": _ANY,
    "CastLike": (0,),
    "Clip": (0,),
    "Concat": _ANY,
    "Expand": (0,),
    "Flatten": _ANY,
    "Gather": (0,),
    "Identity": _ANY,
    "Max": _ANY,
    "Min": _ANY,
    "Optional": _ANY,
    "OptionalGetElement": _ANY,
    "Pad": (0,),
    "Reshape": (0,),
    "Slice": (0,),
    "Split": (0,),
    "Squeeze": (0,),
    "Tile": (0,),
    "Transpose": _ANY,
    "Unsqueeze": (0,),
    "Where": (1, 2),
}
"""Ops whose outputs hold (about) the values of these inputs."""


_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}
_DATA_DEPENDENT = {"Compress", "NonMaxSuppression", "NonZero", "StringSplit", "Unique"}


def final_uses(model: ir.Model, value: ir.Value) -> Iterator[tuple[ir.Node, int]]:
    """Yield the node and input index of each use of ``value`` that does more than move it.

    Moving ops, loops, scans and functions are looked through.
    """
    seen = {id(value)}
    stack = [value]
    while stack:
        current = stack.pop()
        for node, index in current.uses():
            inner = _inner_input(model, node, index)
            moved = [] if inner is None else [inner]
            if inner is None and node.domain in ("", "ai.onnx") and node.op_type in _MOVES:
                positions = _MOVES[node.op_type]
                if positions is None or index in positions:
                    moved = list(node.outputs)
            if not moved:
                yield node, index
            for target in moved:
                if id(target) not in seen:
                    seen.add(id(target))
                    stack.append(target)


def _inner_input(model: ir.Model, node: ir.Node, index: int) -> ir.Value | None:
    """The input of a function, a loop or a scan body that input ``index`` of ``node`` becomes."""
    body: ir.Function | ir.Graph | None = model.functions.get(node.op_identifier())
    if body is None and (node.op_type == "Scan" or (node.op_type == "Loop" and index >= 2)):
        body = next(node_subgraphs(node), None)
    if body is None or index >= len(body.inputs):
        return None
    return body.inputs[index]


def outputs_after(model: ir.Model, is_source: Callable[[ir.Node], bool]) -> set[str]:
    """Return the names of the outputs of ``model`` that depend on a node ``is_source`` accepts.

    A node whose subgraph, or whose function, holds a source counts as one.
    """
    functions = _functions_with(model, is_source)

    def accepts(node: ir.Node) -> bool:
        return is_source(node) or node.op_identifier() in functions

    if not any(map(accepts, model_nodes(model))):
        return set()
    # Inner graphs see outer values, so a use inside counts for the node that stands outside.
    outer: dict[ir.Node, ir.Node] = {}
    stack: list[ir.Node] = []
    for node in model.graph:
        inner = [
            nested
            for subgraph in node_subgraphs(node)
            for graph in graph_tree(subgraph)
            for nested in graph
        ]
        outer.update(dict.fromkeys(inner, node))
        if accepts(node) or any(map(accepts, inner)):
            stack.append(node)
    seen = set(stack)
    names = set()
    while stack:
        node = stack.pop()
        for value in node.outputs:
            if value.is_graph_output():
                names.add(value.name or "")
            for user, _ in value.uses():
                user = outer.get(user, user)
                if user not in seen:
                    seen.add(user)
                    stack.append(user)
    return names & {value.name for value in model.graph.outputs}


def _functions_with(
    model: ir.Model, is_source: Callable[[ir.Node], bool]
) -> set[tuple[str, str, str]]:
    found: set[tuple[str, str, str]] = set()
    while True:
        more = {
            identifier
            for identifier, function in model.functions.items()
            if identifier not in found
            and any(
                is_source(node) or node.op_identifier() in found
                for graph in graph_tree(function)
                for node in graph
            )
        }
        if not more:
            return found
        found |= more


def is_random(node: ir.Node) -> bool:
    """Whether the values of ``node`` are drawn, with a seed or without."""
    if node.op_type == "Dropout":
        return len(node.inputs) > 2 and node.inputs[2] is not None
    return node.op_type in _RANDOM


def is_unseeded(node: ir.Node) -> bool:
    """Whether the values of ``node`` are drawn anew in every session."""
    return is_random(node) and "seed" not in node.attributes


def is_data_dependent(node: ir.Node) -> bool:
    """Whether the shape of what ``node`` gives depends on values."""
    return node.op_type in _DATA_DEPENDENT
