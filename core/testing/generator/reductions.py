"""Reductions, products of matrices and normalizations along axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .movement import axis_of, written
from .sizes import Dim, Dims, broadcast, count_at, is_positive, least
from .table import operator
from .values import FLOATS, INT64, LARGEST, NUMBERS, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder

_MANY = 64
"""The size for which symbols are counted where the bounds of a sum are estimated."""

_REDUCTIONS = [
    "ReduceMean",
    "ReduceSum",
    "ReduceMax",
    "ReduceMin",
    "ReduceProd",
    "ReduceL1",
    "ReduceL2",
    "ReduceSumSquare",
    "ReduceLogSum",
    "ReduceLogSumExp",
]


@operator(*_REDUCTIONS)
def reduce(b: Builder, op: str) -> Val:
    """Along some axes, all, or none; axes are an input from opset 18 (ReduceSum: 13) on."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    axes = sorted({axis_of(b, x.rank) for _ in range(b.choice((1, 2)))})
    is_all, keeps = b.one_in(5), b.choice((None, 0, 1))
    if is_all:
        axes = list(range(x.rank))
    count = count_at((x.dims[axis] for axis in axes), _MANY)
    limit = LARGEST[x.dtype]
    if op == "ReduceLogSum":
        x = b.within(x, 0.1, math.inf)
        bounds = (-3.0, math.log(max(x.high, 1.0) * count) + 1)
    elif op == "ReduceLogSumExp":
        x = b.within(x, -20.0, 20.0)
        bounds = (-21.0, 21.0 + math.log(count))
    elif op == "ReduceProd":
        x = b.within(x, -1.0, 1.0) if x.is_float else x
        if x.bound > 1 and (count > 20 or x.bound**count > limit):
            raise UnfitError
        bounds = (-(max(x.bound, 1.0) ** count), max(x.bound, 1.0) ** count)
    elif op in ("ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare"):
        if x.is_float:
            x = b.within(x, -8.0, 8.0)
        most = x.bound**2 * count if op == "ReduceSumSquare" else x.bound * count
        bounds = (-most if op == "ReduceSum" else 0.0, most)
    else:
        bounds = (x.low, x.high)
    kept = keeps != 0
    dims = tuple(
        1 if axis in axes else dim for axis, dim in enumerate(x.dims) if kept or axis not in axes
    )
    shown = None if is_all and b.one_in(2) else [written(b, axis, x.rank) for axis in axes]
    if b.opset < (13 if op == "ReduceSum" else 18):
        return b.node(op, [x], x, dims, bounds, axes=shown, keepdims=keeps)
    inputs = [x] if shown is None else [x, b.ints(*shown)]
    return b.node(op, inputs, x, dims, bounds, keepdims=keeps)


@operator("ArgMax", "ArgMin")
def arg(b: Builder, op: str) -> Val:
    """The place of the largest or smallest element."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    axis, keeps = axis_of(b, x.rank), b.choice((None, 0, 1))
    dim = x.dims[axis]
    kept = () if keeps == 0 else (1,)
    dims = (*x.dims[:axis], *kept, *x.dims[axis + 1 :])
    most = float(dim - 1) if isinstance(dim, int) else 1e4
    attributes = {"axis": written(b, axis, x.rank), "keepdims": keeps}
    if b.opset >= 12:
        attributes["select_last_index"] = b.choice((None, 1))
    return b.node(op, [x], INT64, dims, (0.0, most), **attributes)


@operator("TopK")
def top_k(b: Builder, op: str) -> list[Val]:
    """Values and indices."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    axis = axis_of(b, x.rank)
    count = b.integer(1, min(least(x.dims[axis]), 3))
    dims = (*x.dims[:axis], count, *x.dims[axis + 1 :])
    dim = x.dims[axis]
    most = float(dim - 1) if isinstance(dim, int) else 1e4
    results = [Result(x.dtype, dims, x.low, x.high), Result(INT64, dims, 0.0, most)]
    attributes: dict[str, Any] = {"axis": written(b, axis, x.rank)}
    if b.opset < 10:
        return b.emit(op, [x], results, {**attributes, "k": count})
    if b.opset >= 11:
        attributes["largest"] = b.choice((None, 0))
    return b.emit(op, [x, b.ints(count)], results, attributes)


