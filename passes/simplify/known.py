"""What is known about the values of a graph before it runs: constants, shapes, attributes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from ..analyze.constants import constant_tensor, is_constant_initializer
from ..analyze.symbolic_shapes import ShapeFacts, SymbolicShapes

if TYPE_CHECKING:
    import numpy as np

    from passmgr.core.contract import PassContext

    from ..analyze.symbolic_shapes import Dims


class Known:
    """What holds in a model when a pass begins; equal values may be exchanged without notice.

    Args:
        model: The model.
        ctx: Gives the shapes, when they are asked for.

    Attributes:
        ir_version: IR version of the model; from 4 on a user may override an initializer that is
            also an input.
        opset: Version of the standard domain in the graph at hand.
    """

    def __init__(self, model: ir.Model, ctx: PassContext) -> None:
        self.ir_version = model.ir_version
        self.opset = 0
        self._ctx = ctx

    @cached_property
    def shapes(self) -> ShapeFacts:
        """Dimensions and integers of the main graph and its subgraphs, as expressions."""
        return self._ctx.get(SymbolicShapes)

    def dims(self, value: ir.Value | None) -> Dims | None:
        """Return the dimensions of ``value``, ``None`` for an unknown rank."""
        return None if value is None else self.shapes.dims.get(value)

    def truth(self, value: ir.Value | None) -> bool | None:
        """Return the truth value that ``value`` is in every run, or ``None``."""
        array = self.array(value)
        if array is not None:
            return bool(array) if array.size == 1 else None
        numbers = None if value is None else self.shapes.numbers.get(value)
        if isinstance(numbers, tuple) and len(numbers) == 1:
            numbers = numbers[0]
        return bool(numbers) if isinstance(numbers, int) else None

    def tensor(self, value: ir.Value | None) -> ir.TensorProtocol | None:
        """Return the tensor that ``value`` is in every run, or ``None``."""
        if value is None:
            return None
        if value.is_initializer():
            constant = is_constant_initializer(value, self.ir_version)
            return value.const_value if constant else None
        producer = value.producer()
        return None if producer is None else constant_tensor(producer)

    def array(self, value: ir.Value | None) -> np.ndarray[Any, Any] | None:
        """Return the constant ``value`` as an array, or ``None``; the data of weights is mapped."""
        tensor = self.tensor(value)
        return None if tensor is None else tensor.numpy()

    def ints(self, value: ir.Value | None) -> list[int] | None:
        """Return a constant of integers, such as a shape or axes, as a flat list, or ``None``."""
        tensor = self.tensor(value)
        if tensor is None or not tensor.dtype.is_integer():
            return None
        return [int(number) for number in tensor.numpy().reshape(-1)]


def int_attribute(node: ir.Node, name: str, default: int | None = None) -> int | None:
    """Return an integer attribute; ``None`` where a function's caller decides on it."""
    attribute = node.attributes.get(name)
    if attribute is None:
        return default
    if attribute.is_ref() or attribute.type != ir.AttributeType.INT:
        return None
    return attribute.as_int()


def ints_attribute(node: ir.Node, name: str) -> list[int] | None:
    """Return a list of integers; ``None`` where it is absent or a function's caller decides."""
    attribute = node.attributes.get(name)
    if attribute is None or attribute.is_ref() or attribute.type != ir.AttributeType.INTS:
        return None
    return list(attribute.as_ints())


def input_at(node: ir.Node, index: int) -> ir.Value | None:
    """Return input ``index`` of ``node``, ``None`` where it is left out."""
    return node.inputs[index] if index < len(node.inputs) else None
