"""Rules for the dimensions that convolutions, pooling, products and resizing make.

They say what ONNX's inference says too, of sizes that are expressions, and in a tenth of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from .constants import constant_tensor
from .evaluate import LONGEST_NAME
from .expressions import Number, add, exact_quotient, multiply, opaque, subtract
from .size_bounds import broadcast_sizes, elementwise_sizes, slice_sizes
from .symbolic_access import dims_of, input_at, int_of, ints_of, keep_dtype, numbers_or_attribute
from .symbolic_elementwise import NARY
from .symbolic_rules import RULES, Rule

if TYPE_CHECKING:
    from .symbolic_shapes import Walk


def _text(node: ir.Node, name: str, default: str) -> str:
    attribute = node.attributes.get(name)
    return default if attribute is None else str(attribute.as_string())


def divided(walk: Walk, number: Number, divisor: int) -> Number:
    """Return ``number``, which is not negative, divided by ``divisor`` and rounded down."""
    if isinstance(number, int):
        return number // divisor
    exact = exact_quotient(number, divisor)
    if exact is not None:
        return exact
    # Every division puts the one before into its name.
    return opaque("div", number, divisor) if len(str(number)) < LONGEST_NAME // 2 else walk.fresh()


def _windows(
    walk: Walk, node: ir.Node, dims: tuple[Number, ...], kernel: list[int]
) -> list[Number] | None:
    """Return how many positions windows of ``kernel`` have along each of ``dims``."""
    rank = len(dims)
    strides = ints_of(walk, node, "strides", len(node.inputs)) or [1] * rank
    dilations = ints_of(walk, node, "dilations", len(node.inputs)) or [1] * rank
    pads = ints_of(walk, node, "pads", len(node.inputs)) or [0] * 2 * rank
    mode = _text(node, "auto_pad", "NOTSET")
    if not len(kernel) == len(strides) == len(dilations) == rank or len(pads) != 2 * rank:
        return None
    if mode == "VALID":
        pads = [0] * 2 * rank
    found: list[Number] = []
    for i, dim in enumerate(dims):
        if mode.startswith("SAME"):
            found.append(divided(walk, add(dim, strides[i] - 1), strides[i]))
            continue
        span = dilations[i] * (kernel[i] - 1) + 1
        room = add(dim, pads[i] + pads[rank + i] - span)
        if isinstance(room, int) and room < 0:
            return None
        found.append(add(divided(walk, room, strides[i]), 1))
    return found


def conv_at(weight: int) -> Rule:
    """Return the rule of a convolution whose weight is the input ``weight``."""

    def conv(walk: Walk, node: ir.Node) -> bool:
        dims, kernel = dims_of(walk, node), dims_of(walk, node, weight)
        if dims is None or kernel is None or len(dims) != len(kernel) or len(dims) < 3:
            return False
        sizes = [size for size in kernel[2:] if isinstance(size, int)]
        if len(sizes) < len(kernel) - 2:
            return False
        found = _windows(walk, node, dims[2:], sizes)
        if found is None:
            return False
        if node.op_type == "Conv":
            keep_dtype(walk, node)
        elif node.op_type == "ConvInteger":
            walk.dtypes[node.outputs[0]] = ir.DataType.INT32
        else:
            _dtype_of_input(walk, node, 7, None)
        return walk.set_dims(node.outputs[0], [dims[0], kernel[0], *found])

    return conv


def _pool(walk: Walk, node: ir.Node) -> bool:
    dims, kernel = dims_of(walk, node), ints_of(walk, node, "kernel_shape", len(node.inputs))
    # How the last window is counted that begins in the padding depends on the version.
    if dims is None or kernel is None or int_of(node, "ceil_mode", 0) or len(node.outputs) > 1:
        return False
    found = _windows(walk, node, dims[2:], kernel)
    keep_dtype(walk, node)
    return found is not None and walk.set_dims(node.outputs[0], [*dims[:2], *found])


def _global_pool(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    keep_dtype(walk, node)
    return dims is not None and walk.set_dims(
        node.outputs[0], [*dims[:2], *([1] * (len(dims) - 2))]
    )


def _conv_transpose(walk: Walk, node: ir.Node) -> bool:
    dims, kernel = dims_of(walk, node), dims_of(walk, node, 1)
    if dims is None or kernel is None or len(dims) != len(kernel) or len(dims) < 3:
        return False
    absent, rank = len(node.inputs), len(dims) - 2
    mode = _text(node, "auto_pad", "NOTSET")
    if "output_shape" in node.attributes or mode.startswith("SAME"):
        return False
    strides = ints_of(walk, node, "strides", absent) or [1] * rank
    dilations = ints_of(walk, node, "dilations", absent) or [1] * rank
    extra = ints_of(walk, node, "output_padding", absent) or [0] * rank
    pads = ints_of(walk, node, "pads", absent) or [0] * 2 * rank
    found: list[Number] = []
    for i in range(rank):
        size = kernel[2 + i]
        if not isinstance(size, int):
            return False
        cut = 0 if mode == "VALID" else pads[i] + pads[rank + i]
        span = dilations[i] * (size - 1) + 1
        grown = multiply(subtract(dims[2 + i], 1), strides[i])
        found.append(add(grown, extra[i] + span - cut))
    keep_dtype(walk, node)
    channels = multiply(kernel[1], int_of(node, "group", 1))
    return walk.set_dims(node.outputs[0], [dims[0], channels, *found])


def matmul_at(right: int) -> Rule:
    """Return the rule of a product of the first input and the input ``right``."""

    def matmul(walk: Walk, node: ir.Node) -> bool:
        a, b = dims_of(walk, node), dims_of(walk, node, right)
        if not a or not b:
            return False
        rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
        if node.op_type == "MatMul":
            keep_dtype(walk, node)
        elif node.op_type == "MatMulInteger":
            walk.dtypes[node.outputs[0]] = ir.DataType.INT32
        else:
            _dtype_of_input(walk, node, 7, None)
        batch = broadcast_sizes(walk, a[:-2], b[:-2])
        return walk.set_dims(node.outputs[0], [*batch, *rows, *columns])

    return matmul


def _gemm(walk: Walk, node: ir.Node) -> bool:
    a, b = dims_of(walk, node), dims_of(walk, node, 1)
    if a is None or b is None or len(a) != 2 or len(b) != 2:
        return False
    rows, columns = a[int_of(node, "transA", 0)], b[1 - int_of(node, "transB", 0)]
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], [rows, columns])


def _normalization(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    if dims is None or sum(bool(value.name) for value in node.outputs) > 1:
        return False
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], dims)


def _dtype_of_input(walk: Walk, node: ir.Node, index: int, default: ir.DataType | None) -> None:
    value = input_at(node, index)
    dtype = default if value is None else walk.dtypes.get(value)
    if dtype is not None:
        walk.dtypes.setdefault(node.outputs[0], dtype)


def _quantize(walk: Walk, node: ir.Node) -> bool:
    dims, given = dims_of(walk, node), int_of(node, "output_dtype", 0)
    if given:
        walk.dtypes.setdefault(node.outputs[0], ir.DataType(given))
    _dtype_of_input(walk, node, 2, ir.DataType.UINT8)
    return dims is not None and walk.set_dims(node.outputs[0], dims)


def _dequantize(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    _dtype_of_input(walk, node, 1, None)
    return dims is not None and walk.set_dims(node.outputs[0], dims)


def _pad(walk: Walk, node: ir.Node) -> bool:
    dims, pads = dims_of(walk, node), numbers_or_attribute(walk, node, "pads", 1)
    if dims is None or pads is None or len(pads) != 2 * len(dims) or input_at(node, 3) is not None:
        return False
    keep_dtype(walk, node)
    sums = [add(d, add(a, b)) for d, a, b in zip(dims, pads, pads[len(dims) :], strict=False)]
    return walk.set_dims(node.outputs[0], sums)


def _resize(walk: Walk, node: ir.Node) -> bool:
    """Follow Resize and Upsample by constant scales or by sizes."""
    dims = dims_of(walk, node)
    keep_dtype(walk, node)
    sizes = None if node.op_type == "Upsample" else numbers_or_attribute(walk, node, "sizes", 3)
    odd = "axes" in node.attributes or "keep_aspect_ratio_policy" in node.attributes
    if sizes is not None and not odd:
        return walk.set_dims(node.outputs[0], sizes)
    scales = _scales(node, 2 if len(node.inputs) > 2 else 1)
    if dims is None or scales is None or odd or len(scales) != len(dims):
        return False
    return walk.set_dims(
        node.outputs[0], [_scaled(walk, d, s) for d, s in zip(dims, scales, strict=True)]
    )


def _scales(node: ir.Node, index: int) -> list[float] | None:
    attribute = node.attributes.get("scales")
    if attribute is not None:
        return list(attribute.as_floats())
    value = input_at(node, index)
    if value is None:
        return None
    producer = value.producer()
    tensor = value.const_value if producer is None else constant_tensor(producer)
    if tensor is None or not 0 < tensor.size <= 16:
        return None
    return np.asarray(tensor.numpy(), np.float64).reshape(-1).tolist()


def _scaled(walk: Walk, dim: Number, scale: float) -> Number:
    if isinstance(dim, int):
        return int(np.floor(dim * scale))
    if scale == int(scale):
        return multiply(dim, int(scale))
    inverse = round(1 / scale) if scale > 0 else 0
    return divided(walk, dim, inverse) if inverse and 1 / inverse == scale else walk.fresh()


SIZE_RULES: dict[str, Rule] = {
    **RULES,
    **dict.fromkeys(NARY.split(), elementwise_sizes),
    **dict.fromkeys(
        [
            "BatchNormalization",
            "Dropout",
            "GroupNormalization",
            "InstanceNormalization",
            "LRN",
            "LayerNormalization",
            "LpNormalization",
            "MeanVarianceNormalization",
            "RMSNormalization",
        ],
        _normalization,
    ),
    **dict.fromkeys(["AveragePool", "LpPool", "MaxPool"], _pool),
    **dict.fromkeys(["GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"], _global_pool),
    "Conv": conv_at(1),
    "ConvInteger": conv_at(1),
    "ConvTranspose": _conv_transpose,
    "DequantizeLinear": _dequantize,
    "Gemm": _gemm,
    "MatMul": matmul_at(1),
    "MatMulInteger": matmul_at(1),
    "Pad": _pad,
    "QLinearConv": conv_at(3),
    "QLinearMatMul": matmul_at(3),
    "QuantizeLinear": _quantize,
    "Resize": _resize,
    "Slice": slice_sizes,
    "Upsample": _resize,
}
"""The rules of `symbolic-shapes` and those of this file, by operator of the default domain."""