@operator("CumSum", "CumProd")
def cumulative(b: Builder, op: str) -> Val:
    """From the front or the back, the element itself or not."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    x = b.within(x, -1.0, 1.0) if x.is_float else x
    axis = axis_of(b, x.rank)
    most = x.bound * count_at([x.dims[axis]], _MANY)
    if op == "CumProd":
        if x.bound > 1:
            raise UnfitError
        most = 1.0
    position = b.constant(np.array(written(b, axis, x.rank), np.int64))
    flags: dict[str, Any] = {"exclusive": b.choice((None, 1)), "reverse": b.choice((None, 1))}
    return b.node(op, [x, position], x, bounds=(-most, most), **flags)


@operator("Softmax", "LogSoftmax", "Hardmax")
def softmax(b: Builder, op: str) -> Val:
    """Along an axis, or along all from an axis on before opset 13."""
    x = b.pick(b.dtypes(op, FLOATS), lambda val: is_positive(val.dims), ranks=(1, 4))
    x = b.within(x, -20.0, 20.0)
    axis = b.choice((None, *range(x.rank)))
    if axis is None and b.opset < 13 and x.rank < 2:
        axis = 0
    shown = axis if axis is None else written(b, axis, x.rank)
    bounds = (-60.0, 0.0) if op == "LogSoftmax" else (0.0, 1.0)
    return b.node(op, [x], x, bounds=bounds, axis=shown)


@operator("LayerNormalization", "RMSNormalization")
def layer_normalization(b: Builder, op: str) -> Val:
    """Of the last axes, with or without a bias."""
    x = b.pick(
        b.dtypes(op, FLOATS),
        lambda val: is_positive(val.dims) and isinstance(val.dims[-1], int),
        ranks=(1, 4),
    )
    axis = x.rank - 1
    while axis and isinstance(x.dims[axis - 1], int) and b.one_in(3):
        axis -= 1
    dims = b.static(x.dims[axis:])
    inputs = [x, b.constant(b.array(dims, x.dtype, 0.5, 1.5))]
    if op == "LayerNormalization" and not b.one_in(3):
        inputs.append(b.constant(b.array(dims, x.dtype)))
    most = 2.0 * math.sqrt(math.prod(dims)) + 2
    shown = None if axis == x.rank - 1 and b.one_in(2) else axis - x.rank
    # A larger epsilon keeps rounding errors of constant rows from being scaled up.
    epsilon = b.choice((0.01, 0.001))
    return b.node(op, inputs, x, bounds=(-most, most), axis=shown, epsilon=epsilon)


@operator("LpNormalization")
def vector_normalization(b: Builder, op: str) -> Val:
    """To length one along an axis."""
    x = b.pick(b.dtypes(op, FLOATS), lambda val: is_positive(val.dims), ranks=(1, 4))
    x = b.within(x, 0.5, 8.0)  # no vector has length zero
    axis = b.choice((None, *range(x.rank)))
    return b.node(op, [x], x, bounds=(0.0, 1.01), axis=axis, p=b.choice((None, 1)))


@operator("MatMul")
def matmul(b: Builder, op: str) -> Val:
    """With a weight, or of two values at hand that fit."""
    x = b.pick(b.dtypes(op, NUMBERS), lambda val: is_positive(val.dims), ranks=(1, 4))
    inner = x.dims[-1]

    def fits(val: Val) -> bool:
        return (
            val.dtype is x.dtype
            and val.rank >= 2
            and val.dims[-2] == inner
            and broadcast(x.dims[:-2], val.dims[:-2]) is not None
        )

    found = [val for val in b.frame.visible() if fits(val)]
    index = b.integer(0, len(found))
    if index < len(found):
        y = found[index]
    elif isinstance(inner, int):
        batch = b.static(x.dims[:-2])[b.choice((x.rank - 2, 0)) :] if x.rank > 2 else ()
        columns = () if b.one_in(6) and not batch else (b.integer(1, 4),)
        y = b.constant(b.array((*batch, inner, *columns), x.dtype, -1.0, 1.0))
    else:
        raise UnfitError
    most = count_at([inner], _MANY)
    if x.is_float and x.bound * y.bound * most > 1e3:
        same = x is y
        x = b.within(x, -1.0, 1.0)
        y = x if same else b.within(y, -1.0, 1.0)
    bound = x.bound * y.bound * most
    rows: Dims = x.dims[-2:-1] if x.rank >= 2 else ()
    last: Dims = y.dims[-1:] if y.rank >= 2 else ()
    batches = broadcast(x.dims[:-2], y.dims[:-2])
    assert batches is not None
    return b.node(op, [x, y], x.dtype, (*batches, *rows, *last), (-bound, bound))


@operator("Gemm")
def gemm(b: Builder, op: str) -> Val:
    """A layer of a network: transposed or not, with a bias of any shape that broadcasts."""
    x = b.pick(b.dtypes(op, FLOATS), lambda val: is_positive(val.dims), ranks=(2, 2))
    turned = b.one_in(4)
    rows, inner = x.dims[::-1] if turned else x.dims
    if not isinstance(inner, int):
        raise UnfitError
    x = b.within(x, -8.0, 8.0)
    columns, turned_weight = b.integer(1, 4), b.one_in(2)
    dims = (columns, inner) if turned_weight else (inner, columns)
    weight = b.constant(b.array(dims, x.dtype, -1.0, 1.0))
    alpha, beta = b.choice((None, 0.5)), b.choice((None, 0.5))
    inputs: list[Val | None] = [x, weight]
    if b.opset < 11 or not b.one_in(3):
        bias_dims: list[tuple[int, ...]] = [(columns,), (1, columns), (1,), ()]
        inputs.append(b.constant(b.array(b.choice(bias_dims), x.dtype)))
    bound = x.bound * inner + 2
    return b.node(
        op,
        inputs,
        x.dtype,
        (rows, columns),
        (-bound, bound),
        alpha=alpha,
        beta=beta,
        transA=int(turned) or None,
        transB=int(turned_weight) or None,
    )


@operator("Einsum")
def einsum(b: Builder, op: str) -> Val:
    """A product of matrices, a transposition or a trace, as an equation."""
    x = b.pick(b.dtypes(op, FLOATS), lambda val: is_positive(val.dims), ranks=(2, 2))
    rows, inner = x.dims
    if b.one_in(2) or not isinstance(inner, int):
        equation = b.choice(("ij->ji", "ij->i"))
        dims: tuple[Dim, ...] = (inner, rows) if equation == "ij->ji" else (rows,)
        x = b.within(x, -1.0, 1.0)
        most = x.bound * count_at([inner], _MANY)
        return b.node(op, [x], x, dims, (-most, most), equation=equation)
    y = b.constant(b.array((inner, 2), x.dtype, -1.0, 1.0))
    x = b.within(x, -8.0, 8.0)
    most = x.bound * inner
    return b.node(op, [x, y], x, (rows, 2), (-most, most), equation="ij,jk->ik")
