"""Attributes to the wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from ...onnx_format.rope import Rope
from ...onnx_format.sparse import SparseTensor
from ...onnx_format.wire import field, number_field

if TYPE_CHECKING:
    from .tensors import TensorEncoder

_Type = ir.AttributeType
_PLAIN_FIELDS = {
    _Type.INT: "i",
    _Type.FLOAT: "f",
    _Type.STRING: "s",
    _Type.INTS: "ints",
    _Type.FLOATS: "floats",
    _Type.STRINGS: "strings",
}
_MESSAGE_FIELDS = {_Type.TENSOR: 5, _Type.GRAPH: 6, _Type.TENSORS: 10, _Type.GRAPHS: 11}


class AttributeEncoder:
    """Encodes attributes.

    Args:
        tensors: Encodes tensors.
        graph: Encodes a graph.
    """

    def __init__(self, tensors: TensorEncoder, graph: Callable[[ir.Graph], bytes | Rope]) -> None:
        self._tensors = tensors
        self._graph = graph

    def encode(self, attribute: ir.Attr, owner: str) -> bytes | Rope:
        """Return the encoded attribute of an ``owner`` op."""
        kind, value = attribute.type, attribute.value
        name, doc = attribute.name, attribute.doc_string or None
        if attribute.is_ref():
            proto = ir.serde.serialize_reference_attribute(attribute)
        elif number := _MESSAGE_FIELDS.get(kind):
            if isinstance(value, SparseTensor) and (owner, name) == ("Constant", "value"):
                return _sparse(attribute, self._tensors.sparse(value, value.name or ""))
            return self._messages(attribute, number)
        elif plain := _PLAIN_FIELDS.get(kind):
            fields: dict[str, Any] = {plain: _bytes(value), "type": int(kind)}
            proto = onnx.AttributeProto(name=name, doc_string=doc, **fields)
        elif kind == _Type.UNDEFINED:
            proto = onnx.AttributeProto(name=name, doc_string=doc)
        else:
            proto = ir.serde.serialize_attribute(attribute)
        encoded: bytes = proto.SerializeToString(deterministic=True)
        return encoded

    def _messages(self, attribute: ir.Attr, number: int) -> bytes | Rope:
        rope = Rope()
        rope.add(_head(attribute.name, attribute.doc_string, attribute.type))
        several = attribute.type in (_Type.TENSORS, _Type.GRAPHS)
        for item in attribute.value if several else (attribute.value,):
            if number in (5, 10):
                rope.message(number, self._tensors.encode(item, item.name or ""))
            else:
                rope.message(number, self._graph(item))
        return rope.flat()


def metadata(number: int, properties: Mapping[str, str]) -> bytes:
    """Encode the entries of ``properties`` as the repeated field ``number``."""
    entries = (field(1, key) + field(2, text) for key, text in properties.items())
    return b"".join(field(number, entry) for entry in entries)


def _head(name: str, doc_string: str | None, kind: int) -> bytes:
    return field(1, name) + (field(13, doc_string) if doc_string else b"") + number_field(20, kind)


def _sparse(attribute: ir.Attr, encoded: bytes) -> bytes:
    return _head("sparse_value", attribute.doc_string, _Type.SPARSE_TENSOR) + field(22, encoded)


def _bytes(value: Any) -> Any:
    """Return text as bytes, and what holds text as a list of bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):
        return [item.encode() if isinstance(item, str) else item for item in value]
    return value
