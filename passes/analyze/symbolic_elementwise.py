"""Rules of `symbolic-shapes` for operators that work element by element."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

import onnx_ir as ir

from .expressions import (
    Expression,
    Number,
    add,
    exact_quotient,
    multiply,
    opaque,
    subtract,
)
from .symbolic_access import numbers_of

if TYPE_CHECKING:
    from .symbolic_shapes import Dims, Numbers, Walk

_INTEGERS = frozenset([ir.DataType.INT32, ir.DataType.INT64])


_FOLLOWED = _INTEGERS | {ir.DataType.BOOL}


def negation(walk: Walk, node: ir.Node) -> bool:
    """Follow Not."""
    walk.dtypes[node.outputs[0]] = ir.DataType.BOOL
    if not same(walk, node):
        return False
    found = _elementwise(walk, node, lambda a: 1 - a if isinstance(a, int) else None)
    walk.set_numbers(node.outputs[0], found)
    return True


def same(walk: Walk, node: ir.Node) -> bool:
    """Follow an operator whose result has the shape and type of its input."""
    source, result = node.inputs[0], node.outputs[0]
    if source is None or source not in walk.dims or len(node.outputs) > 1:
        return False
    walk.dims[result] = walk.dims[source]
    if result not in walk.dtypes and source in walk.dtypes:
        walk.dtypes[result] = walk.dtypes[source]
    if node.op_type == "Identity" and source in walk.numbers:
        walk.numbers[result] = walk.numbers[source]
    return True


def cast(walk: Walk, node: ir.Node) -> bool:
    """Follow Cast."""
    source, result = node.inputs[0], node.outputs[0]
    to = node.attributes.get("to")
    if source is None or source not in walk.dims or to is None:
        return False
    if to.type != ir.AttributeType.INT:
        return False
    dtype = ir.DataType(to.as_int())
    walk.dtypes[result] = dtype
    walk.dims[result] = walk.dims[source]
    if source in walk.numbers and dtype in _FOLLOWED:
        convert = _truth if dtype == ir.DataType.BOOL else (lambda number: number)
        walk.set_numbers(result, _elementwise(walk, node, convert))
    return True


def _truth(number: Number) -> Number | None:
    return int(number != 0) if isinstance(number, int) else None


def broadcast(walk: Walk, left: Dims, right: Dims) -> Dims:
    """Return the dimensions to which two shapes broadcast; they are taken to be compatible."""
    if len(left) < len(right):
        left, right = right, left
    offset = len(left) - len(right)
    dims = list(left[:offset])
    for a, b in zip(left[offset:], right, strict=True):
        if a == b or b == 1:
            dims.append(a)
        elif a == 1:
            dims.append(b)
        elif isinstance(a, int) or isinstance(b, int):
            dims.append(a if isinstance(a, int) else b)  # the other one is the same, or 1
        else:
            dims.append(walk.fresh())
    return tuple(dims)


def elementwise(walk: Walk, node: ir.Node) -> bool:
    """Follow an operator whose inputs are broadcast to one shape."""
    if walk.opset < 7 or not node.inputs:
        return False
    result = node.outputs[0]
    dims: Dims | None = None
    for value in node.inputs:
        found = None if value is None else walk.dims.get(value)
        if found is None:
            return False
        dims = found if dims is None or dims == found else broadcast(walk, dims, found)
    assert dims is not None
    walk.dims[result] = dims
    if node.op_type in _COMPARISONS:
        walk.dtypes[result] = ir.DataType.BOOL
    elif result not in walk.dtypes:
        source = node.inputs[-1 if node.op_type == "Where" else 0]
        if source is not None and source in walk.dtypes:
            walk.dtypes[result] = walk.dtypes[source]
    operation = _ARITHMETIC.get(node.op_type)
    if operation is not None and walk.dtypes.get(result) in _FOLLOWED:
        walk.set_numbers(result, _elementwise(walk, node, operation))
        walk.dims[result] = dims
    return True


def _elementwise(
    walk: Walk, node: ir.Node, operation: Callable[..., Number | None]
) -> Numbers | None:
    """Apply ``operation`` to the elements of the inputs; ``None`` if one of them is not decided."""
    operands: list[tuple[Number, ...]] = []
    is_scalar = True
    for index in range(len(node.inputs)):
        numbers = numbers_of(walk, node, index)
        if numbers is None:
            return None
        is_scalar &= not isinstance(numbers, tuple)
        operands.append(numbers if isinstance(numbers, tuple) else (numbers,))
    length = 0 if () in operands else max(map(len, operands))
    if any(len(elements) not in (1, length) for elements in operands):
        return None
    found: list[Number] = []
    for i in range(length):
        number = operation(*(elements[i % len(elements)] for elements in operands))
        if number is None:
            return None
        found.append(number)
    return found[0] if is_scalar else tuple(found)


def _divide(a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int) and b:
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)  # ONNX rounds towards zero
    found = exact_quotient(a, b)
    return opaque("div", a, b) if found is None else found


def _mod(a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int) and b:
        return a % b
    return opaque("mod", a, b)


def _least(a: Number, b: Number) -> Number:
    if a == b or (isinstance(a, int) and isinstance(b, int)):
        return min(a, b) if isinstance(a, int) and isinstance(b, int) else a
    return opaque("min", a, b)


def _greatest(a: Number, b: Number) -> Number:
    if a == b or (isinstance(a, int) and isinstance(b, int)):
        return max(a, b) if isinstance(a, int) and isinstance(b, int) else a
    return opaque("max", a, b)


def _equal(a: Number, b: Number) -> Number | None:
    if isinstance(a, int) and isinstance(b, int):
        return int(a == b)
    if a == b:
        return 1
    number, other = (a, b) if isinstance(a, int) else (b, a)
    below = isinstance(number, int) and number < 0
    return 0 if below and isinstance(other, Expression) and is_size(other) else None


def _less(a: Number, b: Number) -> Number | None:
    if isinstance(a, int) and isinstance(b, int):
        return int(a < b)
    return 0 if a == b else None


def _where(condition: Number, a: Number, b: Number) -> Number | None:
    if isinstance(condition, int):
        return a if condition else b
    return a if a == b else None


def _logic(a: Number, b: Number, absorbing: int) -> Number | None:
    if absorbing in (a, b):
        return absorbing
    return a if a == b else (a if b == 1 - absorbing else b if a == 1 - absorbing else None)


_ARITHMETIC: dict[str, Callable[..., Number | None]] = {
    "Add": add,
    "And": lambda a, b: _logic(a, b, 0),
    "Div": _divide,
    "Equal": _equal,
    "Greater": lambda a, b: _less(b, a),
    "Less": _less,
    "Max": lambda *numbers: reduce(_greatest, numbers),
    "Min": lambda *numbers: reduce(_least, numbers),
    "Mod": _mod,
    "Mul": multiply,
    "Or": lambda a, b: _logic(a, b, 1),
    "Sub": subtract,
    "Where": _where,
}
"""What is computed element by element of integers and, as 0 and 1, of truth values."""


_COMPARISONS = frozenset(
    ["And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Or", "Xor"]
)


UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf "
    "Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg "
    "Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign "
    "Sqrt Swish Tan Tanh ThresholdedRelu"
)


NARY = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less "
    "LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor"
)


def is_size(number: Expression) -> bool:
    """Tell whether ``number`` is a product of sizes, and so not negative."""
    return all(
        coefficient > 0 and not any(name.startswith(("div(", "mod(", "min(", "max(")) for name in m)
        for m, coefficient in number.terms
    )
