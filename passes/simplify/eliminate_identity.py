"""Eliminate-identity: ``Identity(x) -> x``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .substitution import substitute, why_not

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class EliminateIdentity(Pass):
    """Replace the result of every Identity by what it copies.

    An Identity stays where ONNX needs it to give a value a second name: between an input or an
    initializer and an output, between two outputs, and where a subgraph returns an outer value.
    """

    name = "eliminate-identity"
    requires = ("names-unique",)
    touches = ops("Identity")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once; later nodes see what earlier ones were replaced by."""
        for graph in ctx.graphs(model):
            for node in graph:
                if node.op_type == "Identity" and not node.domain:
                    _eliminate(node, ctx)


def _eliminate(node: ir.Node, ctx: PassContext) -> None:
    source, result = node.inputs[0], node.outputs[0]
    if source is None:
        return
    if node.device_configurations:
        ctx.remark("placed-on-devices", "this Identity may move data between devices", node=node)
    elif (why := why_not(ctx.edit, result, source)) is not None:
        ctx.remark(*why, node=node)
    elif ctx.action(node, "eliminate"):
        substitute(ctx.edit, result, source)
        ctx.edit.remove(node)
