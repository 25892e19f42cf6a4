"""Constants: as initializers, shared, copied or written once more, or as nodes of every kind."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from .values import BOOL, FLOAT, FLOATS, INT64, Frame, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


def make_constant(b: Builder, array: np.ndarray[Any, Any]) -> Val:
    """Make a constant of ``array``, or share one that is equal."""
    dtype = ir.DataType.from_numpy(array.dtype)
    for known in b.frame.visible_constants():
        same = known.array is not None and known.dtype is dtype and known.dims == array.shape
        if same and np.array_equal(known.array, array):  # type: ignore[arg-type]
            if not b.one_in(4):
                return known
            break
    return _new_constant(b, array, dtype)


def _new_constant(b: Builder, array: np.ndarray[Any, Any], dtype: ir.DataType) -> Val:
    main = b.frame
    while main.parent is not None:
        main = main.parent
    homes: list[Frame | None] = []
    if b.options.initializers:
        homes += [main] * (main.kind == "main") * 3
        # Before IR version 4 initializers of subgraphs would have to be inputs of theirs.
        homes += [b.frame] * (b.frame.kind == "branch" and b.ir_version >= 4)
    if b.opset >= 9 or dtype in FLOATS:
        homes.append(None)
    elif not homes:
        raise UnfitError  # before opset 9 there are Constants of floats only
    home = b.choice(homes)
    bounds = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    dims = tuple(int(size) for size in array.shape)
    if home is None:
        attributes = _attributes(b, array, dtype)
        made = b.emit("Constant", [], [Result(dtype, dims, *bounds)], attributes)[0]
        made.array = array
        b.frame.constants.append(made)
        return made
    value = ir.Value(name=b.name("c"), type=ir.TensorType(dtype), shape=ir.Shape(dims))
    value.const_value = ir.Tensor(array, dtype=dtype, name=value.name)
    made = Val(value, dtype, dims, *bounds, array)
    home.initializers.append(made)
    home.constants.append(made)
    return made


def _attributes(b: Builder, array: np.ndarray[Any, Any], dtype: ir.DataType) -> dict[str, Any]:
    """One of the ways to write a Constant."""
    ways: list[dict[str, Any]] = [{"value": ir.Tensor(array, dtype=dtype, name="")}]
    if b.opset >= 12 and array.ndim <= 1:
        numbers = array.tolist()
        if dtype is FLOAT and array.size:
            ways.append({"value_floats": numbers} if array.ndim else {"value_float": numbers})
        elif dtype is INT64:
            ways.append({"value_ints": numbers} if array.ndim else {"value_int": numbers})
    return b.choice(ways)


def numbers(
    dims: Sequence[int], dtype: ir.DataType, low: float, high: float, seed: int
) -> np.ndarray[Any, Any]:
    """Return numbers between ``low`` and ``high``; equal seeds give equal numbers."""
    if dtype not in FLOATS:
        low, high = np.ceil(low), np.floor(high)
    key = f"{tuple(dims)} {low} {high} {seed}".encode()
    random = np.random.Generator(np.random.PCG64(zlib.crc32(key)))
    if dtype is BOOL:
        return random.integers(0, 2, tuple(dims)).astype(np.bool_)
    if dtype in FLOATS:
        # Few bits, so that numbers are the same in every type and short in texts.
        steps = random.integers(0, 33, tuple(dims)) / 32
        return np.asarray(low + steps * (high - low)).astype(dtype.numpy())
    return np.asarray(random.integers(int(low), int(high) + 1, tuple(dims)), dtype.numpy())
