"""What operators do to dimensions and to integer vectors, for the analysis `symbolic-shapes`.

A rule returns whether it said all that can be said; otherwise ONNX's inference is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import onnx_ir as ir

from .expressions import (
    Expression,
    Number,
    add,
    exact_quotient,
    multiply,
    opaque,
    product,
    subtract,
)

if TYPE_CHECKING:
    from .symbolic_shapes import Dims, Numbers, Walk

Rule = Callable[["Walk", ir.Node], bool]

_INTEGERS = frozenset([ir.DataType.INT32, ir.DataType.INT64])
_FOLLOWED = _INTEGERS | {ir.DataType.BOOL}


def _input(node: ir.Node, index: int) -> ir.Value | None:
    return node.inputs[index] if index < len(node.inputs) else None


def _dims(walk: Walk, node: ir.Node, index: int = 0) -> Dims | None:
    value = _input(node, index)
    return None if value is None else walk.dims.get(value)


def _numbers(walk: Walk, node: ir.Node, index: int = 0) -> Numbers | None:
    value = _input(node, index)
    return None if value is None else walk.numbers.get(value)


def _int(node: ir.Node, name: str, default: int) -> int:
    attribute = node.attributes.get(name)
    known = attribute is not None and attribute.type == ir.AttributeType.INT
    return attribute.as_int() if known and attribute is not None else default


def _ints(walk: Walk, node: ir.Node, name: str, index: int) -> list[int] | None:
    """Return a list that is an attribute in old opsets and an input in new ones."""
    attribute = node.attributes.get(name)
    if attribute is None:
        return walk.ints(_input(node, index))
    return list(attribute.as_ints()) if attribute.type == ir.AttributeType.INTS else None


def _not(walk: Walk, node: ir.Node) -> bool:
    walk.dtypes[node.outputs[0]] = ir.DataType.BOOL
    if not _same(walk, node):
        return False
    found = _elementwise(walk, node, lambda a: 1 - a if isinstance(a, int) else None)
    walk.set_numbers(node.outputs[0], found)
    return True


def _same(walk: Walk, node: ir.Node) -> bool:
    source, result = node.inputs[0], node.outputs[0]
    if source is None or source not in walk.dims or len(node.outputs) > 1:
        return False
    walk.dims[result] = walk.dims[source]
    if result not in walk.dtypes and source in walk.dtypes:
        walk.dtypes[result] = walk.dtypes[source]
    if node.op_type == "Identity" and source in walk.numbers:
        walk.numbers[result] = walk.numbers[source]
    return True


def _cast(walk: Walk, node: ir.Node) -> bool:
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


def _binary(walk: Walk, node: ir.Node) -> bool:
    if walk.opset < 7 or not node.inputs:
        return False
    result = node.outputs[0]
    dims: Dims | None = None
    for index in range(len(node.inputs)):
        found = _dims(walk, node, index)
        if found is None:
            return False
        dims = found if dims is None else broadcast(walk, dims, found)
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
        numbers = _numbers(walk, node, index)
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
    return 0 if below and isinstance(other, Expression) and _is_size(other) else None


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
    "Max": _greatest,
    "Min": _least,
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


def _shape(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    walk.dtypes[node.outputs[0]] = ir.DataType.INT64
    if dims is None:
        return False
    start, end = _int(node, "start", 0), _int(node, "end", len(dims))
    walk.set_numbers(node.outputs[0], dims[start:end])
    return True


def _size(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    walk.dtypes[node.outputs[0]] = ir.DataType.INT64
    if dims is not None:
        walk.set_numbers(node.outputs[0], product(dims))
    return dims is not None


def _gather(walk: Walk, node: ir.Node) -> bool:
    data, indices = _dims(walk, node, 0), _dims(walk, node, 1)
    result = node.outputs[0]
    if data is None or indices is None or not data:
        return False
    axis = _int(node, "axis", 0) % len(data)
    walk.dims[result] = (*data[:axis], *indices, *data[axis + 1 :])
    _keep_dtype(walk, node)
    elements, chosen = _numbers(walk, node, 0), walk.ints(_input(node, 1))
    if isinstance(elements, tuple) and chosen is not None and len(indices) < 2:
        count = len(elements)
        if all(-count <= index < count for index in chosen):
            picked = tuple(elements[index] for index in chosen)
            walk.set_numbers(result, picked if indices else picked[0])
    return True


def _keep_dtype(walk: Walk, node: ir.Node) -> None:
    source, result = node.inputs[0], node.outputs[0]
    if result not in walk.dtypes and source is not None and source in walk.dtypes:
        walk.dtypes[result] = walk.dtypes[source]


def _slice(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    if dims is None:
        return False
    old = walk.opset < 10
    starts, ends = (
        _ints_or_numbers(walk, node, "starts", 1),
        _ints_or_numbers(walk, node, "ends", 2),
    )
    if starts is None or ends is None or len(starts) != len(ends):
        return False
    axes: list[int] | None = list(range(len(starts)))
    if "axes" in node.attributes or (not old and _input(node, 3) is not None):
        axes = _ints(walk, node, "axes", 3)
    steps: list[int] | None = [1] * len(starts)
    if not old and _input(node, 4) is not None:
        steps = walk.ints(_input(node, 4))
    if axes is None or steps is None or not len(axes) == len(steps) == len(starts):
        return False
    result = list(dims)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        result[axis] = _sliced(walk, dims[axis], start, end, step)
    _keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(result)
    elements = _numbers(walk, node)
    if isinstance(elements, tuple) and len(starts) == 1:
        (start,), (end,), (step,) = starts, ends, steps
        if isinstance(start, int) and isinstance(end, int) and step:
            walk.set_numbers(node.outputs[0], _slice_tuple(elements, start, end, step))
    return True


def _ints_or_numbers(walk: Walk, node: ir.Node, name: str, index: int) -> tuple[Number, ...] | None:
    if name in node.attributes:
        ints = _ints(walk, node, name, index)
        return None if ints is None else tuple(ints)
    numbers = _numbers(walk, node, index)
    return numbers if isinstance(numbers, tuple) else None


_FAR = 2**31 - 1


def _sliced(walk: Walk, dim: Number, start: Number, end: Number, step: int) -> Number:
    """Return the size of a dimension after a slice."""
    if isinstance(dim, int) and isinstance(start, int) and isinstance(end, int) and step:
        return (
            len(_slice_tuple(tuple(range(dim)), start, end, step))
            if dim <= 2**20
            else _long(dim, start, end, step)
        )
    if step != 1:
        return walk.fresh()
    whole = end == dim or (isinstance(end, int) and end >= _FAR)
    if start == 0 and whole:
        return dim
    if start == 0 and isinstance(dim, int) and isinstance(end, Expression):
        return walk.fresh()
    return walk.fresh()


def _long(dim: int, start: int, end: int, step: int) -> int:
    return len(range(dim)[slice(*_bounds(dim, start, end, step), step)])


def _bounds(dim: int, start: int, end: int, step: int) -> tuple[int, int | None]:
    """Return what Python's slice needs for what ONNX means: ends far below zero are before all."""
    if step < 0 and end < -dim:
        return start, None
    return start, end


