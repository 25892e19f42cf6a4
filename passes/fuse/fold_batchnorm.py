"""Fold-batchnorm: ``BatchNormalization(Conv(x, w, b)) -> Conv(x, w', b')``.

With s = scale / sqrt(variance + epsilon), for each channel: w' = w s and b' = (b - mean) s + shift.

1. The BatchNormalization is in inference mode and follows on a Conv, ConvTranspose or Gemm whose
   result nothing else uses.
2. All weights are constants.

Numerics: computed in double precision and rounded once; sums are then taken in another order.
References: Jacob et al., 2018 (arXiv:1712.05877), section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Approximate, Pass, PassContext, ops

from ..simplify.opset import graphs_with_opset
from ..simplify.substitution import obstacle, substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..simplify.known import Known


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """Fold a BatchNormalization into the Conv, ConvTranspose or Gemm before it.

    Jacob et al., 2018 (arXiv:1712.05877), section 3.2: the weights are multiplied by
    scale / sqrt(variance + epsilon) for each output channel.
    """

    name = "fold-batchnorm"
    requires = ("sorted", "names-unique")
    touches = ops("BatchNormalization")
    effect = Approximate(rtol=1e-4)
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once."""
        from ..simplify.known import Known

        known = Known(model, ctx)
        for container, known.opset in graphs_with_opset(model):
            for node in container:
                if node.op_type == "BatchNormalization" and not node.domain:
                    reason = _fold(container, node, known, ctx)
                    if reason is not None:
                        ctx.remark("not-folded", reason, node=node)


def _fold(
    container: ir.Graph | ir.Function, node: ir.Node, known: Known, ctx: PassContext
) -> str | None:
    """Fold ``node``, or return why not."""
    import numpy as np

    from .linear import linear, rescale

    if not _is_inference(node, known):
        return "it is in training mode"
    source, result = node.inputs[0], node.outputs[0]
    found = linear(source.producer() if source is not None else None, known)
    if isinstance(found, str):
        return found
    if source is None or len(source._uses) > 1 or source.is_graph_output():
        return f"the result of the {found.node.op_type} before it is used elsewhere"
    if found.node.graph is not node.graph:
        return f"the {found.node.op_type} before it is in another graph"
    if not ctx.edit.can_replace(result, source):
        return obstacle(result, source)
    arrays = [known.array(value) for value in node.inputs[1:5]]
    scale, shift, mean, variance = (
        None if array is None else array.astype(np.float64) for array in arrays
    )
    if scale is None or shift is None or mean is None or variance is None:
        return "its own weights are no constants"
    if any(array.shape != (found.channels,) for array in (scale, shift, mean, variance)):
        return "its own weights are not one number for each channel"
    epsilon = node.attributes["epsilon"].as_float() if "epsilon" in node.attributes else 1e-5
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + epsilon)
    if not np.isfinite(factor).all():
        return "the folded weights would not be finite"
    if not ctx.action(node, "fold"):
        return None
    reason = rescale(found, factor, shift - mean * factor, container, ctx.edit)
    if reason is None:
        substitute(ctx.edit, result, source)
        ctx.edit.remove(node)
    return reason


def _is_inference(node: ir.Node, known: Known) -> bool:
    from ..simplify.known import int_attribute

    if any(value._uses or value.is_graph_output() for value in node.outputs[1:]):
        return False
    if known.opset >= 14:
        return int_attribute(node, "training_mode", 0) == 0
    if len(node.outputs) > 1 or any(attribute.is_ref() for attribute in node.attributes.values()):
        return False
    if known.opset < 9 and int_attribute(node, "spatial", 1) != 1:
        return False
    return known.opset >= 7 or bool(int_attribute(node, "is_test", 0))
