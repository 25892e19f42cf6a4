"""Operators that look up, put in place or reverse by index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .movement import axis_of, written
from .sizes import is_positive, least
from .table import operator
from .values import ANY, INT64, INTS, NUMBERS, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


def index_into(b: Builder, x: Val, axis: int, dims: tuple[int, ...]) -> Val:
    """Make constant indices that are legal for all sizes of the axis."""
    size = least(x.dims[axis])
    if size == 0:
        raise UnfitError
    lowest = -size if b.opset >= 11 and b.one_in(3) else 0
    dtype = b.choice([d for d in INTS if d in b.options.dtypes] or [INT64])
    return b.constant(b.array(dims, dtype, lowest, size - 1))


@operator("Gather")
def gather(b: Builder, op: str) -> Val:
    """By a scalar, a list or a matrix of constant indices, or by what is computed."""
    x = b.pick(b.dtypes(op, ANY), ranks=(1, 4))
    axis = axis_of(b, x.rank)
    computed = [
        val
        for val in b.frame.visible()
        if val.dtype in INTS
        and val.low >= 0
        and val.high < least(x.dims[axis])
        and val.rank + x.rank <= 5
    ]
    if computed and b.one_in(3):
        indices = b.choice(computed)
    else:
        indices = index_into(b, x, axis, b.choice(((2,), (), (1,), (2, 2))))
    dims = (*x.dims[:axis], *indices.dims, *x.dims[axis + 1 :])
    shown = None if axis == 0 and b.one_in(2) else written(b, axis, x.rank)
    return b.node(op, [x, indices], x, dims, axis=shown)


@operator("GatherElements")
def gather_elements(b: Builder, op: str) -> Val:
    """As many indices as there are elements, or fewer."""
    x = b.pick(b.dtypes(op, ANY), lambda val: is_positive(val.dims), ranks=(1, 4))
    axis = axis_of(b, x.rank)
    indices = index_into(b, x, axis, b.static(x.dims))
    return b.node(op, [x, indices], x, indices.dims, axis=written(b, axis, x.rank))


@operator("GatherND")
def gather_nd(b: Builder, op: str) -> Val:
    """Slices along the first axes."""
    x = b.pick(b.dtypes(op, ANY), lambda val: is_positive(val.dims), ranks=(1, 4))
    depth = b.integer(1, x.rank)
    columns = [b.array((2, 1), INT64, 0, least(dim) - 1) for dim in x.dims[:depth]]
    indices = b.constant(np.concatenate(columns, axis=1))
    return b.node(op, [x, indices], x, (2, *x.dims[depth:]))


@operator("ScatterElements", "ScatterND", "Scatter")
def scatter(b: Builder, op: str) -> Val:
    """Puts one row of updates, at an index that occurs once."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    if op == "ScatterND":
        update = b.constant(b.array((1, *b.static(x.dims[1:])), x.dtype))
        if update.dims[1:] != x.dims[1:]:
            raise UnfitError
        indices = b.constant(np.zeros((1, 1), np.int64))
        attributes: dict[str, Any] = {}
    else:
        dims = (1, *b.static(x.dims[1:]))
        update = b.constant(b.array(dims, x.dtype))
        indices = b.constant(np.full(dims, b.integer(0, least(x.dims[0]) - 1), np.int64))
        attributes = {"axis": b.choice((None, 0))}
    bounds = (min(x.low, update.low), max(x.high, update.high))
    return b.emit(op, [x, indices, update], [Result(x.dtype, x.dims, *bounds)], attributes)[0]


@operator("ReverseSequence")
def reverse_sequence(b: Builder, op: str) -> Val:
    """Whole sequences, or their beginnings."""
    x = b.pick(
        b.dtypes(op, ANY),
        lambda val: is_positive(val.dims) and isinstance(val.dims[1], int),
        ranks=(2, 4),
    )
    assert isinstance(x.dims[1], int)
    lengths = b.constant(b.array((x.dims[1],), INT64, 1, least(x.dims[0])))
    return b.node(op, [x, lengths], x)
