"""Eliminate-no-ops: nodes that provably give back their input, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset
from .substitution import bypass

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class EliminateNoOps(Pass):
    """Replace the result of a node that changes nothing by its input.

    Among them are Dropout in inference, Cast to the same type, Reshape and Expand to the same
    shape, Transpose into the same order, Slice of everything, Pad by nothing, Concat and Sum of one
    input, and arithmetic with a neutral element where no bit can change (``x + 0.0`` stays: it
    makes 0.0 of -0.0). Shapes and attributes are read as the opset of the model defines them.
    """

    name = "eliminate-no-ops"
    requires = ("sorted", "names-unique")
    touches = ops(
        "Add", "And", "Cast", "CastLike", "Concat", "Div", "Dropout", "Expand", "Flatten", "Max",
        "Mean", "Min", "Mul", "Or", "Pad", "Pow", "Reshape", "Slice", "Squeeze", "Sub", "Sum",
        "Tile", "Transpose", "Unsqueeze",
    )  # fmt: skip
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Ask the rule of each node's operator for the input that it gives back."""
        from .known import Known
        from .no_op_rules import RULES

        known = Known(model, ctx)
        for graph, known.opset in graphs_with_opset(model):
            for node in graph:
                rule = RULES.get(node.op_type)
                if rule is None or node.domain or node.op_identifier() in model.functions:
                    continue
                source = rule(node, known)
                if source is not None:
                    bypass(node, source, ctx)
