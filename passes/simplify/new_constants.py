"""New constants: an initializer where a graph can hold one, else a Constant node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from passmgr.core.ir.editor import Editor


def add_constant(
    edit: Editor,
    container: ir.Graph | ir.Function,
    anchor: ir.Node,
    tensor: ir.TensorProtocol,
    name: str,
) -> ir.Value:
    """Return a new value that is ``tensor`` in every run.

    Args:
        edit: The editor of the transaction.
        container: The graph or function in which it is used.
        anchor: The first node that uses it.
        tensor: The data.
        name: What its name is derived from.
    """
    if isinstance(container, ir.Graph):
        return edit.add_initializer(container, tensor, name)
    attributes = [ir.AttrTensor("value", tensor)]
    node = edit.insert_node(anchor, "Constant", [], attributes, name=name)
    edit.set_type(node.outputs[0], ir.TensorType(tensor.dtype))
    edit.set_shape(node.outputs[0], ir.Shape(tensor.shape.numpy()))
    return node.outputs[0]
