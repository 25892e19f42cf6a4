"""What a rule of `symbolic-shapes` asks about the inputs and attributes of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from .expressions import Number
    from .symbolic_shapes import Dims, Numbers, Walk


def input_at(node: ir.Node, index: int) -> ir.Value | None:
    """Return input ``index``, ``None`` where it is left out."""
    return node.inputs[index] if index < len(node.inputs) else None


def dims_of(walk: Walk, node: ir.Node, index: int = 0) -> Dims | None:
    """Return the dimensions of an input, ``None`` for an unknown rank."""
    value = input_at(node, index)
    return None if value is None else walk.dims.get(value)


def numbers_of(walk: Walk, node: ir.Node, index: int = 0) -> Numbers | None:
    """Return the elements of an input, ``None`` where nothing is known of them."""
    value = input_at(node, index)
    return None if value is None else walk.numbers.get(value)


def int_of(node: ir.Node, name: str, default: int) -> int:
    """Return an integer attribute, or ``default`` where it is absent or malformed."""
    attribute = node.attributes.get(name)
    known = attribute is not None and attribute.type == ir.AttributeType.INT
    return attribute.as_int() if known and attribute is not None else default


def ints_of(walk: Walk, node: ir.Node, name: str, index: int) -> list[int] | None:
    """Return a list that is an attribute in old opsets and an input in new ones."""
    attribute = node.attributes.get(name)
    if attribute is None:
        return walk.ints(input_at(node, index))
    return list(attribute.as_ints()) if attribute.type == ir.AttributeType.INTS else None


def keep_dtype(walk: Walk, node: ir.Node) -> None:
    """Note that the first output is of the element type of the first input."""
    source, result = node.inputs[0], node.outputs[0]
    if result not in walk.dtypes and source is not None and source in walk.dtypes:
        walk.dtypes[result] = walk.dtypes[source]


def numbers_or_attribute(
    walk: Walk, node: ir.Node, name: str, index: int
) -> tuple[Number, ...] | None:
    """Return a vector that is an attribute in old opsets and an input in new ones."""
    if name in node.attributes:
        ints = ints_of(walk, node, name, index)
        return None if ints is None else tuple(ints)
    numbers = numbers_of(walk, node, index)
    return numbers if isinstance(numbers, tuple) else None
