"""New constants: an initializer where a graph can hold one, else a Constant node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from passmgr.core.ir.editor import Editor


def feed_scalars(edit: Editor, value: ir.Value, tensor: ir.TensorProtocol) -> None:
    """Let every Range that reads ``value``, which ``tensor`` takes the place of, read a scalar.

    Range asks for scalars. Runtimes take one element of another rank as long as they meet it when
    they run, and refuse to load the model where it is a constant.
    """
    ranges = [use for use in value._uses if use.node.op_type == "Range" and not use.node.domain]
    if not ranges or not len(tensor.shape) or tensor.size != 1:
        return
    scalar = ir.Tensor(tensor.numpy().reshape(()))
    for node, index in ranges:
        constant = edit.insert_node(
            node, "Constant", [], [ir.AttrTensor("value", scalar)], name=f"{value.name}_scalar"
        ).outputs[0]
        edit.set_type(constant, ir.TensorType(scalar.dtype))
        edit.set_shape(constant, ())
        edit.replace_input(node, index, constant)


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
