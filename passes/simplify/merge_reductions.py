"""Merge-reductions: a reduction keeps its dimensions, or not, as the next node wants it.

    Unsqueeze(ReduceSum(x, axes=[1], keepdims=0), [1])      ReduceSum(x, axes=[1], keepdims=1)
    Squeeze(ReduceSum(x, axes=[1], keepdims=1), [1])        ReduceSum(x, axes=[1], keepdims=0)

Numerics: exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset
from .substitution import substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    from .known import Known

_REDUCTIONS = frozenset(
    {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"}
    | {"ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}
)
_KEPT_BEFORE = {"Squeeze": 1, "Unsqueeze": 0}
"""What ``keepdims`` of the reduction must be for the operator after it to undo."""


@dataclass(frozen=True)
class MergeReductions(Pass):
    """Merge a reduction with the Squeeze or Unsqueeze of the same axes after it."""

    name = "merge-reductions"
    requires = ("sorted", "names-unique")
    touches = ops("Squeeze", "Unsqueeze")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once."""
        from .known import Known

        known = Known(model, ctx)
        for graph, known.opset in graphs_with_opset(model):
            for node in graph:
                if node.op_type in _KEPT_BEFORE and not node.domain:
                    _merge(node, known, ctx)


def _merge(node: ir.Node, known: Known, ctx: PassContext) -> None:
    import onnx_ir as ir

    from .known import int_attribute

    middle, result = node.inputs[0], node.outputs[0]
    first = None if middle is None else middle.producer()
    if middle is None or first is None or first.op_type not in _REDUCTIONS or first.domain:
        return
    if len(middle._uses) > 1 or middle.is_graph_output() or first.graph is not node.graph:
        return
    if node.device_configurations or first.device_configurations:
        return
    kept = int_attribute(first, "keepdims", 1)
    reduced, changed = _axes(first, known), _axes(node, known)
    if kept != _KEPT_BEFORE[node.op_type] or reduced is None or changed is None:
        return
    if not reduced or not _same_axes(reduced, changed, known.dims(first.inputs[0])):
        return
    if ctx.edit.can_replace(result, middle) and ctx.action(node, "merge"):
        ctx.edit.set_attribute(first, ir.AttrInt64("keepdims", 1 - kept))
        ctx.edit.set_shape(middle, result.shape)
        substitute(ctx.edit, result, middle)
        ctx.edit.remove(node)


def _axes(node: ir.Node, known: Known) -> list[int] | None:
    from .known import input_at, ints_attribute

    return ints_attribute(node, "axes") or known.ints(input_at(node, 1))


def _same_axes(a: list[int], b: list[int], shape: tuple[object, ...] | None) -> bool:
    """Tell whether both name the same axes of a tensor, the one with all dimensions."""
    if shape is not None:
        a, b = ([axis % len(shape) for axis in axes] for axes in (a, b))
    return sorted(a) == sorted(b)
