"""What operators do to dimensions and to integer vectors, for the analysis `symbolic-shapes`.

A rule returns whether it said all that can be said; otherwise ONNX's inference is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import onnx_ir as ir

from .expressions import Number, exact_quotient, multiply, product
from .symbolic_access import dims_of, input_at, int_of, ints_of, keep_dtype, numbers_of
from .symbolic_elementwise import NARY, UNARY, broadcast, cast, elementwise, is_size, negation, same
from .symbolic_indexing import concat, gather, range_, slice_

if TYPE_CHECKING:
    from .symbolic_shapes import Walk

Rule = Callable[["Walk", ir.Node], bool]

_INTEGERS = frozenset([ir.DataType.INT32, ir.DataType.INT64])


def _shape(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    walk.dtypes[node.outputs[0]] = ir.DataType.INT64
    if dims is None:
        return False
    start, end = int_of(node, "start", 0), int_of(node, "end", len(dims))
    walk.set_numbers(node.outputs[0], dims[start:end])
    return True


def _size(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    walk.dtypes[node.outputs[0]] = ir.DataType.INT64
    if dims is not None:
        walk.set_numbers(node.outputs[0], product(dims))
    return dims is not None


def _unsqueeze(walk: Walk, node: ir.Node) -> bool:
    dims, axes = dims_of(walk, node), ints_of(walk, node, "axes", 1)
    if dims is None or axes is None:
        return False
    rank = len(dims) + len(axes)
    added = {axis % rank for axis in axes}
    rest = iter(dims)
    keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(1 if i in added else next(rest) for i in range(rank))
    numbers = numbers_of(walk, node)
    if numbers is not None and not isinstance(numbers, tuple) and rank == 1:
        walk.set_numbers(node.outputs[0], (numbers,))
    return True


def _squeeze(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    if dims is None:
        return False
    if "axes" in node.attributes or input_at(node, 1) is not None:
        axes = ints_of(walk, node, "axes", 1)
        if axes is None:
            return False
        dropped = {axis % len(dims) for axis in axes} if dims else set()
    elif all(isinstance(dim, int) for dim in dims):
        dropped = {index for index, dim in enumerate(dims) if dim == 1}
    else:
        return False
    keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(d for i, d in enumerate(dims) if i not in dropped)
    numbers = numbers_of(walk, node)
    if isinstance(numbers, tuple) and len(numbers) == 1 and dropped:
        walk.set_numbers(node.outputs[0], numbers[0])
    return True


def _transpose(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    if dims is None:
        return False
    order = list(range(len(dims)))[::-1]
    if "perm" in node.attributes:
        order = ints_of(walk, node, "perm", len(node.inputs)) or []
    if sorted(order) != list(range(len(dims))):
        return False
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], [dims[axis] for axis in order])


def _flatten(walk: Walk, node: ir.Node) -> bool:
    dims = dims_of(walk, node)
    if dims is None:
        return False
    axis = int_of(node, "axis", 1)
    axis += len(dims) if axis < 0 else 0
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], [product(dims[:axis]), product(dims[axis:])])


def _reshape(walk: Walk, node: ir.Node) -> bool:
    target = numbers_of(walk, node, 1)
    if not isinstance(target, tuple):
        return False
    dims = dims_of(walk, node)
    copies = not int_of(node, "allowzero", 0)
    result: list[Number] = []
    open_: int | None = None
    for index, number in enumerate(target):
        if number == 0 and copies:
            result.append(dims[index] if dims is not None and index < len(dims) else walk.fresh())
        elif number == -1:
            open_ = index
            result.append(1)
        else:
            # A symbol cannot be -1 or 0 here unless the model relies on it; then it is no size.
            result.append(number if isinstance(number, int) or is_size(number) else walk.fresh())
    if open_ is not None:
        rest = None if dims is None else exact_quotient(product(dims), product(result))
        result[open_] = walk.fresh() if rest is None else rest
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], result)


def _expand(walk: Walk, node: ir.Node) -> bool:
    dims, target = dims_of(walk, node), numbers_of(walk, node, 1)
    if dims is None or not isinstance(target, tuple):
        return False
    keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], broadcast(walk, dims, target))


def _constant_of_shape(walk: Walk, node: ir.Node) -> bool:
    target, value = numbers_of(walk, node), node.attributes.get("value")
    if not isinstance(target, tuple):
        return False
    result = node.outputs[0]
    dtype = ir.DataType.FLOAT if value is None else value.value.dtype
    walk.dtypes[result] = dtype
    walk.dims[result] = target
    if dtype in _INTEGERS and len(target) == 1 and isinstance(target[0], int):
        fill = int(value.value.numpy().reshape(-1)[0]) if value is not None else 0
        walk.set_numbers(result, (fill,) * min(target[0], 65))
    return True


def _tile(walk: Walk, node: ir.Node) -> bool:
    dims, repeats = dims_of(walk, node), numbers_of(walk, node, 1)
    if dims is None or not isinstance(repeats, tuple) or len(repeats) != len(dims):
        return False
    keep_dtype(walk, node)
    return walk.set_dims(
        node.outputs[0], [multiply(a, b) for a, b in zip(dims, repeats, strict=True)]
    )


RULES: dict[str, Rule] = {
    **dict.fromkeys(UNARY.split(), same),
    **dict.fromkeys(NARY.split(), elementwise),
    "Cast": cast,
    "Concat": concat,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": gather,
    "Not": negation,
    "Range": range_,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "Slice": slice_,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""The rules by operator of the default domain."""
