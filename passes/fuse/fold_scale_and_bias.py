"""Fold-scale-and-bias: ``Add(Conv(x, w), c) -> Conv(x, w, c)``, and so with Mul, Sub and Div.

1. The other operand is a constant with one number for each channel, or one for all.
2. The result of the Conv, ConvTranspose or Gemm is used by nothing else; its weights are constants.

Numerics: computed in double precision and rounded once; sums are then taken in another order.
References: Jacob et al., 2018 (arXiv:1712.05877), section 3.2, for any scale and shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from passmgr.core.contract import Approximate, Pass, PassContext, ops

from ..simplify.opset import graphs_with_opset
from ..simplify.substitution import substitute

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

    from ..simplify.known import Known

_ARITHMETIC = frozenset({"Add", "Div", "Mul", "Sub"})
_FIRST_OPSET = 7
"""Before it, operands were broadcast in another way."""


@dataclass(frozen=True)
class FoldScaleAndBias(Pass):
    """Fold arithmetic with a constant per channel into the weights before it.

    Linear operators: (w x + b) s + t = (w s) x + (b s + t); as for batch normalization in
    Jacob et al., 2018 (arXiv:1712.05877), section 3.2.
    """

    name = "fold-scale-and-bias"
    requires = ("sorted", "names-unique")
    touches = ops("Conv", "ConvTranspose", "Gemm")
    effect = Approximate(rtol=1e-4)
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once; what follows on a folded node is folded after it."""
        from ..simplify.known import Known

        known = Known(model, ctx)
        for container, known.opset in graphs_with_opset(model):
            if known.opset < _FIRST_OPSET:
                continue
            for node in container:
                if node.op_type in _ARITHMETIC and not node.domain and len(node.inputs) == 2:
                    _fold(container, node, known, ctx)


def _fold(container: ir.Graph | ir.Function, node: ir.Node, known: Known, ctx: PassContext) -> None:
    from .linear import LINEAR, linear, per_channel, rescale

    result = node.outputs[0]
    sides = (0,) if node.op_type in ("Div", "Sub") else (0, 1)
    for side in sides:
        source, other = node.inputs[side], node.inputs[1 - side]
        producer = None if source is None else source.producer()
        if source is None or producer is None or producer.op_type not in LINEAR:
            continue
        array = known.array(other)
        if array is None:
            continue
        found = linear(producer, known)
        if isinstance(found, str):
            ctx.remark("not-folded", found, node=node)
            continue
        if len(source._uses) > 1 or source.is_graph_output() or producer.graph is not node.graph:
            continue
        operand = per_channel(array, found)
        if operand is None or not ctx.edit.can_replace(result, source):
            continue
        scale, shift = _affine(node.op_type, operand)
        if not ctx.action(node, "fold"):
            return
        reason = rescale(found, scale, shift, container, ctx.edit)
        if reason is None:
            substitute(ctx.edit, result, source)
            ctx.edit.remove(node)
        else:
            ctx.remark("not-folded", reason, node=node)
        return


def _affine(
    op_type: str, operand: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return scale and shift of the operation."""
    import numpy as np

    one, zero = np.ones_like(operand), np.zeros_like(operand)
    if op_type == "Add":
        return one, operand
    if op_type == "Sub":
        return one, -operand
    with np.errstate(all="ignore"):
        return (operand if op_type == "Mul" else one / operand), zero
