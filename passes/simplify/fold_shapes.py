"""Fold-shapes: shape arithmetic becomes constants, or is done once.

    Shape(x: [N, 3, 8, 8]) -> Gather(1)                             3
    Reshape(x: [N, S, 768], Concat(N, S, 12, 64))                   Reshape(x, [0, 0, 12, 64])
    Expand(x: [N, 1], Concat(N, 4))                                 Expand(x, [1, 4])
    Shape(Relu(x)) -> Gather(0)                                     Shape(x) -> Gather(0)

1. Integers whose value follows from the signature become constants.
2. The target of a Reshape becomes constant where each entry is a number, or the size at the same
   place of the input (0 means a copy), or one entry is left and the others are above zero (-1).
   In the target of an Expand, 1 stands for the size of the input.
3. Of integers that are the same expression of the open sizes, the first one is used.

Numerics: exact; nothing but integers is touched.
References: onnxslim (https://github.com/inisis/OnnxSlim) and onnxscript's MaterializeReshapeShape
rule (https://github.com/microsoft/onnxscript), which believe the shapes that the file declares.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops
from passmgr.core.ir.walk import node_subgraphs

from .substitution import substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..analyze.expressions import Number
    from ..analyze.symbolic_shapes import Dims, Numbers, ShapeFacts

    Seen = MutableMapping[tuple[ir.DataType, Numbers], ir.Value]

_SOURCES = ("Shape", "Size")


@dataclass(frozen=True)
class FoldShapes(Pass):
    """Replace shape arithmetic by constants, or by what has been computed before."""

    name = "fold-shapes"
    requires = ("sorted", "names-unique")
    touches = ops(*_SOURCES)
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the main graph and its subgraphs; in functions no shapes are known."""
        from ..analyze.symbolic_shapes import SymbolicShapes

        _fold(model.graph, {}, set(), ctx.get(SymbolicShapes), ctx)


def _fold(
    graph: ir.Graph, seen: Seen, sizes: set[ir.Value], facts: ShapeFacts, ctx: PassContext
) -> None:
    """Fold in ``graph`` what is computed of ``sizes``; arithmetic of constants is left alone."""
    for node in graph:
        subgraphs = list(node_subgraphs(node)) if node.attributes else []
        for subgraph in subgraphs:
            _fold(subgraph, ChainMap({}, seen), sizes, facts, ctx)
        if node.domain or subgraphs or node.op_type == "Constant":
            continue
        if node.op_type in ("Reshape", "Expand"):
            _fold_target(graph, node, facts, ctx)
        if node.op_type not in _SOURCES and not any(value in sizes for value in node.inputs):
            continue
        for value in node.outputs:
            sizes.add(value)
            if value in facts.numbers:
                _fold_value(graph, node, value, seen, sizes, facts, ctx)


def _fold_value(
    graph: ir.Graph,
    node: ir.Node,
    value: ir.Value,
    seen: Seen,
    sizes: set[ir.Value],
    facts: ShapeFacts,
    ctx: PassContext,
) -> None:
    numbers, dtype = facts.numbers[value], facts.dtypes.get(value)
    if dtype is None or value.is_graph_output() or not value._uses:
        return
    elements = numbers if isinstance(numbers, tuple) else (numbers,)
    if all(isinstance(number, int) for number in elements):
        if ctx.action(node, "fold"):
            constant = _constant(graph, node, numbers, dtype, ctx)
            sizes.add(constant)
            substitute(ctx.edit, value, constant)
        return
    first = seen.setdefault((dtype, numbers), value)
    if first is not value and ctx.action(node, "merge"):
        substitute(ctx.edit, value, first)


def _fold_target(graph: ir.Graph, node: ir.Node, facts: ShapeFacts, ctx: PassContext) -> None:
    """Make the second input of a Reshape or Expand a constant."""
    source, target = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    if source is None or target is None:
        return
    numbers, dims = facts.numbers.get(target), facts.dims.get(source)
    if not isinstance(numbers, tuple) or dims is None:
        return
    if all(isinstance(number, int) for number in numbers):
        return
    if node.op_type == "Expand":
        entries = _expand_entries(numbers, dims)
    elif node.attributes.get("allowzero") is None:
        entries = _reshape_entries(numbers, dims)
    else:
        entries = None
    if entries is None:
        ctx.remark(
            "size-known-when-run", f"'{target.name}' depends on more than one open size", node=node
        )
    elif ctx.action(node, "fold-target"):
        dtype = facts.dtypes[target]
        ctx.edit.replace_input(node, 1, _constant(graph, node, entries, dtype, ctx))


def _reshape_entries(numbers: tuple[Number, ...], dims: Dims) -> tuple[int, ...] | None:
    from .merge_reshapes import reshape_target

    target = reshape_target(dims, numbers)
    return None if target is None else tuple(target)


def _expand_entries(numbers: tuple[Number, ...], dims: Dims) -> tuple[int, ...] | None:
    entries: list[int] = []
    offset = len(numbers) - len(dims)
    for index, number in enumerate(numbers):
        if isinstance(number, int):
            entries.append(number)
        elif index >= offset and dims[index - offset] == number:
            entries.append(1)
        else:
            return None
    return tuple(entries)


def _constant(
    graph: ir.Graph, node: ir.Node, numbers: Numbers, dtype: ir.DataType, ctx: PassContext
) -> ir.Value:
    import numpy as np
    import onnx_ir as ir

    from .new_constants import add_constant

    array = np.array(numbers, dtype.numpy())
    array.setflags(write=False)
    return add_constant(ctx.edit, graph, node, ir.Tensor(array), f"{node.outputs[0].name}_shape")
