"""Which operators may be computed before the model runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

from passmgr.core.ir.schema import signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..analyze.shape_functions import Typing

RANDOM = frozenset(
    [
        "Bernoulli",
        "Dropout",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    ]
)
"""Operators that give another result each time, or may: Dropout does so in training mode."""

CONTROL_FLOW = frozenset(["If", "Loop", "Scan", "SequenceMap"])
"""Operators that run graphs of their own."""

QUANTIZATION = frozenset(["DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear"])
"""Folding DequantizeLinear of a weight would undo its quantization: the weight would be float again
and the kernel for integers would find nothing to match. QuantizeLinear stays with its partner."""

KEPT = RANDOM | CONTROL_FLOW | QUANTIZATION | {"Constant"}
"""Standard operators that are never folded."""

DTYPES = frozenset(
    [
        ir.DataType.BOOL,
        ir.DataType.DOUBLE,
        ir.DataType.FLOAT,
        ir.DataType.FLOAT16,
        ir.DataType.INT8,
        ir.DataType.INT16,
        ir.DataType.INT32,
        ir.DataType.INT64,
        ir.DataType.UINT8,
        ir.DataType.UINT16,
        ir.DataType.UINT32,
        ir.DataType.UINT64,
    ]
)
"""Element types that are folded; strings and the types that NumPy lacks are left alone."""


def is_foldable(
    node: ir.Node, opset: int | None, functions: Mapping[ir.OperatorIdentifier, ir.Function]
) -> bool:
    """Tell whether ``node`` may be computed where all its inputs are constants.

    Args:
        node: The node.
        opset: Version of the default domain.
        functions: The functions of the model: one of the name of an operator stands in for it.
    """
    if node.domain or node.op_type in KEPT or opset is None:
        return False
    if node.op_identifier() in functions or signature("", node.op_type, opset) is None:
        return False
    return not any(
        attribute.is_ref() or attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
        for attribute in node.attributes.values()
    )


def is_foldable_type(typing: Typing | None) -> bool:
    """Tell whether a constant of this type can be made; yes as long as the type is unknown."""
    if typing is None:
        return True
    return isinstance(typing.type, ir.TensorType) and typing.type.dtype in DTYPES
