"""Eliminate-identity: ``Identity(x) -> x``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .substitution import bypass

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
                    source = node.inputs[0]
                    if source is not None:
                        bypass(node, source, ctx)
