"""Pass `infer-shapes`: write the types and shapes of values into the model.

    Relu(x: float[N, 4]) -> y          Relu(x: float[N, 4]) -> y: float[N, 4]

1. A sweep in topological order gives elementwise operators the types of their outputs.
2. Where values are left over, ONNX's own inference is run over the whole model, once.

What is declared is made more precise (a number for a symbol, a symbol for nothing), never less, and
stands where the inference contradicts it; inputs and outputs of the model are not touched, nor are
functions, whose values have types only per call.

References: onnx.shape_inference (https://onnx.ai/onnx/api/shape_inference.html); here symbols that
it invents are left out, declarations win, and a failure is a remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx_ir as ir

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import graph_tree, ordered_nodes

from .inferred_shapes import InferredShapes
from .shape_functions import (
    ELEMENTWISE,
    Dims,
    Typing,
    declared_typing,
    default_opset,
    elementwise_typing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Known = dict[ir.Value, Typing]


@dataclass(frozen=True)
class InferShapes(Pass):
    """Infer the types and shapes of the values inside the model."""

    name = "infer-shapes"
    requires = ("sorted",)
    establishes = ("shapes-inferred",)
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Infer and write what is not declared yet."""
        graphs = [graph for graph in graph_tree(model.graph) if isinstance(graph, ir.Graph)]
        sweep = _Sweep(default_opset(model.opset_imports))
        if not sweep.run(graphs):
            table = ctx.get(InferredShapes)
            if table.problem:
                ctx.remark(
                    "inference-failed",
                    f"ONNX's shape inference gave up: {table.problem}",
                    kind="warning",
                )
            if table.known:
                sweep.add(table.known)
                sweep.run(graphs)
        for node, value, declared, inferred in sweep.contradictions:
            ctx.remark(
                "shape-contradicts",
                f"'{value.name}' is declared as {_text(declared)} and inferred as "
                f"{_text(inferred)}; the declaration was kept",
                node=node,
                kind="warning",
            )
        shapes: dict[Dims, ir.Shape] = {}
        for value, typing in sweep.known.items():
            if not (value.is_graph_output() and value.graph is model.graph):
                _write(ctx, value, typing, shapes)


class _Sweep:
    """Types of values as they become known, the declared ones first.

    Args:
        opset: The version of the default domain.
    """

    def __init__(self, opset: int | None) -> None:
        self._opset = opset
        self._inferred: Mapping[ir.Value, Typing] = {}
        self._outer: Known = {}
        self.known: Known = {}
        self.contradictions: list[tuple[ir.Node, ir.Value, Typing, Typing]] = []

    def add(self, inferred: Mapping[ir.Value, Typing]) -> None:
        """Take what the whole-model inference found into account."""
        self._inferred = inferred

    def of(self, value: ir.Value) -> Typing | None:
        """Return what is known of ``value``."""
        typing = self.known.get(value) or self._outer.get(value)
        if typing is None:
            typing = declared_typing(value)
            if typing is not None:  # an input or initializer: remembered, as it may be read often
                self._outer[value] = typing
        return typing

    def run(self, graphs: Sequence[ir.Graph]) -> bool:
        """Visit all nodes; return whether nothing is left for another inference to find."""
        complete = True
        self.contradictions.clear()
        opset, of, known, inferred = self._opset, self.of, self.known, self._inferred
        for graph in graphs:
            for node in ordered_nodes(graph):
                found = elementwise_typing(node, opset, of)
                for value in node.outputs:
                    if not value.name:
                        continue
                    declared = declared_typing(value)
                    typing = found
                    if inferred and value in inferred:
                        typing = self._merged(node, value, found, inferred[value])
                    found = None  # it is about the first output only
                    if declared is not None and declared != typing:
                        typing = self._merged(node, value, declared, typing)
                    if typing is not None:
                        known[value] = typing
                    if complete and (typing is None or _is_open(node, typing)):
                        complete = False
        return complete

    def _merged(
        self, node: ir.Node, value: ir.Value, strong: Typing | None, weak: Typing | None
    ) -> Typing | None:
        if strong is None or weak is None:
            return strong or weak
        if strong.type != weak.type:
            self.contradictions.append((node, value, strong, weak))
            return strong
        dims, agree = merge_dims(strong.dims, weak.dims)
        if not agree:
            self.contradictions.append((node, value, strong, weak))
        return Typing(strong.type, dims)


def _is_open(node: ir.Node, typing: Typing) -> bool:
    """Tell whether ONNX's inference may know more of an output than ``typing``."""
    if typing.dims is None:
        return isinstance(typing.type, ir.TensorType)
    if node.op_type in ELEMENTWISE and not node.domain:
        return False
    return not typing.complete and isinstance(typing.type, ir.TensorType)


def merge_dims(strong: Dims | None, weak: Dims | None) -> tuple[Dims | None, bool]:
    """Make ``strong`` more precise by ``weak``.

    Returns:
        The dimensions (those of ``strong`` where the two contradict each other), and whether they
        agree.
    """
    if strong is None or weak is None or strong is weak:
        return (weak if strong is None else strong), True
    if len(strong) != len(weak):
        return strong, False
    merged: list[int | ir.SymbolicDim] = []
    for a, b in zip(strong, weak, strict=True):
        if isinstance(a, int):
            if isinstance(b, int) and a != b:
                return strong, False
            merged.append(a)
        else:
            merged.append(b if isinstance(b, int) or a.value is None else a)
    return tuple(merged), True


def _write(ctx: PassContext, value: ir.Value, typing: Typing, shapes: dict[Dims, ir.Shape]) -> None:
    """Write down what is known of ``value``; equal shapes are shared, and frozen."""
    type_, shape, dims = value.type, value.shape, typing.dims
    if type_ is None or type_.dtype == ir.DataType.UNDEFINED:
        type_ = typing.type
        if type(type_) is ir.TensorType:
            type_ = ir.TensorType(type_.dtype)
    elif dims is None or (shape is not None and shape.dims == dims):
        return
    new = shape
    if dims is not None and shape is None:
        new = shapes.get(dims)
        if new is None:
            new = shapes[dims] = ir.Shape(dims, frozen=True)
    elif dims is not None and shape is not None and shape.dims != dims:
        denotations = [shape.get_denotation(i) for i in range(len(dims))]
        new = ir.Shape(dims, denotations)
    ctx.edit.annotate(value, type_, new)


def _text(typing: Typing) -> str:
    dims = "" if typing.dims is None else ", ".join(str(dim) for dim in typing.dims)
    return f"{typing.type}[{dims}]"
