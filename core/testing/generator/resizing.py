"""Operators that repeat, surround or rearrange elements: Pad, Expand, Tile, Resize and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .movement import axis_of, written
from .sizes import Dims, broadcast, is_positive, is_product, is_static, least, plus, times
from .table import operator
from .values import (
    ANY,
    BOOL,
    FLOAT,
    FLOATS,
    INT64,
    INTS,
    NUMBERS,
    Result,
    UnfitError,
    Val,
)

if TYPE_CHECKING:
    from .builder import Builder


@operator("Pad")
def pad(b: Builder, op: str) -> Val:
    """With a number, zeros, the edge or a reflection; nothing, at times."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    mode = b.choice((None, "constant", "edge", "reflect"))
    sides = [b.choice((1, 0)) for _ in range(2 * x.rank)]
    if mode == "reflect":
        sides = [s if least(x.dims[i % x.rank]) > 1 else 0 for i, s in enumerate(sides)]
    axes = None
    if b.opset >= 18 and b.one_in(4):
        axes = [axis_of(b, x.rank)]
        sides = [s if i % x.rank in axes else 0 for i, s in enumerate(sides)]
    dims = tuple(plus(d, sides[i] + sides[i + x.rank]) for i, d in enumerate(x.dims))
    number = b.choice((None, 0.0, 1.0)) if mode in (None, "constant") else None
    bounds = (min(x.low, 0.0), max(x.high, 1.0))
    if b.opset < 11:
        return b.node(op, [x], x, dims, bounds, mode=mode, pads=sides, value=number)
    if axes:
        sides = [sides[axis] for axis in (axes[0], axes[0] + x.rank)]
    inputs: list[Val | None] = [x, b.ints(*sides)]
    if number is not None:
        inputs.append(b.scalar(number, x.dtype))
    if axes:
        inputs += [None] * (number is None) + [b.ints(written(b, axes[0], x.rank))]
    return b.node(op, inputs, x, dims, bounds, mode=mode)


@operator("Expand")
def expand(b: Builder, op: str) -> Val:
    """Ones become more, new axes come in front."""
    x = b.pick(b.dtypes(op, ANY))
    target = [b.choice((2, 3, 1)) if d == 1 else d if isinstance(d, int) else 1 for d in x.dims]
    if b.one_in(3):
        target = [b.choice((2, 1)), *target]
    dims = broadcast(x.dims, tuple(target))
    return b.node(op, [x, b.ints(*target)], x, dims)


@operator("Tile")
def tile(b: Builder, op: str) -> Val:
    """Once or twice along each axis."""
    x = b.pick(b.dtypes(op, ANY), lambda val: is_positive(val.dims), ranks=(1, 4))
    repeats = [b.choice((1, 2)) for _ in range(x.rank)]
    dims = tuple(times(d, r) if is_product(d) else d for d, r in zip(x.dims, repeats, strict=True))
    repeats = [r if is_product(d) else 1 for d, r in zip(x.dims, repeats, strict=True)]
    return b.node(op, [x, b.ints(*repeats)], x, dims)


