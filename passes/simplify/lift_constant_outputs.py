"""Lift-constant-outputs: an output that is a constant becomes an initializer of its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

if TYPE_CHECKING:
    import onnx_ir as ir

    from .known import Known

_COPIED_BYTES = 1024
"""Above this size, a constant stays where it is rather than be there twice."""


@dataclass(frozen=True)
class LiftConstantOutputs(Pass):
    """Let outputs that are constants be initializers, without a node that makes them.

    A Constant, or an Identity of a small constant, goes where its result is an output of a graph.
    Before IR version 4, where all initializers are inputs, and in functions it stays.
    """

    name = "lift-constant-outputs"
    touches = ops("Constant", "Identity")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Look at the outputs of every graph."""
        import onnx_ir as ir

        from .known import Known

        if model.ir_version < 4:
            return
        known = Known(model, ctx)
        for graph in ctx.graphs(model):
            if isinstance(graph, ir.Graph):
                for index, value in enumerate(graph.outputs):
                    if [output is value for output in graph.outputs].count(True) == 1:
                        _lift(graph, index, value, known, ctx)


def _lift(graph: ir.Graph, index: int, value: ir.Value, known: Known, ctx: PassContext) -> None:
    node = value.producer()
    if node is None or node.domain or node.graph is not graph:
        return
    if node.op_type == "Identity":
        tensor = known.tensor(node.inputs[0])
        if tensor is not None and tensor.nbytes > _COPIED_BYTES:
            return
    elif node.op_type == "Constant":
        tensor = known.tensor(value)
    else:
        return
    if tensor is None or not ctx.action(node, "lift"):
        return
    edit, name = ctx.edit, value.name or ""
    edit.rename(value, edit.unique_name(f"{name}_lifted"))
    lifted = edit.add_initializer(graph, tensor, name)
    edit.rename(lifted, name)  # functions may have the same one for a value of theirs
    edit.set_type(lifted, value.type)
    edit.set_shape(lifted, value.shape)
    edit.set_doc(lifted, value.doc_string)
    for key, text in value.metadata_props.items():
        edit.set_metadata(lifted, key, text)
    edit.set_output(graph, index, lifted)
    edit.replace_uses(value, lifted)
    edit.remove(node)
