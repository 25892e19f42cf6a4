"""Types and shapes of the commonest operators, elementwise ones, in a microsecond a node.

An elementwise operator is one whose output has the shape of its input, or the broadcast shape of
its inputs. Two dimensions broadcast to what is certain of the result: to the other one where one
is 1, to themselves where they are the same number or symbol, to a number where that is not 1
(whatever the symbol against it stands for, it must be that number or 1), and else to an unknown
dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    "Floor Gelu HardSigmoid HardSwish Hardmax Identity LayerNormalization LeakyRelu Log LogSoftmax "
    "Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus "
    "Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
)
_BINARY = _names(
    "Add BitShift BitwiseAnd BitwiseOr BitwiseXor Div Max Mean Min Mod Mul PRelu Pow Sub Sum"
)
_COMPARISON = _names("And Equal Greater GreaterOrEqual Less LessOrEqual Or Xor")
# Only their first output is known here, and a node that has more is left to ONNX's inference.
_SINGLE = frozenset(["Dropout", "LayerNormalization"])
ELEMENTWISE = _UNARY | _BINARY | _COMPARISON | {"Cast", "CastLike", "Constant", "Dropout", "Where"}
"""The op types that :func:`elementwise_typing` knows."""


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
        node: Any node; ``None`` is the answer for one that is not elementwise.
        opset: The version of the default domain. Up to 6, operators with two inputs broadcast in
            another way and are left alone.
        of: What is known of a value.
    """
    op_type = node.op_type
    if node.domain or op_type not in ELEMENTWISE:
        return None
    inputs = node.inputs
    if op_type in _UNARY or op_type == "Dropout":
        if not inputs or inputs[0] is None or (op_type in _SINGLE and len(node.outputs) > 1):
            return None
        return of(inputs[0])
    if op_type == "Constant":
        return _constant_typing(node)
    if opset is None or opset < 7 or not inputs:
        return None
    known = []
    for value in inputs:
        typing = None if value is None else of(value)
        if typing is None or not isinstance(typing.type, ir.TensorType):
            return None
        known.append(typing)
    if op_type == "Cast":
        to = node.attributes.get("to")
        if to is None or to.is_ref():
            return None
        return Typing(ir.TensorType(ir.DataType(to.as_int())), known[0].dims)
    if op_type == "CastLike":
        return Typing(known[1].type, known[0].dims) if len(known) == 2 else None
    type_ = known[0].type
    if op_type in _COMPARISON:
        type_ = ir.TensorType(ir.DataType.BOOL)
    elif op_type == "Where":
        type_ = known[-1].type
    dims = known[0].dims
    for typing in known[1:]:
        dims = broadcast(dims, typing.dims)
    return Typing(type_, dims)


def broadcast(left: Dims | None, right: Dims | None) -> Dims | None:
    """Return what is certain of the shape to which two shapes broadcast.

    Returns:
        ``None`` where a rank is unknown or the shapes do not broadcast.
    """
    if left is None or right is None:
        return None
    if left == right and all(isinstance(dim, int) or dim.value is not None for dim in left):
        return left
    if len(left) < len(right):
        left, right = right, left
    offset = len(left) - len(right)
    dims = list(left[:offset])
    for a, b in zip(left[offset:], right, strict=True):
        if isinstance(a, int) and isinstance(b, int):
            if a != b and a != 1 and b != 1:
                return None
            dims.append(b if a == 1 else a)
        elif isinstance(a, int):
            dims.append(b if a == 1 else a)
        elif isinstance(b, int):
            dims.append(a if b == 1 else b)
        else:
            dims.append(a if a.value is not None and a == b else UNKNOWN)
    return tuple(dims)


def _constant_typing(node: ir.Node) -> Typing | None:
    if len(node.attributes) != 1:
        return None
    ((name, attribute),) = node.attributes.items()
    if attribute.is_ref():
        return None
    if name == "value":
        tensor = attribute.as_tensor()
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
