"""Rules of `symbolic-shapes` for operators that pick, join and count elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

from .expressions import Expression, Number, add
from .symbolic_access import (
    dims_of,
    input_at,
    int_of,
    ints_of,
    keep_dtype,
    numbers_of,
    numbers_or_attribute,
)
from .symbolic_elementwise import is_size

if TYPE_CHECKING:
    from .symbolic_shapes import Walk


def gather(walk: Walk, node: ir.Node) -> bool:
    """Follow Gather."""
    data, indices = dims_of(walk, node, 0), dims_of(walk, node, 1)
    result = node.outputs[0]
    if data is None or indices is None or not data:
        return False
    axis = int_of(node, "axis", 0) % len(data)
    walk.dims[result] = (*data[:axis], *indices, *data[axis + 1 :])
    keep_dtype(walk, node)
    elements, chosen = numbers_of(walk, node, 0), walk.ints(input_at(node, 1))
    if isinstance(elements, tuple) and chosen is not None and len(indices) < 2:
        count = len(elements)
        if all(-count <= index < count for index in chosen):
            picked = tuple(elements[index] for index in chosen)
            walk.set_numbers(result, picked if indices else picked[0])
    return True


def slice_(walk: Walk, node: ir.Node) -> bool:
    """Follow Slice."""
    dims = dims_of(walk, node)
    if dims is None:
        return False
    old = walk.opset < 10
    starts, ends = (
        numbers_or_attribute(walk, node, "starts", 1),
        numbers_or_attribute(walk, node, "ends", 2),
    )
    if starts is None or ends is None or len(starts) != len(ends):
        return False
    axes: list[int] | None = list(range(len(starts)))
    if "axes" in node.attributes or (not old and input_at(node, 3) is not None):
        axes = ints_of(walk, node, "axes", 3)
    steps: list[int] | None = [1] * len(starts)
    if not old and input_at(node, 4) is not None:
        steps = walk.ints(input_at(node, 4))
    if axes is None or steps is None or not len(axes) == len(steps) == len(starts):
        return False
    result = list(dims)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        result[axis] = _sliced(walk, dims[axis], start, end, step)
    keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(result)
    elements = numbers_of(walk, node)
    if isinstance(elements, tuple) and len(starts) == 1:
        (start,), (end,), (step,) = starts, ends, steps
        if isinstance(start, int) and isinstance(end, int) and step:
            walk.set_numbers(node.outputs[0], _slice_tuple(elements, start, end, step))
    return True


_FAR = 2**31 - 1


def _sliced(walk: Walk, dim: Number, start: Number, end: Number, step: int) -> Number:
    """Return the size of a dimension after a slice."""
    if isinstance(dim, int) and isinstance(start, int) and isinstance(end, int) and step:
        first, last = _bounds(dim, start, end, step)
        return len(range(dim)[first:last:step])
    whole = end == dim or (isinstance(end, int) and end >= _FAR)
    return dim if start == 0 and step == 1 and whole else walk.fresh()


def _bounds(dim: int, start: int, end: int, step: int) -> tuple[int, int | None]:
    """Return what Python's slice needs for what ONNX means: ends far below zero are before all."""
    if step < 0 and end < -dim:
        return start, None
    return start, end


def _slice_tuple(
    elements: tuple[Number, ...], start: int, end: int, step: int
) -> tuple[Number, ...]:
    first, last = _bounds(len(elements), start, end, step)
    return elements[first:last:step]


def concat(walk: Walk, node: ir.Node) -> bool:
    """Follow Concat."""
    shapes = [dims_of(walk, node, index) for index in range(len(node.inputs))]
    known = [dims for dims in shapes if dims is not None]
    if len(known) < len(shapes) or not known or not known[0]:
        return False
    rank = len(known[0])
    if any(len(dims) != rank for dims in known):
        return False
    axis = int_of(node, "axis", 1) % rank
    dims = list(known[0])
    for index in range(rank):
        column = [shape[index] for shape in known]
        if index == axis:
            total: Number = 0
            for dim in column:
                total = add(total, dim)
            dims[index] = total
        else:
            dims[index] = next((dim for dim in column if isinstance(dim, int)), column[0])
    keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(dims)
    joined: list[Number] = []
    for index in range(len(node.inputs)):
        numbers = numbers_of(walk, node, index)
        if not isinstance(numbers, tuple):
            return True
        joined += numbers
    walk.set_numbers(node.outputs[0], tuple(joined))
    return True


def range_(walk: Walk, node: ir.Node) -> bool:
    """Follow Range."""
    start, limit, delta = (numbers_of(walk, node, index) for index in range(3))
    result = node.outputs[0]
    keep_dtype(walk, node)
    if isinstance(start, tuple) or isinstance(limit, tuple) or isinstance(delta, tuple):
        return False
    if isinstance(start, int) and isinstance(limit, int) and isinstance(delta, int) and delta:
        numbers = range(start, limit, delta)
        walk.dims[result] = (len(numbers),)
        if len(numbers) <= 64:
            walk.set_numbers(result, tuple(numbers))
    elif start == 0 and delta == 1 and isinstance(limit, Expression) and is_size(limit):
        walk.dims[result] = (limit,)
    else:
        walk.dims[result] = (walk.fresh(),)
    return True
