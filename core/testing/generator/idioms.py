"""Idioms: what exporters write, and what passes look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from . import layers, movement, reductions
from .conversions import cast_to
from .elementwise import constant_like
from .kernels import form, takes
from .sizes import at, is_positive, is_product, product
from .table import idiom
from .values import FLOATS, INT64, NUMBERS, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


@idiom("repetition")
def repetition(b: Builder) -> None:
    """Write an earlier node once more: a common subexpression."""
    if not b.frame.history:
        raise UnfitError
    node, made = b.frame.history[-1 - b.integer(0, len(b.frame.history) - 1)]
    if node.domain or any(a.type == ir.AttributeType.GRAPH for a in node.attributes.values()):
        raise UnfitError
    if len(made) != len(node.outputs):
        raise UnfitError
    by_value = {id(val.value): val for val in b.frame.visible() + b.frame.visible_constants()}
    if not all(value is None or id(value) in by_value for value in node.inputs):
        raise UnfitError
    inputs = [None if value is None else by_value[id(value)] for value in node.inputs]
    results = [Result(val.dtype, val.dims, val.low, val.high) for val in made]
    b.emit(node.op_type, inputs, results, {a.name: a for a in node.attributes.values()})


@idiom("no-op", "Add", "Sub", "Mul", "Div", "Pow", "Transpose", "Cast", "Concat", "Pad", "Slice")
def no_op(b: Builder) -> Val:
    """A node that changes nothing."""
    x = b.pick(b.options.dtypes, lambda val: val.dtype in NUMBERS, ranks=(1, 4))
    ways = ["Add", "Mul", "Sub", "Div", "Transpose", "Concat", "Slice", "Reshape", "Expand"]
    op = b.choice([op for op in (*ways, "Cast", "Pad", "Tile") if takes(op, b.opset, x.dtype)])
    if op in ("Add", "Sub", "Mul", "Div"):
        number = constant_like(b, x, 0.0 if op in ("Add", "Sub") else 1.0)
        if op in ("Add", "Mul") and b.one_in(3):
            return b.node(op, [number, x], x)
        return b.node(op, [x, number], x)
    if op == "Transpose":
        return b.node(op, [x], x, perm=list(range(x.rank)))
    if op == "Concat":
        return b.node(op, [x], x, axis=0)
    if op == "Cast":
        return cast_to(b, x, x.dtype)
    if op == "Slice":
        most = np.iinfo(np.int64).max
        if b.opset < 10:
            return b.node(op, [x], x, starts=[0], ends=[int(most)])
        return b.node(op, [x, b.ints(0), b.ints(most)], x)
    if op == "Pad":
        if b.opset < 11:
            return b.node(op, [x], x, pads=[0] * 2 * x.rank)
        return b.node(op, [x, b.ints(*[0] * 2 * x.rank)], x)
    if op == "Tile":
        return b.node(op, [x, b.ints(*[1] * x.rank)], x)
    if op == "Expand":
        return b.node(op, [x, b.ints(*[1] * x.rank)], x)
    return b.node(op, [x, b.ints(*[0] * x.rank)], x)


@idiom("constant-subexpression", "Add", "Mul", "Sub", "Constant")
def constant_subexpression(b: Builder) -> Val:
    """An operator on constants, whose result is used."""
    x = b.pick(b.dtypes("Add", NUMBERS))
    dims = b.static(x.dims)[b.integer(0, x.rank) :]
    left, right = b.constant(b.array(dims, x.dtype)), b.constant(b.array((), x.dtype))
    op = b.choice(("Add", "Mul", "Sub"))
    folded = b.node(op, [left, right], x.dtype, dims, (-4.0, 4.0))
    if b.one_in(2):
        folded = b.node("Identity", [folded], folded)
    x = b.within(x, -100.0, 100.0) if x.is_float else x
    return b.node("Add", [x, folded], x, bounds=(x.low - 4, x.high + 4))


@idiom("squeeze-unsqueeze", "Squeeze", "Unsqueeze")
def there_and_back(b: Builder) -> Val:
    """A new axis that goes again, or a transposition and its inverse."""
    x = b.pick(b.options.dtypes, ranks=(1, 4))
    axis = b.integer(0, x.rank)
    dims = (*x.dims[:axis], 1, *x.dims[axis:])
    wider = movement.with_axes(b, "Unsqueeze", x, [axis], dims)
    return movement.with_axes(b, "Squeeze", wider, [axis], x.dims)


@idiom("transpose-pair", "Transpose")
def transpose_pair(b: Builder) -> Val:
    """Two transpositions, the second of which may take back the first."""
    x = b.pick(b.options.dtypes, ranks=(2, 4))
    perm = [*range(1, x.rank), 0]
    turned = b.node("Transpose", [x], x, tuple(x.dims[axis] for axis in perm), perm=perm)
    back = [x.rank - 1, *range(x.rank - 1)] if not b.one_in(2) else perm
    dims = tuple(turned.dims[axis] for axis in back)
    return b.node("Transpose", [turned], x, dims, perm=back)


@idiom("shape-arithmetic", "Shape", "Gather", "Concat", "Reshape", "Unsqueeze")
def shape_arithmetic(b: Builder) -> Val:
    """``reshape(x, [x.shape[0], -1])`` as exporters write it."""
    x = b.pick(b.options.dtypes, lambda val: is_positive(val.dims), ranks=(1, 4))
    if not all(map(is_product, x.dims[1:])):
        raise UnfitError
    most = float(at(x.dims[0], 512))
    shape = b.node("Shape", [x], INT64, (x.rank,), (1.0, 1e4))
    if b.one_in(2):
        index = b.constant(np.array(0, np.int64))
        size = b.node("Gather", [shape, index], INT64, (), (1.0, most), axis=0)
        first = movement.with_axes(b, "Unsqueeze", size, [0], (1,))
    elif b.opset >= 10:
        ends = [b.ints(0), b.ints(1), b.ints(0)]
        first = b.node("Slice", [shape, *ends], INT64, (1,), (1.0, most))
    else:
        first = b.node("Slice", [shape], INT64, (1,), (1.0, most), starts=[0], ends=[1], axes=[0])
    target = b.node("Concat", [first, b.ints(-1)], INT64, (2,), (-1.0, most), axis=0)
    return b.node("Reshape", [x, target], x, (x.dims[0], product(x.dims[1:])))


@idiom("expand-to-shape", "Shape", "Expand", "ConstantOfShape")
def expand_to_shape(b: Builder) -> Val:
    """A constant that gets the shape of a value, and what is computed with it."""
    x = b.pick(b.dtypes("Add", FLOATS))
    shape = b.node("Shape", [x], INT64, (x.rank,), (0.0, 1e4))
    if b.opset >= 9 and b.one_in(2):
        number = ir.Tensor(np.array([0.5], x.dtype.numpy()), dtype=x.dtype)
        full = b.node("ConstantOfShape", [shape], x, bounds=(0.5, 0.5), value=number)
    elif b.opset >= 8:
        full = b.node("Expand", [b.scalar(0.5, x.dtype), shape], x, bounds=(0.5, 0.5))
    else:
        raise UnfitError
    x = b.within(x, -100.0, 100.0)
    return b.node("Add", [x, full], x, bounds=(x.low + 0.5, x.high + 0.5))


@idiom("reshape-to-shape-of", "Shape", "Reshape", "Flatten")
def reshape_and_back(b: Builder) -> Val:
    """Flattened, and brought back into its shape."""
    x = b.pick(b.options.dtypes, lambda val: is_positive(val.dims), ranks=(1, 4))
    if not all(map(is_product, x.dims)):
        raise UnfitError
    flat = b.node("Reshape", [x, b.ints(-1)], x, (product(x.dims),))
    if takes("Relu", b.opset, x.dtype) and b.one_in(2):
        flat = b.node("Relu", [flat], flat, bounds=(max(flat.low, 0.0), max(flat.high, 0.0)))
    shape = b.node("Shape", [x], INT64, (x.rank,), (1.0, 1e4))
    return b.node("Reshape", [flat, shape], flat, x.dims)


@idiom("reshape-chain", "Reshape")
def reshape_chain(b: Builder) -> Val:
    """Two reshapes, one after the other."""
    x = b.pick(b.options.dtypes, lambda val: is_positive(val.dims), ranks=(1, 4))
    if not all(map(is_product, x.dims)):
        raise UnfitError
    flat = movement.reshaped(b, x, (product(x.dims),))
    return movement.reshaped(b, flat, (*flat.dims, 1) if b.one_in(2) else (1, *flat.dims))


@idiom("concat-chain", "Concat")
def concat_chain(b: Builder) -> Val:
    """A Concat of a Concat."""
    x = b.pick(b.options.dtypes, lambda val: isinstance(val.dims[0], int), ranks=(1, 3))
    size = x.dims[0]
    assert isinstance(size, int)
    inner = b.node("Concat", [x, x], x, (2 * size, *x.dims[1:]), axis=0)
    parts = [inner, x] if b.one_in(2) else [x, inner]
    return b.node("Concat", parts, x, (3 * size, *x.dims[1:]), axis=0)


@idiom("scale-and-shift", "Conv", "ConvTranspose", "Gemm", "Mul", "Add", "BatchNormalization")
def scale_and_shift(b: Builder) -> Val:
    """A layer, then a factor and a summand for each channel, or a BatchNormalization."""
    kind = b.choice(("Conv", "Gemm", "ConvTranspose"))
    if kind == "Gemm":
        y = reductions.gemm(b, kind)
    else:
        y = layers.conv(b, kind) if kind == "Conv" else layers.conv_transpose(b, kind)
    channels = y.dims[1]
    assert isinstance(channels, int)
    if kind != "Gemm" and b.one_in(2):
        ranges = ((0.5, 1.5), (-1.0, 1.0), (-1.0, 1.0), (0.5, 2.0))
        inputs = [b.constant(b.array((channels,), y.dtype, *ends)) for ends in ranges]
        bound = (y.bound + 1) * 2.2 + 1
        if not takes("BatchNormalization", b.opset, y.dtype):
            raise UnfitError
        return b.node("BatchNormalization", [y, *inputs], y, bounds=(-bound, bound))
    dims = (channels,) if kind == "Gemm" else (channels, 1, 1)
    dims = b.choice((dims, (1, *dims), ()))
    factor = b.constant(b.array(dims, y.dtype, 0.5, 1.5))
    y = b.node("Mul", [y, factor], y, bounds=(-2 * y.bound, 2 * y.bound))
    summand = b.constant(b.array(dims, y.dtype))
    return b.node("Add", [y, summand], y, bounds=(y.low - 2, y.high + 2))


@idiom("constant-operands", "Add", "Mul")
def constant_operands(b: Builder) -> Val:
    """``(x * a) * c`` or ``(x + a) + c``."""
    x = b.pick(b.dtypes("Mul", NUMBERS))
    x = b.within(x, -8.0, 8.0) if x.is_float else x
    op = b.choice(("Add", "Mul"))
    for _ in range(2):
        c = b.constant(b.array(b.static(x.dims)[b.integer(0, x.rank) :], x.dtype))
        low, high = (x.low - 2, x.high + 2) if op == "Add" else (-2 * x.bound, 2 * x.bound)
        x = b.node(op, [c, x] if b.one_in(4) else [x, c], x, bounds=(low, high))
    return x


@idiom("reductions", "ReduceMax", "ReduceMin", "ReduceSum")
def reductions_in_a_row(b: Builder) -> Val:
    """Two reductions of a kind along different axes."""
    kind = b.choice(("ReduceMax", "ReduceSum", "ReduceMean"))
    x = b.pick(b.dtypes(kind, FLOATS), lambda val: is_positive(val.dims), ranks=(2, 4))
    x = b.within(x, -2.0, 2.0)
    for axis in (x.rank - 1, b.integer(0, x.rank - 2)):
        dims = (*x.dims[:axis], 1, *x.dims[axis + 1 :])
        most = x.bound * at(x.dims[axis], 64) if kind == "ReduceSum" else x.bound
        if b.opset < (13 if kind == "ReduceSum" else 18):
            x = b.node(kind, [x], x, dims, (-most, most), axes=[axis])
        else:
            x = b.node(kind, [x, b.ints(axis)], x, dims, (-most, most))
    return x


@idiom("attention", "MatMul", "Softmax", "Transpose")
def attention(b: Builder) -> Val:
    """``softmax(x @ x.T * s) @ x``."""
    x = b.pick(b.dtypes("MatMul", FLOATS), lambda val: is_positive(val.dims), ranks=(2, 4))
    if not takes("Softmax", b.opset, x.dtype):
        raise UnfitError
    x = b.within(x, -1.0, 1.0)
    perm = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
    turned = b.node("Transpose", [x], x, (*x.dims[:-2], x.dims[-1], x.dims[-2]), perm=perm)
    square = (*x.dims[:-1], x.dims[-2])
    most = float(at(x.dims[-1], 64))
    scores = b.node("MatMul", [x, turned], x, square, (-most, most))
    scores = b.node("Mul", [scores, b.scalar(0.125, x.dtype)], scores)
    weights = b.node("Softmax", [scores], scores, bounds=(0.0, 1.0), axis=x.rank - 1)
    return b.node("MatMul", [weights, x], x, x.dims, (-1.1, 1.1))


@idiom("quantization", "QuantizeLinear", "DequantizeLinear")
def quantization(b: Builder) -> Val:
    """There and back through integers of 8 bits."""
    if form("QuantizeLinear", b.opset) is None or ir.DataType.FLOAT not in b.options.dtypes:
        raise UnfitError
    x = b.pick((ir.DataType.FLOAT,))
    x = b.within(x, -8.0, 8.0)
    scale = b.constant(np.array(0.0625, np.float32))
    kind = b.choice((np.int8, np.uint8))
    zero = b.constant(np.array(0, kind))
    dtype = ir.DataType.from_numpy(zero.array.dtype) if zero.array is not None else None
    assert dtype is not None
    codes = b.node("QuantizeLinear", [x, scale, zero], dtype, x.dims, (-128.0, 255.0))
    return b.node("DequantizeLinear", [codes, scale, zero], x, bounds=(-8.1, 8.1))


@idiom("dead-code", "Shape", "Identity", "Relu")
def dead_code(b: Builder) -> None:
    """A node whose result nobody can use: it is not among the values at hand."""
    x = b.pick(b.options.dtypes, ranks=(0, 5))
    if b.one_in(2):
        made = b.node("Shape", [x], INT64, (x.rank,), (0.0, 1e4))
    else:
        made = b.node("Identity", [x], x)
    b.frame.values.remove(made)
