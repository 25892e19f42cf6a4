"""The rules of eliminate-no-ops: each returns the input that a node gives back, or ``None``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .known import Known, dims, input_at, int_attribute, ints_attribute

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

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
        return source if perm is not None and perm == list(range(len(perm))) else None
    shape = dims(source)
    return source if shape is not None and len(shape) < 2 else None


def _one_input(node: ir.Node, known: Known) -> ir.Value | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


def _same_elements(node: ir.Node, known: Known) -> ir.Value | None:
    """Reshape and its like: the elements stay, so all dimensions but one tell the last one."""
    before, after = dims(node.inputs[0]), dims(node.outputs[0])
    if before is None or after is None or len(before) != len(after):
        return None
    open_ = [(a, b) for a, b in zip(before, after, strict=True) if a is None or a != b]
    decided = all(None in pair for pair in open_) and (not open_ or 0 not in before)
    return node.inputs[0] if len(open_) <= 1 and decided else None


def _reshape(node: ir.Node, known: Known) -> ir.Value | None:
    found = _same_elements(node, known)
    before, target = dims(node.inputs[0]), known.ints(input_at(node, 1))
    if found is not None or before is None or target is None or len(before) != len(target):
        return found
    copies = not int_attribute(node, "allowzero", 0)
    open_ = [
        new
        for old, new in zip(before, target, strict=True)
        if new != old and not (new == 0 and copies)
    ]
    # One open dimension, to be computed, is what the others leave of the elements.
    return node.inputs[0] if not open_ or (open_ == [-1] and 0 not in before) else None


def _flatten(node: ir.Node, known: Known) -> ir.Value | None:
    shape = dims(node.inputs[0])
    if shape is not None and len(shape) == 2 and int_attribute(node, "axis", 1) in (1, -1):
        return node.inputs[0]
    return _same_elements(node, known)


def _expand(node: ir.Node, known: Known) -> ir.Value | None:
    before, after = dims(node.inputs[0]), dims(node.outputs[0])
    if before is None:
        return None
    if before == after and None not in before:
        return node.inputs[0]
    target = known.ints(input_at(node, 1))
    return node.inputs[0] if target is not None and _absorbs(before, target) else None


def _absorbs(shape: tuple[int | None, ...], other: Any) -> bool:
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
    if known.opset >= 10:
        lists = [known.ints(input_at(node, index)) for index in range(1, 5)]
        given = [input_at(node, index) is not None for index in range(1, 5)]
    else:
        lists = [ints_attribute(node, name) for name in ("starts", "ends", "axes")] + [None]
        given = [name in node.attributes for name in ("starts", "ends", "axes")] + [False]
    if any(present and found is None for present, found in zip(given, lists, strict=True)):
        return None
    starts, ends, axes, steps = lists
    if starts is None or ends is None or any(starts) or set(steps or ()) - {1}:
        return None
    shape = dims(source)
    for axis, end in zip(axes or itertools.count(), ends, strict=False):
        size = shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None
        if end < (_WHOLE if size is None else size):
            return None
    return source


def _neutral(
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
        if tensor is None or other is None:
            continue
        # Before opset 7 the second operand is fitted to the first, never the other way round.
        if known.opset < 7:
            fits = side == 1
        else:
            shape = tuple(tensor.shape.numpy())
            fits = not shape or _absorbs(dims(other) or (), shape)
        if fits and _is_everywhere(tensor.numpy(), neutral, sign):
            return other
    return None


def _is_everywhere(array: np.ndarray[Any, Any], number: float, sign: bool | None) -> bool:
    import numpy as np

    flat = array.reshape(-1)
    # The first element spares reading a large weight.
    if not flat.size or flat[0] != number or not (flat == number).all():
        return False
    floats = not np.issubdtype(array.dtype, np.integer)
    return sign is None or not floats or bool((np.signbit(flat) == sign).all())


def _add(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, 0, (1, 0), sign=True)  # 0.0 + -0.0 is 0.0, -0.0 + -0.0 is -0.0


def _sub(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, 0, (1,), sign=False)


def _mul(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, 1, (1, 0))


def _div(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, 1, (1,))


def _and(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, True, (1, 0))


def _or(node: ir.Node, known: Known) -> ir.Value | None:
    return _neutral(node, known, False, (1, 0))


RULES: dict[str, Rule] = {
    "Add": _add,
    "And": _and,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Concat": _one_input,
    "Div": _div,
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Max": _one_input,
    "Mean": _one_input,
    "Min": _one_input,
    "Mul": _mul,
    "Or": _or,
    "Pad": _pad,
    "Pow": _div,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": _same_elements,
    "Sub": _sub,
    "Sum": _one_input,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _same_elements,
}
"""The rule for each operator of the standard domain."""