@operator("DepthToSpace", "SpaceToDepth")
def blocks(b: Builder, op: str) -> Val:
    """Blocks of two by two."""
    grows = op == "DepthToSpace"

    def fits(val: Val) -> bool:
        _, depth, *plane = val.dims
        if grows:
            return isinstance(depth, int) and depth % 4 == 0 and all(map(is_product, plane))
        return is_product(depth) and all(isinstance(d, int) and d % 2 == 0 for d in plane)

    dtypes = b.dtypes(op, FLOATS)
    found = [v for v in b.frame.visible() if v.dtype in dtypes and v.rank == 4 and fits(v)]
    x = b.choice(found) if found else b.fresh(b.choice(dtypes), (b.dim(), 4, 2, 2))
    n, c, h, w = x.dims
    if grows:
        assert isinstance(c, int)
        dims: Dims = (n, c // 4, times(h, 2), times(w, 2))
    else:
        assert isinstance(h, int)
        assert isinstance(w, int)
        dims = (n, times(c, 4), h // 2, w // 2)
    mode = b.choice((None, "CRD", "DCR")) if grows and b.opset >= 11 else None
    return b.node(op, [x], x, dims, blocksize=2, mode=mode)


def image(b: Builder, op: str) -> Val:
    """Pick or make a float value of rank 4 with at least one row, column and channel."""
    dtypes = b.dtypes(op, FLOATS)
    found = [
        v
        for v in b.frame.visible()
        if v.dtype in dtypes and v.rank == 4 and isinstance(v.dims[1], int) and is_positive(v.dims)
    ]
    index = b.integer(0, len(found))
    if index < len(found):
        return found[index]
    batch = b.dim() or 1
    side = b.choice((4, 3, 5, 6))
    plane: Dims = (side, b.choice((side, 4)))
    if b.options.dynamic_shapes and b.one_in(6):
        plane = (b.dim() or 1, side)
    return b.fresh(b.choice(dtypes), (batch, b.choice((2, 1, 3, 4)), *plane))


@operator("Upsample")
def upsample(b: Builder, op: str) -> Val:
    """Twice as many rows and columns."""
    x = image(b, op)
    dims = _doubled(x)
    mode = b.choice((None, "nearest", "linear")) if is_static(x.dims[2:]) else None
    scales = [1.0, 1.0, 2.0, 2.0]
    if b.opset < 9:
        return b.node(op, [x], x, dims, mode=mode, scales=scales)
    return b.node(op, [x, b.constant(np.array(scales, np.float32))], x, dims, mode=mode)


def _doubled(x: Val) -> Dims:
    if not all(map(is_product, x.dims[2:])):
        raise UnfitError
    return (*x.dims[:2], times(x.dims[2], 2), times(x.dims[3], 2))


@operator("Resize")
def resize(b: Builder, op: str) -> Val:
    """By scales or to sizes, with what each opset has for modes."""
    x = image(b, op)
    dims = _doubled(x)
    mode = b.choice((None, "nearest", "linear"))
    scales = b.constant(np.array([1.0, 1.0, 2.0, 2.0], np.float32))
    if b.opset < 11:
        return b.node(op, [x, scales], x, dims, mode=mode)
    ways = ["asymmetric", "half_pixel", None]
    if not mode or mode == "nearest":
        ways += ["align_corners"] * is_static(dims)
    attributes = {"mode": mode, "coordinate_transformation_mode": b.choice(ways)}
    if mode != "linear" and b.one_in(2):
        attributes["nearest_mode"] = b.choice(("floor", "round_prefer_ceil"))
    # Opset 11 wants the region input to be there; later it may be left out.
    region = b.constant(np.array([], np.float32)) if b.opset < 13 or b.one_in(4) else None
    bounds = (x.low - 0.1, x.high + 0.1)
    if is_static(dims) and b.one_in(3):
        none = b.constant(np.array([], np.float32)) if b.opset < 13 else None
        sizes = b.ints(*(int(d) for d in dims if isinstance(d, int)))
        return b.node(op, [x, region, none, sizes], x, dims, bounds, **attributes)
    return b.node(op, [x, region, scales], x, dims, bounds, **attributes)


@operator("Trilu")
def trilu(b: Builder, op: str) -> Val:
    """The upper or the lower triangle."""
    x = b.pick(b.dtypes(op, ANY), lambda val: is_positive(val.dims), ranks=(2, 4))
    inputs = [x]
    if b.one_in(2):
        inputs.append(b.constant(np.array(b.choice((0, 1, -1)), np.int64)))
    bounds = (min(x.low, 0.0), max(x.high, 0.0))
    return b.node(op, inputs, x, bounds=bounds, upper=b.choice((None, 0, 1)))


@operator("Compress")
def compress(b: Builder, op: str) -> Val:
    """Keeps what a constant says."""
    x = b.pick(b.dtypes(op, ANY), lambda val: bool(least(val.dims[0])), ranks=(1, 4))
    kept = np.zeros(least(x.dims[0]), np.bool_)
    kept[: b.integer(1, kept.size)] = True
    dims = (int(kept.sum()), *x.dims[1:])
    return b.node(op, [x, b.constant(kept)], x, dims, axis=0)


@operator("ConstantOfShape")
def constant_of_shape(b: Builder, op: str) -> Val:
    """A shape full of one number."""
    import onnx_ir as ir

    dims = (2,) * b.integer(0, 2) + (3,)
    dtype = b.choice((None, *b.options.dtypes))
    if dtype is None:
        return b.node(op, [b.ints(*dims)], FLOAT, dims, (0.0, 0.0))
    number = b.choice((1, 0))
    tensor = ir.Tensor(np.array([number], dtype.numpy()), dtype=dtype)
    bounds = (float(number), float(number))
    return b.node(op, [b.ints(*dims)], dtype, dims, bounds, value=tensor)


@operator("Range")
def range_(b: Builder, op: str) -> Val:
    """From zero or one on, by one or two."""
    dtype = b.choice(b.dtypes(op, (*INTS, *FLOATS)))
    count = b.integer(1, 4)
    start, step = b.choice((0, 1)), b.choice((1, 2))
    ends = (start, start + count * step, step)
    inputs = [b.scalar(end, dtype) for end in ends]
    return b.node(op, inputs, dtype, (count,), (0.0, float(ends[1])))


@operator("EyeLike")
def eye_like(b: Builder, op: str) -> Val:
    """Ones on a diagonal."""
    x = b.pick(b.dtypes(op, NUMBERS), ranks=(2, 2))
    return b.node(op, [x], x, bounds=(0.0, 1.0), k=b.choice((None, 1, 0, -1)))


@operator("OneHot")
def one_hot(b: Builder, op: str) -> Val:
    """Of small integers, those outside of the depth included."""
    # Before opset 11 there are no negative indices.
    x = b.pick(b.dtypes(op, INTS), lambda val: b.opset >= 11 or val.low >= 0, ranks=(1, 3))
    depth = b.integer(1, 4)
    dtype = b.choice([d for d in (FLOAT, INT64) if d in b.options.dtypes] or [FLOAT])
    values = b.constant(np.array([0, 1], dtype.numpy()))
    count = b.scalar(depth, INT64)
    axis = b.choice((None, 0))
    dims: Dims = (*x.dims, depth) if axis is None else (depth, *x.dims)
    return b.node(op, [x, count, values], dtype, dims, (0.0, 1.0), axis=axis)


@operator("NonZero")
def non_zero(b: Builder, op: str) -> Val:
    """Where the elements of a constant are not zero: a shape that depends on data."""
    dtype = b.choice(b.dtypes(op, ANY))
    array = b.array((b.integer(1, 4),), dtype)
    found = np.stack(np.nonzero(array))
    dims = tuple(int(size) for size in found.shape)
    if BOOL is dtype and not found.size:
        raise UnfitError
    return b.emit(op, [b.constant(array)], [Result(INT64, dims, 0.0, 4.0)])[0]
