"""Eliminate-zero-additions: ``x + 0.0 -> x``.

Of all numbers, only -0.0 is changed by the addition, to 0.0, which is equal to it. A division by it
would tell them apart; that is why these are not among the no-ops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Approximate, Pass, PassContext, ops

from .opset import graphs_with_opset
from .substitution import bypass

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class EliminateZeroAdditions(Pass):
    """Leave out additions and subtractions of zeros of either sign.

    IEEE 754-2019, section 6.3: of all numbers only the sign of a zero can come out differently.
    """

    name = "eliminate-zero-additions"
    requires = ("sorted", "names-unique")
    touches = ops("Add", "Sub")
    effect = Approximate(rtol=0.0)
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once."""
        from .known import Known
        from .no_op_rules import neutral_operand

        known = Known(model, ctx)
        for graph, known.opset in graphs_with_opset(model):
            for node in graph:
                if node.op_type not in ("Add", "Sub") or node.domain or len(node.inputs) != 2:
                    continue
                source = neutral_operand(node, known, 0, (1, 0) if node.op_type == "Add" else (1,))
                if source is not None:
                    bypass(node, source, ctx)
