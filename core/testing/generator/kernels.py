"""Kernels: which element types an operator takes, by its schema and by what runtimes implement."""

from __future__ import annotations

from functools import cache

import onnx
import onnx_ir as ir

from .values import BOOL, DOUBLE, FLOAT16, INT32, INT64

_NEVER = 1000

_NO_DOUBLE = [
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "AveragePool",
    "Conv",
    "ConvTranspose",
    "Cosh",
    "Elu",
    "Erf",
    "GRU",
    "Gelu",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "InstanceNormalization",
    "LRN",
    "LSTM",
    "LeakyRelu",
    "LpPool",
    "Mean",
    "MeanVarianceNormalization",
    "Mish",
    "NonZero",
    "PRelu",
    "RNN",
    "Resize",
    "Selu",
    "Sinh",
    "Softplus",
    "Softsign",
    "Tan",
    "ThresholdedRelu",
    "Upsample",
]

_FIRST: dict[tuple[str, ir.DataType], int] = {
    **{(op_type, DOUBLE): _NEVER for op_type in _NO_DOUBLE},
    ("Clip", DOUBLE): 12,
    ("Erf", INT32): 13,
    ("Erf", INT64): 13,
    ("Max", DOUBLE): 8,
    ("MaxPool", DOUBLE): 8,
    ("Min", DOUBLE): 8,
    ("MeanVarianceNormalization", FLOAT16): _NEVER,
    ("OneHot", INT32): _NEVER,
    ("Relu", INT64): _NEVER,
    ("Where", BOOL): _NEVER,
}
"""Opsets from which on ONNX Runtime has a CPU kernel for a type that the schema allows earlier."""

_LAST = {"DequantizeLinear": 27, "GlobalLpPool": 21, "QuantizeLinear": 27, "Swish": 24}
"""The last opset for which ONNX Runtime has a CPU kernel of an operator at all."""

_SINCE = {"Scan": 9}
"""The first opset for which an operator is written; the Scan of opset 8 is another operator."""


@cache
def form(op_type: str, opset: int) -> int | None:
    """Return the opset in which the operator got the form that it has at ``opset``."""
    try:
        schema = onnx.defs.get_schema(op_type, opset)
    except onnx.defs.SchemaError:
        return None
    is_written = _SINCE.get(op_type, 0) <= opset <= _LAST.get(op_type, opset)
    return schema.since_version if is_written and not schema.deprecated else None


@cache
def takes(op_type: str, opset: int, dtype: ir.DataType, position: int = 0) -> bool:
    """Tell whether an input of the operator can have this element type, and be run."""
    if form(op_type, opset) is None:
        return False
    schema = onnx.defs.get_schema(op_type, opset)
    # The condition of a Where is not what lacks a kernel.
    if opset < _FIRST.get((op_type, dtype), 0) and (op_type != "Where" or position):
        return False
    if position >= len(schema.inputs):
        return True
    return f"tensor({_TEXT[dtype]})" in schema.inputs[position].types


_TEXT = {
    ir.DataType.FLOAT: "float",
    DOUBLE: "double",
    FLOAT16: "float16",
    INT32: "int32",
    INT64: "int64",
    BOOL: "bool",
}
