"""Merge-transposes: ``Transpose(Transpose(x))`` is one Transpose, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .substitution import substitute

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class MergeTransposes(Pass):
    """Merge Transposes that follow on each other into one, or none."""

    name = "merge-transposes"
    requires = ("names-unique",)
    touches = ops("Transpose")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Let each Transpose read what the first of its chain reads."""
        for graph in ctx.graphs(model):
            for node in graph:
                if node.op_type == "Transpose" and not node.domain:
                    _merge(node, ctx)


def _merge(node: ir.Node, ctx: PassContext) -> None:
    import onnx_ir as ir

    from .known import ints_attribute

    middle = node.inputs[0]
    first = None if middle is None else middle.producer()
    if middle is None or first is None or first.op_type != "Transpose" or first.domain:
        return
    source = first.inputs[0]
    inner, outer = ints_attribute(first, "perm"), ints_attribute(node, "perm")
    if source is None or inner is None or outer is None or len(inner) != len(outer):
        return
    if node.device_configurations or first.device_configurations:
        return
    perm = [inner[axis] for axis in outer]
    if perm == list(range(len(perm))):
        if not ctx.edit.can_replace(node.outputs[0], source):
            return
        if not ctx.action(node, "cancel"):
            return
        substitute(ctx.edit, node.outputs[0], source)
        ctx.edit.remove(node)
    elif len(middle._uses) > 1 or middle.is_graph_output() or first.graph is not node.graph:
        return  # the first one would stay, and nothing be gained
    elif ctx.action(node, "merge"):
        ctx.edit.set_attribute(node, ir.AttrInt64s("perm", perm))
        ctx.edit.replace_input(node, 0, source)
    else:
        return
    if not middle._uses and not middle.is_graph_output():
        ctx.edit.remove(first)
