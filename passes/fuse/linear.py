"""Linear operators with constant weights, and what a scale and a shift per channel make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from ..simplify.known import Known, input_at, int_attribute
from ..simplify.new_constants import add_constant

if TYPE_CHECKING:
    from passmgr.core.ir.editor import Editor

    Array = np.ndarray[Any, Any]

LINEAR = frozenset({"Conv", "ConvTranspose", "Gemm"})
_FLOATS = frozenset([ir.DataType.DOUBLE, ir.DataType.FLOAT, ir.DataType.FLOAT16])


@dataclass(frozen=True)
class Linear:
    """A Conv, ConvTranspose or Gemm whose weights are known.

    Args:
        node: The node.
        weight: Its weights.
        bias: One number for each channel of the output; ``None`` where there is no bias.
        channels: The number of channels of the output.
        rank: The rank of the output; its dimension 1 are the channels.
        axis: The axis of the weights (:meth:`grouped` for a ConvTranspose) that runs over them.
    """

    node: ir.Node
    weight: Array
    bias: Array | None
    channels: int
    rank: int
    axis: int


def linear(node: ir.Node | None, known: Known) -> Linear | str:
    """Look at ``node`` as a linear operator, or say why it cannot be changed."""
    if node is None or node.op_type not in LINEAR or node.domain:
        return "it follows on no Conv, ConvTranspose or Gemm"
    if node.device_configurations:
        return f"the {node.op_type} before it is placed on devices"
    tensor = known.tensor(input_at(node, 1))
    if tensor is None:
        return f"the weights of the {node.op_type} before it are no constant"
    if tensor.dtype not in _FLOATS:
        return f"the weights of the {node.op_type} before it are of type {tensor.dtype}"
    if node.op_type == "Gemm" and known.opset < 7:
        return "before opset 7 a Gemm does not broadcast its bias"
    if any(attribute.is_ref() for attribute in node.attributes.values()):
        return f"the {node.op_type} before it has attributes that a caller sets"
    shape = tensor.shape.numpy()
    group = int_attribute(node, "group", 1) or 1
    if node.op_type == "Gemm":
        axis = 0 if int_attribute(node, "transB", 0) else 1
        channels, rank = shape[axis], 2
    elif node.op_type == "Conv":
        axis, channels, rank = 0, shape[0], len(shape)
    else:
        axis, channels, rank = 2, shape[1] * group, len(shape)
    bias = _bias(node, channels, known)
    if isinstance(bias, str):
        return bias
    return Linear(node, tensor.numpy(), bias, channels, rank, axis)


def _bias(node: ir.Node, channels: int, known: Known) -> Array | str | None:
    value = input_at(node, 2)
    if value is None:
        return None
    array = known.array(value)
    if array is None:
        return f"the bias of the {node.op_type} before it is no constant"
    if array.size not in (1, channels) or array.shape[-1:] not in ((), (array.size,)):
        return f"the bias of the {node.op_type} before it is not one number for each channel"
    return np.broadcast_to(array.reshape(-1), (channels,))


def per_channel(array: Array, found: Linear) -> Array | None:
    """Return a constant operand as one number for each channel, ``None`` if it is not that."""
    if array.ndim > found.rank:
        return None
    shape = (1,) * (found.rank - array.ndim) + array.shape
    if any(size != 1 for axis, size in enumerate(shape) if axis != 1):
        return None
    if shape[1] not in (1, found.channels):
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (found.channels,))


def rescale(
    found: Linear, scale: Array, shift: Array, container: ir.Graph | ir.Function, edit: Editor
) -> str | None:
    """Let ``found`` give its result times ``scale`` plus ``shift``, both of one number a channel.

    Computed in double precision and rounded once.

    Returns:
        Why not, where a number would be infinite or undefined.
    """
    node, dtype = found.node, found.weight.dtype
    beta = node.attributes["beta"].as_float() if "beta" in node.attributes else 1.0
    bias = np.zeros(found.channels) if found.bias is None else beta * found.bias.astype(np.float64)
    with np.errstate(all="ignore"):
        weight = _scaled(found, scale).astype(dtype)
        bias = (bias * scale + shift).astype(dtype)
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        return "the folded weights would not be finite"
    if not (scale == 1).all():
        _set_constant(found, 1, weight, container, edit)
    if len(node.inputs) < 3:
        edit.resize_inputs(node, 3)
    _set_constant(found, 2, bias, container, edit)
    if beta != 1.0:
        edit.set_attribute(node, ir.AttrFloat32("beta", 1.0))
    return None


def _scaled(found: Linear, scale: Array) -> Array:
    weight = found.weight.astype(np.float64)
    if found.node.op_type != "ConvTranspose":
        shape = [1] * weight.ndim
        shape[found.axis] = found.channels
        return weight * scale.reshape(shape)
    # [inputs, outputs / groups, ...]: the channels of one group after those of another.
    inputs, outputs, *kernel = weight.shape
    group = found.channels // outputs
    grouped = weight.reshape(group, inputs // group, outputs, *kernel)
    return (grouped * scale.reshape(group, 1, outputs, *[1] * len(kernel))).reshape(weight.shape)


def _set_constant(
    found: Linear, index: int, array: Array, container: ir.Graph | ir.Function, edit: Editor
) -> None:
    node = found.node
    old = node.inputs[index] if index < len(node.inputs) else None
    hint = (old.name if old is not None else None) or f"{node.outputs[0].name}_bias"
    array.setflags(write=False)
    edit.replace_input(
        node, index, add_constant(edit, container, node, ir.Tensor(array), f"{hint}_folded")
    )
