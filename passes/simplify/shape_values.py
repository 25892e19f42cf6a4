"""Values that follow from static dimensions, also where only some dimensions are static.

    Shape(x: float[N, 3, 8, 8]) -> Gather(axis 0, 1)       3
    Shape(x: float[N, 3, 8, 8]) -> Slice(2:4)              [8, 8]

A vector of int64 is followed from the Shape on as a list of numbers, ``None`` standing for those
that are known only when the model runs. What consists of numbers alone is a constant, although what
it was computed from is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

if TYPE_CHECKING:
    from collections.abc import Iterable

    Numbers = list[int | None] | int | None
    Dims = tuple[int | None, ...]

_UNKNOWN = "unknown"
_INT64 = frozenset([ir.DataType.INT64])
_INTEGERS = _INT64 | {ir.DataType.INT32}
LONGEST = 64
"""Constants of more elements are not looked at: they are no shapes."""


class ShapeValues:
    """The integer scalars and vectors that are known of a model.

    Args:
        dims: Dimensions of a value, ``None`` for those that are not static; ``None`` in all for an
            unknown rank.
        constants: Tensors of values that are constant.

    Attributes:
        resolved: Constants that were found, each the one output of its node.
    """

    def __init__(
        self,
        dims: Callable[[ir.Value], Dims | None],
        constants: Mapping[ir.Value, ir.TensorProtocol],
    ) -> None:
        self._dims = dims
        self._constants = constants
        self._numbers: dict[ir.Value, Numbers] = {}
        self.resolved: dict[ir.Value, ir.TensorProtocol] = {}

    def follow(self, nodes: Iterable[ir.Node]) -> None:
        """Visit ``nodes``, in topological order."""
        for node in nodes:
            rule = _RULES.get(node.op_type)
            if rule is None or node.domain or not node.inputs or len(node.outputs) != 1:
                continue
            source = node.inputs[0]
            if source is None or any(a.is_ref() for a in node.attributes.values()):
                continue
            if node.op_type not in _SOURCES and not any(v in self._numbers for v in node.inputs):
                continue
            numbers = rule(self, node)
            if numbers == _UNKNOWN:
                continue
            output = node.outputs[0]
            self._numbers[output] = numbers  # type: ignore[assignment]
            if numbers is not None and not (isinstance(numbers, list) and None in numbers):
                self.resolved[output] = ir.Tensor(np.array(numbers, dtype=np.int64))

    def numbers(self, value: ir.Value | None) -> Numbers | str:
        """Return what is known of ``value``, of type int64: a number or a list of them."""
        return self._of(value, _INT64)

    def constant(self, node: ir.Node, index: int) -> Numbers | str:
        """Return input ``index`` of ``node``, int32 or int64, where it is known whole."""
        value = node.inputs[index] if index < len(node.inputs) else None
        numbers = self._of(value, _INTEGERS)
        partial = numbers is None or (isinstance(numbers, list) and None in numbers)
        return _UNKNOWN if partial else numbers

    def _of(self, value: ir.Value | None, dtypes: frozenset[ir.DataType]) -> Numbers | str:
        if value is None:
            return _UNKNOWN
        if value in self._numbers:
            return self._numbers[value]
        tensor = self._constants.get(value)
        if tensor is None or tensor.dtype not in dtypes:
            return _UNKNOWN
        if len(tensor.shape) > 1 or tensor.size > LONGEST:
            return _UNKNOWN
        numbers: Numbers = tensor.numpy().tolist()
        return numbers

    def dims(self, value: ir.Value) -> Dims | None:
        """Return the dimensions of ``value``."""
        return self._dims(value)


def _int(node: ir.Node, name: str, default: int) -> int:
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_int()


def _shape(known: ShapeValues, node: ir.Node) -> Numbers | str:
    assert node.inputs[0] is not None
    dims = known.dims(node.inputs[0])
    if dims is None:
        return _UNKNOWN
    end = node.attributes.get("end")
    return list(dims[_int(node, "start", 0) : None if end is None else end.as_int()])


def _size(known: ShapeValues, node: ir.Node) -> Numbers | str:
    assert node.inputs[0] is not None
    dims = known.dims(node.inputs[0])
    if dims is None:
        return _UNKNOWN
    size = 1
    for dim in dims:
        if dim is None:
            return None
        size *= dim
    return size


def _gather(known: ShapeValues, node: ir.Node) -> Numbers | str:
    data, indices = known.numbers(node.inputs[0]), known.constant(node, 1)
    if not isinstance(data, list) or _int(node, "axis", 0) not in (0, -1):
        return _UNKNOWN
    if isinstance(indices, int):
        return data[indices] if -len(data) <= indices < len(data) else _UNKNOWN
    if not isinstance(indices, list):
        return _UNKNOWN
    if not all(-len(data) <= i < len(data) for i in indices if i is not None):
        return _UNKNOWN
    return [data[i] for i in indices if i is not None]


def _slice(known: ShapeValues, node: ir.Node) -> Numbers | str:
    data = known.numbers(node.inputs[0])
    if not isinstance(data, list):
        return _UNKNOWN
    bounds: list[int] = []
    names = ("starts", "ends", "axes", "steps")
    for index, (name, default) in enumerate(zip(names, (None, None, 0, 1), strict=True), start=1):
        found: Numbers | str | None
        if name in node.attributes:
            found = list(node.attributes[name].as_ints())
        elif index < len(node.inputs) and node.inputs[index] is not None:
            found = known.constant(node, index)
        else:
            found = None if default is None else [default]
        if not isinstance(found, list) or len(found) != 1 or found[0] is None:
            return _UNKNOWN
        bounds.append(found[0])
    start, end, axis, step = bounds
    if axis not in (0, -1) or step < 1:
        return _UNKNOWN
    return data[slice(start, end, step)]


def _concat(known: ShapeValues, node: ir.Node) -> Numbers | str:
    joined: list[int | None] = []
    for value in node.inputs:
        numbers = known.numbers(value)
        if not isinstance(numbers, list):
            return _UNKNOWN
        joined += numbers
    return joined if _int(node, "axis", 1) in (0, -1) else _UNKNOWN


def _unsqueeze(known: ShapeValues, node: ir.Node) -> Numbers | str:
    data = known.numbers(node.inputs[0])
    if isinstance(data, (list, str)):
        return _UNKNOWN
    if "axes" in node.attributes:
        axes: Numbers | str = list(node.attributes["axes"].as_ints())
    else:
        axes = known.constant(node, 1)
    return [data] if axes in ([0], [-1]) else _UNKNOWN


def _squeeze(known: ShapeValues, node: ir.Node) -> Numbers | str:
    data = known.numbers(node.inputs[0])
    return data[0] if isinstance(data, list) and len(data) == 1 else _UNKNOWN


def _identity(known: ShapeValues, node: ir.Node) -> Numbers | str:
    return known.numbers(node.inputs[0])


def _cast(known: ShapeValues, node: ir.Node) -> Numbers | str:
    to = node.attributes.get("to")
    # Until opset 5 the attribute was a string.
    if to is None or to.type != ir.AttributeType.INT or to.as_int() != ir.DataType.INT64:
        return _UNKNOWN
    return known.numbers(node.inputs[0])


_SOURCES = frozenset(["Shape", "Size"])
_RULES: dict[str, Callable[[ShapeValues, ir.Node], Numbers | str]] = {
    "Cast": _cast,
    "Concat": _concat,
    "Gather": _gather,
    "Identity": _identity,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}
