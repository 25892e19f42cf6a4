"""What makes two nodes the same computation: operator, inputs and attributes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx_ir as ir

_MAX_TENSOR_BYTES = 1024
"""Bytes up to which the contents of tensors in attributes are compared."""


def computation_key(
    node: ir.Node, inputs: Iterable[ir.Value | None]
) -> tuple[Hashable, ...] | None:
    """Return what two nodes have in common that compute the same.

    Args:
        node: The node.
        inputs: What it reads, or what stands for that.

    Returns:
        ``None`` where it is not known, because of a large tensor or a subgraph.
    """
    attributes: list[Hashable] = []
    if node.attributes:
        for _, attribute in sorted(node.attributes.items()):
            part = _attribute_key(attribute)
            if part is None:
                return None
            attributes.append(part)
    outputs = node.outputs
    return (
        node.domain,
        node.op_type,
        node.overload,
        tuple(map(id, inputs)),
        # An output that is left out cannot stand in for one that is used.
        len(outputs) if len(outputs) == 1 else tuple(bool(value.name) for value in outputs),
        *attributes,
    )


def _attribute_key(attribute: ir.Attr) -> Hashable | None:
    if attribute.is_ref():
        return (attribute.name, "ref", attribute.ref_attr_name)
    value = _hashable(attribute.value)
    return None if value is None else (attribute.name, attribute.type, value)


def _hashable(value: Any) -> Hashable | None:
    """Return the contents of an attribute's value for comparison; the bits of floats count."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (int, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        parts = tuple(_hashable(item) for item in value)
        return None if None in parts else parts
    if hasattr(value, "tobytes"):
        if value.nbytes > _MAX_TENSOR_BYTES:
            return None
        return (value.dtype, tuple(value.shape.numpy()), _contents(value))
    return None


def _contents(tensor: ir.TensorProtocol) -> Hashable:
    strings = getattr(tensor, "string_data", None)
    return tuple(strings()) if strings is not None else tensor.tobytes()
