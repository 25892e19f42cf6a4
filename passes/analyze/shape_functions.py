"""Types and shapes of the commonest operators, elementwise ones above all, in a microsecond a node.

An elementwise operator is one whose output has the shape of its input, or the broadcast shape of
its inputs. Two dimensions broadcast to what is certain of the result: to the other one where one
is 1, to themselves where they are the same number or symbol, to a number where that is not 1
(whatever the symbol against it stands for, it must be that number or 1), and else to an unknown
dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import onnx_ir as ir

Dims = tuple[int | ir.SymbolicDim, ...]
UNKNOWN = ir.SymbolicDim(None)


class Typing(NamedTuple):
    """What is known of a value.

    Args:
        type: Its type.
        dims: Its dimensions; ``None`` where the rank is unknown.
    """

    type: ir.TypeProtocol
    dims: Dims | None

    @property
    def complete(self) -> bool:
        """Whether the rank and every dimension are known, be it by a symbol."""
        return self.dims is not None and all(
            isinstance(dim, int) or dim.value is not None for dim in self.dims
        )


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


Lookup = Callable[[ir.Value], Typing | None]

_UNARY = _names(
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp "
    "Floor Gelu HardSigmoid HardSwish Hardmax Identity LeakyRelu Log LogSoftmax "
    "Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus "
    "Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
)
_BINARY = _names(
    "Add BitShift BitwiseAnd BitwiseOr BitwiseXor Div Max Mean Min Mod Mul PRelu Pow Sub Sum"
)
_COMPARISON = _names("And Equal Greater GreaterOrEqual Less LessOrEqual Or Xor")


def default_opset(imports: Mapping[str, int]) -> int | None:
    """Return the version of the default domain, which has two spellings, or ``None``."""
    return imports.get("", imports.get("ai.onnx"))


def declared_typing(value: ir.Value) -> Typing | None:
    """Return the type and shape that ``value`` has; those of its tensor for an initializer."""
    type_, shape, tensor = value.type, value.shape, value.const_value
    if tensor is not None and value.is_initializer():
        return Typing(ir.TensorType(tensor.dtype), tuple(tensor.shape.numpy()))
    if type_ is None or type_.dtype == ir.DataType.UNDEFINED:
        return None
    return Typing(type_, None if shape is None else shape.dims)


def elementwise_typing(node: ir.Node, opset: int | None, of: Lookup) -> Typing | None:
    """Return what follows for the first output of ``node`` from its inputs.

    Args:
        node: Any node; ``None`` is the answer for one of an operator that is not among them.
        opset: The version of the default domain. Up to 6, operators with two inputs broadcast in
            another way and are left alone.
        of: What is known of a value.
    """
    rule = _RULES.get(node.op_type)
    if rule is None or node.domain or opset is None:
        return None
    return rule(node, opset, of)


def _same_as_input(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    inputs = node.inputs
    return of(inputs[0]) if inputs and inputs[0] is not None else None


def _same_as_input_alone(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    return _same_as_input(node, opset, of) if len(node.outputs) == 1 else None


def _broadcast_inputs(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    if opset < 7:
        return None
    first: Typing | None = None
    dims: Dims | None = None
    for value in node.inputs:
        typing = None if value is None else of(value)
        if typing is None or type(typing.type) is not ir.TensorType:
            return None
        if first is None:
            first, dims = typing, typing.dims
        elif typing.dims is not dims:
            dims = broadcast(dims, typing.dims)
    return first if first is None or first.dims is dims else Typing(first.type, dims)


def _compare_inputs(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    typing = _broadcast_inputs(node, opset, of)
    return None if typing is None else Typing(ir.TensorType(ir.DataType.BOOL), typing.dims)


def _where(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    typing = _broadcast_inputs(node, opset, of)
    value = node.inputs[-1] if node.inputs else None
    chosen = None if value is None else of(value)
    return None if typing is None or chosen is None else Typing(chosen.type, typing.dims)


def _cast(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    typing = _same_as_input(node, opset, of)
    to = node.attributes.get("to")
    # Until opset 5 the attribute was a string.
    if typing is None or to is None or to.is_ref() or to.type != ir.AttributeType.INT:
        return None
    return Typing(ir.TensorType(ir.DataType(to.value)), typing.dims)


def _cast_like(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    typing = _same_as_input(node, opset, of)
    value = node.inputs[1] if len(node.inputs) > 1 else None
    target = None if value is None else of(value)
    return None if typing is None or target is None else Typing(target.type, typing.dims)


def broadcast(left: Dims | None, right: Dims | None) -> Dims | None:
    """Return what is certain of the shape to which two shapes broadcast.

    Returns:
        ``None`` where a rank is unknown or the shapes do not broadcast.
    """
    if left is None or right is None:
        return None
    if len(left) < len(right):
        left, right = right, left
    offset = len(left) - len(right)
    dims = list(left)
    for index, b in enumerate(right, start=offset):
        a = left[index]
        if isinstance(b, int):
            if b == 1:
                continue
            if isinstance(a, int) and a not in (1, b):
                return None
            dims[index] = b
        elif isinstance(a, int):
            if a == 1:
                dims[index] = b
        elif a.value is None or a.value != b.value:
            dims[index] = UNKNOWN
    return tuple(dims)


def _constant(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    if len(node.attributes) != 1:
        return None
    ((name, attribute),) = node.attributes.items()
    if attribute.is_ref():
        return None
    if name == "value":
        tensor = attribute.value
        return Typing(ir.TensorType(tensor.dtype), tuple(tensor.shape.numpy()))
    dtype = _CONSTANT_TYPES.get(name)
    if dtype is None:
        return None
    dims = (len(attribute.value),) if name.endswith("s") else ()
    return Typing(ir.TensorType(dtype), dims)


_CONSTANT_TYPES = {
    "value_int": ir.DataType.INT64,
    "value_ints": ir.DataType.INT64,
    "value_float": ir.DataType.FLOAT,
    "value_floats": ir.DataType.FLOAT,
    "value_string": ir.DataType.STRING,
    "value_strings": ir.DataType.STRING,
}


def _concat(node: ir.Node, opset: int, of: Lookup) -> Typing | None:
    axis = node.attributes.get("axis")
    parts = [None if value is None else of(value) for value in node.inputs]
    first = parts[0] if parts else None
    if axis is None or axis.is_ref() or first is None or first.dims is None:
        return None
    shapes = []
    for part in parts:
        if part is None or part.dims is None or len(part.dims) != len(first.dims):
            return None
        shapes.append(part.dims)
    return Typing(first.type, concatenated(shapes, axis.value))


def concatenated(shapes: Sequence[Dims], axis: int) -> Dims | None:
    """Return what is certain of the shape of a Concat of ``shapes``, which have one rank.

    Returns:
        ``None`` where such a Concat cannot run.
    """
    rank = len(shapes[0])
    axis = axis + rank if axis < 0 else axis
    if not 0 <= axis < rank:
        return None
    dims: list[int | ir.SymbolicDim] = []
    for index, sizes in enumerate(zip(*shapes, strict=True)):
        numbers = [size for size in sizes if isinstance(size, int)]
        if index == axis:
            if len(sizes) == 1:
                dims.append(sizes[0])
            else:
                dims.append(sum(numbers) if len(numbers) == len(sizes) else UNKNOWN)
        elif numbers:
            if min(numbers) != max(numbers):
                return None
            dims.append(numbers[0])
        else:
            named = (size for size in sizes if isinstance(size, ir.SymbolicDim) and size.value)
            dims.append(next(named, UNKNOWN))
    return tuple(dims)


Rule = Callable[[ir.Node, int, Lookup], Typing | None]
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_UNARY, _same_as_input),
    **dict.fromkeys(_BINARY, _broadcast_inputs),
    **dict.fromkeys(_COMPARISON, _compare_inputs),
    "Cast": _cast,
    "CastLike": _cast_like,
    "Concat": _concat,
    "Constant": _constant,
    "Dropout": _same_as_input_alone,
    "LayerNormalization": _same_as_input_alone,
    "Where": _where,
}
ELEMENTWISE = frozenset(_RULES)
"""The op types that :func:`elementwise_typing` knows."""
