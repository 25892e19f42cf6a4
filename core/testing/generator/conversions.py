"""Operators that copy or convert: Identity, Cast, Dropout, shapes as values, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from .sizes import count_at, least
from .table import operator
from .values import ANY, BOOL, FLOAT, FLOATS, INT64, LARGEST, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


@operator("Identity")
def identity(b: Builder, op: str) -> Val:
    """A copy."""
    return b.node(op, [x := b.pick(b.dtypes(op, ANY))], x)


@operator("Dropout")
def dropout(b: Builder, op: str) -> list[Val]:
    """As in inference, where it is a copy; with ratio, mode and mask or without."""
    x = b.pick(b.dtypes(op, FLOATS))
    inputs: list[Val | None] = [x]
    attributes: dict[str, Any] = {}
    if b.opset < 12:
        attributes["ratio"] = b.choice((None, 0.25))
    else:
        way, ratio = b.integer(0, 2), b.scalar(0.25, FLOAT)
        if way == 1:
            inputs.append(ratio)
        elif way == 2:
            inputs += [None, b.constant(np.array(False))]
        attributes["seed"] = b.choice((None, 1))
    results = [Result(x.dtype, x.dims, x.low, x.high)]
    # Before opset 10 the mask has the type of the data.
    if b.opset >= 10 and b.one_in(4):
        results.append(Result(BOOL, x.dims, 0.0, 1.0))
    return b.emit(op, inputs, results, attributes)


@operator("Cast")
def cast(b: Builder, op: str) -> Val:
    """To another element type, or to its own."""
    x = b.pick(b.dtypes(op, ANY))
    return cast_to(b, x, b.choice(b.options.dtypes))


@operator("CastLike")
def cast_like(b: Builder, op: str) -> Val:
    """To the element type of another value."""
    x, like = b.pick(b.dtypes(op, ANY)), b.pick(b.dtypes(op, ANY))
    return b.node(op, [x, like], like.dtype, x.dims, cast_bounds(x, like.dtype))


def cast_to(b: Builder, x: Val, dtype: ir.DataType) -> Val:
    """Add a Cast."""
    return b.node("Cast", [x], dtype, x.dims, cast_bounds(x, dtype), to=int(dtype))


def cast_bounds(x: Val, dtype: ir.DataType) -> tuple[float, float]:
    """Return where the elements of ``x`` lie when they are of another type.

    Raises:
        UnfitError: Some do not fit into it.
    """
    if dtype is BOOL:
        return 0.0, 1.0
    if x.bound > LARGEST[dtype]:
        raise UnfitError
    return float(np.floor(x.low)), float(np.ceil(x.high))


@operator("Shape", "Size")
def shape_of(b: Builder, op: str) -> Val:
    """What a value measures, as a value."""
    x = b.pick(b.dtypes(op, ANY))
    if op == "Size":
        return b.node(op, [x], INT64, (), (0.0, float(count_at(x.dims, 64))))
    most = float(max((count_at([dim], 512) for dim in x.dims), default=1))
    low = float(min(map(least, x.dims), default=1))
    start = end = None
    count = x.rank
    if b.opset >= 15 and b.one_in(3):
        start = b.integer(0, x.rank)
        end = b.choice((None, x.rank, -1))
        count = max(0, (x.rank - 1 if end == -1 else x.rank) - start)
    return b.node(op, [x], INT64, (count,), (low, most), start=start, end=end)


@operator("Constant")
def constant(b: Builder, op: str) -> Val:
    """By any of the attributes that can hold its value, texts included."""
    # Before opset 9 there are Constants of floats only.
    dtype = b.choice([d for d in b.options.dtypes if b.opset >= 9 or d in FLOATS] or [FLOAT])
    way = b.integer(0, 4)
    if way < 4 or b.opset < 12:
        array = b.array(b.choice(((2,), (), (1, 2))), dtype)
        return _written(b, array, dtype, way)
    texts = ["a", "bc"]
    is_one = b.one_in(2)
    attribute = (
        ir.AttrString("value_string", "a") if is_one else ir.AttrStrings("value_strings", texts)
    )
    result = Result(ir.DataType.STRING, () if is_one else (2,), 0.0, 0.0)
    made = b.emit(op, [], [result], {attribute.name: attribute})[0]
    return b.node("Size", [made], INT64, (), (0.0, 2.0))


def _written(b: Builder, array: np.ndarray[Any, Any], dtype: ir.DataType, way: int) -> Val:
    numbers = array.tolist()
    attributes: dict[str, Any] = {"value": ir.Tensor(array, dtype=dtype, name="")}
    if way and b.opset >= 12 and array.ndim <= 1 and dtype in (FLOAT, INT64):
        kind = "float" if dtype is FLOAT else "int"
        attributes = {f"value_{kind}s": numbers} if array.ndim else {f"value_{kind}": numbers}
    bounds = (float(array.min()), float(array.max()))
    dims = tuple(int(size) for size in array.shape)
    made = b.emit("Constant", [], [Result(dtype, dims, *bounds)], attributes)[0]
    made.array = array
    b.frame.constants.append(made)
    return made
