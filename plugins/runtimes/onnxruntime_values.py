"""Values of types that ONNX Runtime's NumPy interface lacks: bfloat16, float8, 4-bit."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from passmgr.core.contract import ValueInfo
from passmgr.core.errors import RuntimeFailure
from passmgr.core.guard.value_types import parse_type


def is_foreign(type_text: str) -> bool:
    """Whether values of this type cannot go through ONNX Runtime's NumPy interface."""
    kind = parse_type(type_text)
    return kind.kind == "tensor" and (kind.dtype >= ir.DataType.BFLOAT16)


def run_with_foreign_types(
    loaded: Any, inputs: Sequence[ValueInfo], outputs: Sequence[ValueInfo], feed: Mapping[str, Any]
) -> list[Any]:
    """Run a session of ONNX Runtime some of whose inputs or outputs are foreign.

    Raises:
        RuntimeFailure: Others of them are neither foreign nor numeric tensors.
    """
    types = {info.name: info.type for info in inputs}
    values = {name: _to_ort(name, types.get(name, ""), value) for name, value in feed.items()}
    results = loaded.run_with_ort_values([info.name for info in outputs], values)
    return [_from_ort(info, value) for info, value in zip(outputs, results, strict=True)]


def _to_ort(name: str, type_text: str, value: Any) -> Any:
    from onnxruntime import OrtValue  # type: ignore[import-untyped]

    kind = parse_type(type_text)
    array = np.ascontiguousarray(value)
    if kind.kind != "tensor" or array.dtype.kind in "OUS":
        raise RuntimeFailure(
            f"input '{name}' is {type_text}: ONNX Runtime's Python interface takes none beside "
            "bfloat16, float8 or 4-bit values"
        )
    if not is_foreign(type_text):
        return OrtValue.ortvalue_from_numpy(array.reshape(np.shape(value)))
    raw = _pack(array, kind.dtype)
    target = OrtValue.ortvalue_from_shape_and_type(list(np.shape(value)), int(kind.dtype))
    if raw:
        ctypes.memmove(target.data_ptr(), raw, len(raw))
    return target


def _from_ort(info: ValueInfo, value: Any) -> Any:
    if not value.is_tensor():
        raise RuntimeFailure(
            f"output '{info.name}' is {info.type}: ONNX Runtime's Python interface returns none "
            "beside bfloat16, float8 or 4-bit values"
        )
    if not is_foreign(info.type):
        return value.numpy().copy()
    size = value.tensor_size_in_bytes()
    raw = ctypes.string_at(value.data_ptr(), size) if size else b""
    return _unpack(raw, parse_type(info.type).dtype, value.shape())


def _pack(array: np.ndarray[Any, Any], dtype: ir.DataType) -> bytes:
    """Return the bytes of ``array``; types under 8 bits share a byte, the first one lowest."""
    width = dtype.bitwidth
    if array.dtype != dtype.numpy():
        array = array.astype(dtype.numpy())
    if width >= 8:
        return array.tobytes()
    codes = array.reshape(-1).view(np.uint8) & ((1 << width) - 1)
    per_byte = 8 // width
    codes = np.pad(codes, (0, -codes.size % per_byte)).reshape(-1, per_byte)
    shifts = np.arange(per_byte, dtype=np.uint8) * np.uint8(width)
    packed: bytes = np.bitwise_or.reduce(codes << shifts, axis=1).astype(np.uint8).tobytes()
    return packed


def _unpack(raw: bytes, dtype: ir.DataType, shape: Sequence[int]) -> np.ndarray[Any, Any]:
    width = dtype.bitwidth
    if width >= 8:
        return np.frombuffer(raw, dtype.numpy()).reshape(shape)
    per_byte = 8 // width
    shifts = np.arange(per_byte, dtype=np.uint8) * np.uint8(width)
    mask = np.uint8((1 << width) - 1)
    codes = (np.frombuffer(raw, np.uint8)[:, None] >> shifts) & mask
    codes = codes.reshape(-1)[: int(np.prod(shape, dtype=np.int64))]
    if dtype.is_integer() and dtype.is_signed():
        sign = np.uint8(1 << (width - 1))
        return ((codes ^ sign).astype(np.int8) - np.int8(sign)).astype(dtype.numpy()).reshape(shape)
    return codes.view(dtype.numpy()).reshape(shape)
