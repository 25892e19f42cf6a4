"""Operators that move elements: reshape, permute, join, cut, repeat, look up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .sizes import Dim, Dims, is_positive, is_product, least, plus, product, times
from .table import operator
from .values import ANY, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


def axis_of(b: Builder, rank: int, first: int = 0) -> int:
    """Draw an axis, the last one first, at times counted from the end."""
    return rank - 1 - b.integer(0, rank - 1 - first)


def written(b: Builder, axis: int, rank: int) -> int:
    """Return ``axis`` as a node may write it: at times as a negative number, from opset 11 on."""
    return axis - rank if b.opset >= 11 and b.one_in(3) else axis


def reshaped(b: Builder, x: Val, dims: Dims) -> Val:
    """Add a Reshape to ``dims``, of which at most one is no number or a copy."""
    target: list[int] = []
    for axis, dim in enumerate(dims):
        if isinstance(dim, int) and dim > 0:
            copies = axis < x.rank and x.dims[axis] == dim and b.one_in(6)
            target.append(0 if copies else dim)
        elif axis < x.rank and x.dims[axis] == dim:
            target.append(0)
        elif -1 not in target and is_positive(x.dims):
            target.append(-1)
        else:
            raise UnfitError
    if -1 not in target and dims and is_positive(x.dims) and b.one_in(3):
        target[b.integer(0, len(target) - 1)] = -1
    return b.node("Reshape", [x, b.ints(*target)], x, dims)


@operator("Reshape")
def reshape(b: Builder, op: str) -> Val:
    """Merge neighbours, split a number, flatten, or keep the shape."""
    x = b.pick(b.dtypes(op, ANY))
    dims = list(x.dims)
    way = b.integer(0, 3)
    if way == 0 and len(dims) >= 2:
        at = b.integer(0, len(dims) - 2)
        dims[at : at + 2] = [_times(dims[at], dims[at + 1])]
    elif way == 1:
        for axis, dim in enumerate(dims):
            factor = next((f for f in (2, 3) if isinstance(dim, int) and dim > f), 0)
            if factor and isinstance(dim, int) and dim % factor == 0:
                dims[axis : axis + 1] = [factor, dim // factor]
                break
        else:
            dims.insert(b.integer(0, len(dims)), 1)
    elif way == 2:
        dims = [_total(x.dims)]
    return reshaped(b, x, tuple(dims))


def _times(left: Dim, right: Dim) -> Dim:
    if not (is_product(left) and is_product(right)):
        raise UnfitError
    return times(left, right)


def _total(dims: Dims) -> Dim:
    if not all(map(is_product, dims)):
        raise UnfitError
    return product(dims)


@operator("Transpose")
def transpose(b: Builder, op: str) -> Val:
    """A permutation, written or the reversal that stands for none."""
    x = b.pick(b.dtypes(op, ANY), ranks=(1, 5))
    left, perm = list(range(x.rank)), []
    while left:
        perm.append(left.pop(b.integer(0, len(left) - 1)))
    if perm == list(range(x.rank)):
        perm = perm[:-2] + perm[-2:][::-1] if not b.one_in(8) else perm
    if b.one_in(6):
        return b.node(op, [x], x, x.dims[::-1])
    return b.node(op, [x], x, tuple(x.dims[axis] for axis in perm), perm=perm)


@operator("Squeeze")
def squeeze(b: Builder, op: str) -> Val:
    """All ones by default, or those that are named."""
    x = b.pick(b.dtypes(op, ANY), lambda val: 1 in val.dims)
    ones = [axis for axis, dim in enumerate(x.dims) if dim == 1]
    is_all = b.one_in(3) and all(isinstance(dim, int) for dim in x.dims)
    axes = ones if is_all else [b.choice(ones)]
    dims = tuple(dim for axis, dim in enumerate(x.dims) if axis not in axes)
    named = None if is_all else [written(b, axis, x.rank) for axis in axes]
    return with_axes(b, op, x, named, dims)


@operator("Unsqueeze")
def unsqueeze(b: Builder, op: str) -> Val:
    """One or two new axes."""
    x = b.pick(b.dtypes(op, ANY), ranks=(0, 4))
    count = b.choice((1, 2)) if x.rank < 3 else 1
    rank = x.rank + count
    axes = sorted({b.integer(0, rank - 1) for _ in range(count)})
    rank = x.rank + len(axes)
    axes = [min(axis, rank - 1) for axis in axes]
    dims = list(x.dims)
    for axis in axes:
        dims.insert(axis, 1)
    return with_axes(b, op, x, [written(b, axis, rank) for axis in axes], tuple(dims))


def with_axes(b: Builder, op: str, x: Val, axes: list[int] | None, dims: Dims) -> Val:
    """Add a node whose axes are an attribute before opset 13 and an input from then on."""
    if b.opset < 13:
        return b.node(op, [x], x, dims, axes=axes)
    return b.node(op, [x] if axes is None else [x, b.ints(*axes)], x, dims)


@operator("Flatten")
def flatten(b: Builder, op: str) -> Val:
    """To two dimensions."""
    x = b.pick(b.dtypes(op, ANY), ranks=(1, 5))
    axis = b.choice((1, *range(x.rank + 1)))
    dims = (_total(x.dims[:axis]), _total(x.dims[axis:]))
    shown = (
        None
        if axis == 1
        else axis - x.rank
        if b.opset >= 11 and axis < x.rank and b.one_in(4)
        else axis
    )
    return b.node(op, [x], x, dims, axis=shown)


@operator("Concat")
def concat(b: Builder, op: str) -> Val:
    """Values that differ in one dimension, the same value twice, or one alone."""
    x = b.pick(b.dtypes(op, ANY), ranks=(1, 4))
    axis = axis_of(b, x.rank)

    def fits(val: Val) -> bool:
        rest = zip(x.dims, val.dims, strict=False)
        return (
            val.dtype is x.dtype
            and val.rank == x.rank
            and all(a == c for i, (a, c) in enumerate(rest) if i != axis)
        )

    parts = [x]
    for _ in range(b.choice((1, 2, 0))):
        found = [val for val in b.frame.visible() if fits(val)]
        parts.append(b.choice([x, *found]))
    size: Dim = 0
    for part in parts:
        size = plus(size, part.dims[axis])
    dims = (*x.dims[:axis], size, *x.dims[axis + 1 :])
    bounds = (min(part.low for part in parts), max(part.high for part in parts))
    return b.node(op, parts, x.dtype, dims, bounds, axis=written(b, axis, x.rank))


@operator("Split")
def split(b: Builder, op: str) -> list[Val]:
    """Into equal parts or parts of given sizes; parts that nobody needs may have no name."""
    x = b.pick(b.dtypes(op, ANY), lambda val: any(isinstance(d, int) and d > 1 for d in val.dims))
    axis = b.choice([a for a, d in enumerate(x.dims) if isinstance(d, int) and d > 1][::-1])
    size = x.dims[axis]
    assert isinstance(size, int)
    count = b.choice((2, 3, 1)) if size > 2 else b.choice((2, 1))
    parts = [size // count] * (count - 1) + [size - size // count * (count - 1)]
    is_equal = len(set(parts)) == 1
    attributes: dict[str, object] = {"axis": written(b, axis, x.rank)}
    inputs = [x]
    if is_equal and b.opset >= 18 and b.one_in(2):
        attributes["num_outputs"] = count
    elif not is_equal or b.opset >= 18 or b.one_in(2):
        if b.opset < 13:
            attributes["split"] = parts
        else:
            inputs.append(b.ints(*parts))
    results = [
        Result(x.dtype, (*x.dims[:axis], part, *x.dims[axis + 1 :]), x.low, x.high)
        for part in parts
    ]
    return b.emit(op, inputs, results, attributes)


@operator("Slice")
def slice_(b: Builder, op: str) -> Val:
    """Along one or two axes, forward or backward; everything, at times."""
    x = b.pick(b.dtypes(op, ANY), ranks=(1, 5))
    axes = sorted({axis_of(b, x.rank) for _ in range(b.choice((1, 2)))})
    starts, ends, steps, dims = [], [], [], list(x.dims)
    for axis in axes:
        dim = dims[axis]
        if not isinstance(dim, int) or dim == 0:
            cut = b.integer(0, max(least(dim) - 1, 0))
            starts.append(cut)
            ends.append(b.choice((np.iinfo(np.int64).max, np.iinfo(np.int32).max)))
            steps.append(1)
            dims[axis] = plus(dim, -cut) if least(dim) else dim
            continue
        start = b.integer(0, dim - 1)
        end = dim - b.integer(0, dim - 1 - start)
        step = b.choice((2, -1)) if b.opset >= 10 and b.one_in(4) else 1
        dims[axis] = -(-(end - start) // abs(step))
        if step < 0:  # from the last element down to the first
            start, end = end - 1, start - 1 - dim
        elif b.one_in(4):
            start, end = start - dim, end if end == dim else end - dim
        starts.append(start)
        ends.append(end)
        steps.append(step)
    if b.opset < 10:
        default = axes == list(range(len(axes))) and b.one_in(2)
        named = None if default else axes
        return b.node(op, [x], x, tuple(dims), starts=starts, ends=ends, axes=named)
    inputs: list[Val | None] = [x, b.ints(*starts), b.ints(*ends)]
    is_plain = all(step == 1 for step in steps) and b.one_in(2)
    if axes == list(range(len(axes))) and b.one_in(2):
        inputs += [] if is_plain else [None, b.ints(*steps)]
    else:
        shown = [written(b, axis, x.rank) for axis in axes]
        inputs += [b.ints(*shown)] if is_plain else [b.ints(*shown), b.ints(*steps)]
    return b.node(op, inputs, x, tuple(dims))
