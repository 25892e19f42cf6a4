"""Eliminate-zero-states: ``LSTM(x, w, r, b, , zeros, zeros) -> LSTM(x, w, r, b)``.

A recurrent operator starts from zeros where no initial state is given.

Numerics: exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset

if TYPE_CHECKING:
    import onnx_ir as ir

    from .known import Known

_STATES = {"GRU": (5,), "LSTM": (5, 6), "RNN": (5,)}
"""Inputs that are initial states."""

_MOVES = frozenset(
    {"Expand", "Gather", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose"}
    | {"Unsqueeze"}
)
"""Operators whose results are made of elements of their first input."""


@dataclass(frozen=True)
class EliminateZeroStates(Pass):
    """Leave out initial states of recurrent operators that are zeros."""

    name = "eliminate-zero-states"
    touches = ops("GRU", "LSTM", "RNN")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once."""
        from .known import Known

        known = Known(model, ctx)
        for graph, known.opset in graphs_with_opset(model):
            for node in graph:
                if node.op_type in _STATES and not node.domain:
                    _drop_states(node, known, ctx)


def _drop_states(node: ir.Node, known: Known, ctx: PassContext) -> None:
    states = [index for index in _STATES[node.op_type] if index < len(node.inputs)]
    zeros = [index for index in states if _is_zero(node.inputs[index], known)]
    if not zeros or not ctx.action(node, "drop-states"):
        return
    for index in zeros:
        ctx.edit.replace_input(node, index, None)
    count = len(node.inputs)
    while node.inputs[count - 1] is None:
        count -= 1
    if count < len(node.inputs):
        ctx.edit.resize_inputs(node, count)


def _is_zero(value: ir.Value | None, known: Known) -> bool:
    """Tell whether all elements of ``value`` are 0.0, whatever its shape."""
    while value is not None:
        array = known.array(value)
        if array is not None:
            return not array.any() and not _has_sign(array)
        producer = value.producer()
        if producer is None or producer.domain:
            return False
        if producer.op_type == "ConstantOfShape":
            fill = producer.attributes.get("value")
            if fill is None:
                return True
            return not fill.is_ref() and not fill.value.numpy().any()
        if producer.op_type not in _MOVES:
            return False
        value = producer.inputs[0]
    return False


def _has_sign(array: object) -> bool:
    """Tell whether a zero is a negative one."""
    import numpy as np

    return bool(np.signbit(array).any())  # type: ignore[call-overload]