def _slice_tuple(
    elements: tuple[Number, ...], start: int, end: int, step: int
) -> tuple[Number, ...]:
    first, last = _bounds(len(elements), start, end, step)
    return elements[first:last:step]


def _concat(walk: Walk, node: ir.Node) -> bool:
    shapes = [_dims(walk, node, index) for index in range(len(node.inputs))]
    known = [dims for dims in shapes if dims is not None]
    if len(known) < len(shapes) or not known or not known[0]:
        return False
    rank = len(known[0])
    if any(len(dims) != rank for dims in known):
        return False
    axis = _int(node, "axis", 1) % rank
    dims = list(known[0])
    for index in range(rank):
        column = [shape[index] for shape in known]
        if index == axis:
            total: Number = 0
            for dim in column:
                total = add(total, dim)
            dims[index] = total
        else:
            dims[index] = next((dim for dim in column if isinstance(dim, int)), column[0])
    _keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(dims)
    joined: list[Number] = []
    for index in range(len(node.inputs)):
        numbers = _numbers(walk, node, index)
        if not isinstance(numbers, tuple):
            return True
        joined += numbers
    walk.set_numbers(node.outputs[0], tuple(joined))
    return True


def _unsqueeze(walk: Walk, node: ir.Node) -> bool:
    dims, axes = _dims(walk, node), _ints(walk, node, "axes", 1)
    if dims is None or axes is None:
        return False
    rank = len(dims) + len(axes)
    added = {axis % rank for axis in axes}
    rest = iter(dims)
    _keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(1 if i in added else next(rest) for i in range(rank))
    numbers = _numbers(walk, node)
    if numbers is not None and not isinstance(numbers, tuple) and rank == 1:
        walk.set_numbers(node.outputs[0], (numbers,))
    return True


