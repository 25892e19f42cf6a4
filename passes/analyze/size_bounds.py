"""Rules for sizes that are the smaller or the larger one of two: slices and broadcasting.

`symbolic-shapes` calls such a size unknown, as nothing equals it; its figure is known all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .evaluate import LONGEST_NAME, is_decided_by
from .expressions import Number, opaque
from .symbolic_access import input_at, ints_of, numbers_or_attribute
from .symbolic_elementwise import elementwise, is_size
from .symbolic_indexing import slice_

if TYPE_CHECKING:
    import onnx_ir as ir

    from .symbolic_shapes import Dims, Walk

_FAR = 10**9
"""No dimension is as long as this; ends from here on mean all."""


def elementwise_sizes(walk: Walk, node: ir.Node) -> bool:
    """Follow an operator whose inputs are broadcast to one shape."""
    if not elementwise(walk, node):
        return False
    result = node.outputs[0]
    if not all(is_decided_by(dim, {}) for dim in walk.dims[result]):
        dims: Dims = ()
        for value in node.inputs:
            dims = broadcast_sizes(walk, dims, walk.dims[value] if value is not None else ())
        walk.dims[result] = dims
    return True


def broadcast_sizes(walk: Walk, left: Dims, right: Dims) -> Dims:
    """Return the dimensions to which two shapes broadcast; they are taken to be compatible."""
    if len(left) < len(right):
        left, right = right, left
    offset = len(left) - len(right)
    return (
        *left[:offset],
        *(_either(walk, a, b) for a, b in zip(left[offset:], right, strict=True)),
    )


def _either(walk: Walk, a: Number, b: Number) -> Number:
    """Return the one of two sizes that is not 1; if neither is, they are the same."""
    if a == b or b == 1 or _is_smaller(b, a):
        return a
    if a == 1 or _is_smaller(a, b):
        return b
    if isinstance(a, int) or isinstance(b, int):
        return a if isinstance(a, int) else b
    return _bounded(walk, "max", a, b)


def _is_smaller(a: Number, b: Number) -> bool:
    """Tell whether ``a`` is the smaller one of ``b`` and something else."""
    if isinstance(a, int) or len(a.terms) > 1 or a.terms[0][1] != 1 or len(a.terms[0][0]) > 1:
        return False
    (name,) = a.terms[0][0]
    return name.startswith(f"min({b}, ") or (name.startswith("min(") and name.endswith(f", {b})"))


def _bounded(walk: Walk, operation: str, a: Number, b: Number) -> Number:
    short = len(str(a)) + len(str(b)) < LONGEST_NAME // 2
    return opaque(operation, a, b) if short else walk.fresh()


def slice_sizes(walk: Walk, node: ir.Node) -> bool:
    """Follow Slice as `symbolic-shapes` does, and where one from the start has an open end."""
    if not slice_(walk, node):
        return False
    dims, result = walk.dims[node.inputs[0]], node.outputs[0]  # type: ignore[index]
    starts, ends = (
        numbers_or_attribute(walk, node, "starts", 1),
        numbers_or_attribute(walk, node, "ends", 2),
    )
    if starts is None or ends is None:
        return False
    axes = ints_of(walk, node, "axes", 3) or list(range(len(starts)))
    steps = walk.ints(input_at(node, 4)) or [1] * len(starts)
    found = list(walk.dims[result])
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        whole = (start, step) == (0, 1) and (end >= 0 if isinstance(end, int) else is_size(end))
        if whole and not (isinstance(dims[axis], int) and isinstance(end, int)):
            found[axis] = end if end == dims[axis] else _bounded(walk, "min", dims[axis], end)
            if isinstance(end, int) and end >= _FAR:
                found[axis] = dims[axis]
    return walk.set_dims(result, found)
