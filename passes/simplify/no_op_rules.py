"""The rules of eliminate-no-ops: each returns the input that a node gives back, or ``None``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..analyze.expressions import is_positive
from .known import Known, input_at, int_attribute, ints_attribute

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..analyze.symbolic_shapes import Dims

Rule = Callable[["ir.Node", Known], "ir.Value | None"]

_WHOLE = 2**31 - 1
"""Exporters write this, or more, for the end of a slice that takes all."""


def _dropout(node: ir.Node, known: Known) -> ir.Value | None:
    if len(node.outputs) > 1 and (node.outputs[1]._uses or node.outputs[1].is_graph_output()):
        return None
    if known.opset < 7:
        inference = bool(int_attribute(node, "is_test", 0))
    else:
        mode = input_at(node, 2)
        array = known.array(mode)
        inference = mode is None or (array is not None and not array.any())
    return node.inputs[0] if inference else None


def _cast(node: ir.Node, known: Known) -> ir.Value | None:
    source = node.inputs[0]
    if source is None or source.dtype is None:
        return None
    if known.opset < 6:
        attribute = node.attributes.get("to")
        same = attribute is not None and attribute.value == source.dtype.name
    else:
        same = int_attribute(node, "to") == source.dtype
    return source if same else None


def _cast_like(node: ir.Node, known: Known) -> ir.Value | None:
    source, like = node.inputs
    if source is None or like is None or source.dtype is None:
        return None
    return source if source.dtype == like.dtype else None


def _transpose(node: ir.Node, known: Known) -> ir.Value | None:
    source = node.inputs[0]
    if "perm" in node.attributes:
        perm = ints_attribute(node, "perm")
        if perm is None or perm == list(range(len(perm))):
            return source if perm is not None else None
        shape = known.dims(source)
    else:
        shape = known.dims(source)
        perm = None if shape is None else list(range(len(shape)))[::-1]
    if shape is None or perm is None or len(perm) != len(shape):
        return None
    # Dimensions of size 1 may change places with each other.
    stays = all(i == axis or shape[i] == shape[axis] == 1 for i, axis in enumerate(perm))
    return source if stays else None


def _one_input(node: ir.Node, known: Known) -> ir.Value | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


def _same_elements(node: ir.Node, known: Known) -> ir.Value | None:
    """Reshape and its like: the elements stay, so all dimensions but one tell the last one."""
    before, after = known.dims(node.inputs[0]), known.dims(node.outputs[0])
    if before is None or after is None or len(before) != len(after):
        return None
    pairs = list(zip(before, after, strict=True))
    open_ = [pair for pair in pairs if pair[0] != pair[1]]
    if not open_:
        return node.inputs[0]
    # Where nothing is certain to be above zero, there may be no elements to tell anything.
    decided = all(a == b and is_positive(a) for a, b in pairs if (a, b) != open_[0])
    one = len(open_) == 1 and any(not isinstance(dim, int) for dim in open_[0])
    return node.inputs[0] if one and decided else None


def _expand(node: ir.Node, known: Known) -> ir.Value | None:
    before = known.dims(node.inputs[0])
    same = before is not None and before == known.dims(node.outputs[0])
    return node.inputs[0] if same else None


def _absorbs(shape: Dims, other: Dims) -> bool:
    """Tell whether broadcasting ``shape`` with ``other`` gives ``shape`` again."""
    if len(other) > len(shape):
        return False
    return all(
        b == 1 or a == b for a, b in zip(reversed(shape), reversed(tuple(other)), strict=False)
    )


def _tile(node: ir.Node, known: Known) -> ir.Value | None:
    repeats = known.ints(input_at(node, 1)) if known.opset >= 6 else None
    return node.inputs[0] if repeats is not None and set(repeats) <= {1} else None


def _pad(node: ir.Node, known: Known) -> ir.Value | None:
    if known.opset >= 11:
        pads = known.ints(input_at(node, 1))
    else:
        pads = ints_attribute(node, "pads" if known.opset >= 2 else "paddings")
    return node.inputs[0] if pads is not None and not any(pads) else None


def _slice(node: ir.Node, known: Known) -> ir.Value | None:
    source = node.inputs[0]
    if known.opset >= 10 and input_at(node, 4) is not None:
        steps = known.ints(input_at(node, 4))
        if steps is None or set(steps) - {1}:
            return None
    shape = known.dims(source)
    if shape is not None:
        # In steps of 1, only all elements are as many as all elements.
        return source if shape == known.dims(node.outputs[0]) else None
    if known.opset >= 10:
        starts, ends = known.ints(input_at(node, 1)), known.ints(input_at(node, 2))
    else:
        starts, ends = ints_attribute(node, "starts"), ints_attribute(node, "ends")
    if starts is None or ends is None:
        return None
    return source if not any(starts) and all(end >= _WHOLE for end in ends) else None


def neutral_operand(
    node: ir.Node, known: Known, neutral: float, sides: tuple[int, ...], *, sign: bool | None = None
) -> ir.Value | None:
    """Find an operand that is ``neutral`` everywhere and does not enlarge the other by broadcast.

    Args:
        node: A node of two inputs.
        known: What is known in its graph.
        neutral: The neutral element.
        sides: The inputs that may be it.
        sign: The sign bit that a floating-point zero must have; any by default.
    """
    for side in sides:
        other = node.inputs[1 - side]
        tensor = known.tensor(node.inputs[side])
        if tensor is None or other is None or not _is_everywhere(tensor, neutral, sign):
            continue
        # Before opset 7 the second operand is fitted to the first, never the other way round.
        if known.opset < 7:
            if side == 1:
                return other
            continue
        shape = tuple(tensor.shape.numpy())
        if not shape or _absorbs(known.dims(other) or (), shape):
            return other
    return None


def _is_everywhere(tensor: ir.TensorProtocol, number: float, sign: bool | None) -> bool:
    import numpy as np

    array = tensor.numpy()
    flat = array.reshape(-1)
    # The first element spares reading a large weight.
    if not flat.size or flat[0] != number or not (flat == number).all():
        return False
    floats = not np.issubdtype(array.dtype, np.integer)
    return sign is None or not floats or bool((np.signbit(flat) == sign).all())


def _add(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(
        node, known, 0, (1, 0), sign=True
    )  # 0.0 + -0.0 is 0.0, -0.0 + -0.0 is -0.0


def _sub(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(node, known, 0, (1,), sign=False)


def _mul(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(node, known, 1, (1, 0))


def _div(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(node, known, 1, (1,))


def _and(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(node, known, True, (1, 0))


def _or(node: ir.Node, known: Known) -> ir.Value | None:
    return neutral_operand(node, known, False, (1, 0))


RULES: dict[str, Rule] = {
    "Add": _add,
    "And": _and,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Concat": _one_input,
    "Div": _div,
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _same_elements,
    "Max": _one_input,
    "Mean": _one_input,
    "Min": _one_input,
    "Mul": _mul,
    "Or": _or,
    "Pad": _pad,
    "Pow": _div,
    "Reshape": _same_elements,
    "Slice": _slice,
    "Squeeze": _same_elements,
    "Sub": _sub,
    "Sum": _one_input,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _same_elements,
}
"""The rule for each operator of the standard domain."""