def _squeeze(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    if dims is None:
        return False
    if "axes" in node.attributes or _input(node, 1) is not None:
        axes = _ints(walk, node, "axes", 1)
        if axes is None:
            return False
        dropped = {axis % len(dims) for axis in axes} if dims else set()
    elif all(isinstance(dim, int) for dim in dims):
        dropped = {index for index, dim in enumerate(dims) if dim == 1}
    else:
        return False
    _keep_dtype(walk, node)
    walk.dims[node.outputs[0]] = tuple(d for i, d in enumerate(dims) if i not in dropped)
    numbers = _numbers(walk, node)
    if isinstance(numbers, tuple) and len(numbers) == 1 and dropped:
        walk.set_numbers(node.outputs[0], numbers[0])
    return True


def _transpose(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    if dims is None:
        return False
    order = list(range(len(dims)))[::-1]
    if "perm" in node.attributes:
        order = _ints(walk, node, "perm", len(node.inputs)) or []
    if sorted(order) != list(range(len(dims))):
        return False
    _keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], [dims[axis] for axis in order])


def _flatten(walk: Walk, node: ir.Node) -> bool:
    dims = _dims(walk, node)
    if dims is None:
        return False
    axis = _int(node, "axis", 1)
    axis += len(dims) if axis < 0 else 0
    _keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], [product(dims[:axis]), product(dims[axis:])])


def _reshape(walk: Walk, node: ir.Node) -> bool:
    target = _numbers(walk, node, 1)
    if not isinstance(target, tuple):
        return False
    dims = _dims(walk, node)
    copies = not _int(node, "allowzero", 0)
    result: list[Number] = []
    open_: int | None = None
    for index, number in enumerate(target):
        if number == 0 and copies:
            result.append(dims[index] if dims is not None and index < len(dims) else walk.fresh())
        elif number == -1:
            open_ = index
            result.append(1)
        else:
            # A symbol cannot be -1 or 0 here unless the model relies on it; then it is no size.
            result.append(number if isinstance(number, int) or _is_size(number) else walk.fresh())
    if open_ is not None:
        rest = None if dims is None else exact_quotient(product(dims), product(result))
        result[open_] = walk.fresh() if rest is None else rest
    _keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], result)


def _is_size(number: Expression) -> bool:
    """Tell whether ``number`` is a product of sizes, and so not negative."""
    return all(
        coefficient > 0 and not any(name.startswith(("div(", "mod(", "min(", "max(")) for name in m)
        for m, coefficient in number.terms
    )


def _expand(walk: Walk, node: ir.Node) -> bool:
    dims, target = _dims(walk, node), _numbers(walk, node, 1)
    if dims is None or not isinstance(target, tuple):
        return False
    _keep_dtype(walk, node)
    return walk.set_dims(node.outputs[0], broadcast(walk, dims, target))


def _constant_of_shape(walk: Walk, node: ir.Node) -> bool:
    target, value = _numbers(walk, node), node.attributes.get("value")
    if not isinstance(target, tuple):
        return False
    result = node.outputs[0]
    dtype = ir.DataType.FLOAT if value is None else value.value.dtype
    walk.dtypes[result] = dtype
    walk.dims[result] = target
    if dtype in _INTEGERS and len(target) == 1 and isinstance(target[0], int):
        fill = int(value.value.numpy().reshape(-1)[0]) if value is not None else 0
        walk.set_numbers(result, (fill,) * min(target[0], 65))
    return True


def _range(walk: Walk, node: ir.Node) -> bool:
    start, limit, delta = (_numbers(walk, node, index) for index in range(3))
    result = node.outputs[0]
    _keep_dtype(walk, node)
    if isinstance(start, tuple) or isinstance(limit, tuple) or isinstance(delta, tuple):
        return False
    if isinstance(start, int) and isinstance(limit, int) and isinstance(delta, int) and delta:
        numbers = range(start, limit, delta)
        walk.dims[result] = (len(numbers),)
        if len(numbers) <= 64:
            walk.set_numbers(result, tuple(numbers))
    elif start == 0 and delta == 1 and isinstance(limit, Expression) and _is_size(limit):
        walk.dims[result] = (limit,)
    else:
        walk.dims[result] = (walk.fresh(),)
    return True


def _tile(walk: Walk, node: ir.Node) -> bool:
    dims, repeats = _dims(walk, node), _numbers(walk, node, 1)
    if dims is None or not isinstance(repeats, tuple) or len(repeats) != len(dims):
        return False
    _keep_dtype(walk, node)
    return walk.set_dims(
        node.outputs[0], [multiply(a, b) for a, b in zip(dims, repeats, strict=True)]
    )


_UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf "
    "Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg "
    "Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign "
    "Sqrt Swish Tan Tanh ThresholdedRelu"
)
_BINARY = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less "
    "LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor"
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(_UNARY.split(), _same),
    **dict.fromkeys(_BINARY.split(), _binary),
    "Cast": _cast,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Not": _not,
    "Range": _range,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""The rules by operator of the default domain."""
