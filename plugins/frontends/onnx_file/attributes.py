"""Attributes from their protos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from passmgr.core.errors import ModelError

from .tensors import TensorReader, type_and_shape

if TYPE_CHECKING:
    from pathlib import Path

_Type = onnx.AttributeProto
_PLAIN: dict[int, Callable[[onnx.AttributeProto], Any]] = {
    _Type.INT: lambda proto: proto.i,
    _Type.FLOAT: lambda proto: proto.f,
    _Type.STRING: lambda proto: _text(proto.s),
    _Type.INTS: lambda proto: proto.ints,
    _Type.FLOATS: lambda proto: proto.floats,
    _Type.STRINGS: lambda proto: [_text(s) for s in proto.strings],
}
_FIELD_TYPES = {
    "f": _Type.FLOAT,
    "i": _Type.INT,
    "s": _Type.STRING,
    "t": _Type.TENSOR,
    "g": _Type.GRAPH,
    "tp": _Type.TYPE_PROTO,
    "sparse_tensor": _Type.SPARSE_TENSOR,
    "floats": _Type.FLOATS,
    "ints": _Type.INTS,
    "strings": _Type.STRINGS,
    "tensors": _Type.TENSORS,
    "graphs": _Type.GRAPHS,
    "type_protos": _Type.TYPE_PROTOS,
    "sparse_tensors": _Type.SPARSE_TENSORS,
}


class AttributeReader:
    """Makes attributes from protos.

    Args:
        path: The model file, for messages.
        tensors: Makes the tensors.
        graph: Makes a graph, given the scopes around it.
    """

    def __init__(
        self,
        path: Path,
        tensors: TensorReader,
        graph: Callable[[onnx.GraphProto, Sequence[Any]], ir.Graph],
    ) -> None:
        self._path = path
        self._tensors = tensors
        self._graph = graph

    def read(self, proto: onnx.AttributeProto, scopes: Sequence[Any], owner: str) -> ir.Attr:
        """Return the attribute of ``proto``.

        Args:
            proto: The attribute.
            scopes: What graphs in it can use.
            owner: The op or function that it belongs to, for messages.

        Raises:
            ModelError: It cannot be carried through.
        """
        name, doc = proto.name, proto.doc_string or None
        if not isinstance(name, str):  # what protobuf gives where the bytes are no UTF-8
            raise ModelError(
                f"'{self._path}': an attribute of {owner!r} has a name that is no text"
            )
        kind: int = proto.type
        if proto.ref_attr_name:
            return ir.RefAttr(name, proto.ref_attr_name, ir.AttributeType(kind), doc_string=doc)
        if not kind:
            kind = next(
                (_FIELD_TYPES[f.name] for f, _ in proto.ListFields() if f.name in _FIELD_TYPES), 0
            )
        value: Any = None
        if plain := _PLAIN.get(kind):
            value = plain(proto)
        elif kind == _Type.TENSOR:
            value = self._tensors.tensor(proto.t)
        elif kind == _Type.TENSORS:
            value = [self._tensors.tensor(t) for t in proto.tensors]
        elif kind == _Type.GRAPH:
            value = self._graph(proto.g, scopes)
        elif kind == _Type.GRAPHS:
            value = [self._graph(g, scopes) for g in proto.graphs]
        elif kind == _Type.TYPE_PROTO:
            value = self._type(proto.tp, name, owner)
        elif kind == _Type.TYPE_PROTOS:
            value = [self._type(tp, name, owner) for tp in proto.type_protos]
        elif kind == _Type.SPARSE_TENSOR and (owner, name) == ("Constant", "sparse_value"):
            # A dense Constant to every pass; the emitter gives it its form and name back.
            name, kind, value = "value", _Type.TENSOR, self._tensors.sparse(proto.sparse_tensor)
        elif kind:
            raise ModelError(
                f"'{self._path}': attribute {name!r} of {owner!r} is of a kind that cannot be "
                f"carried through: {_kind_name(kind)}"
            )
        return ir.Attr(name, ir.AttributeType(kind), value, doc_string=doc)

    def _type(self, proto: onnx.TypeProto, name: str, owner: str) -> ir.TypeAndShape:
        type_, shape, unexpressed = type_and_shape(proto)
        if unexpressed:
            raise ModelError(
                f"'{self._path}': attribute {name!r} of {owner!r} is a type that cannot be carried "
                f"through: {proto.WhichOneof('value')}"
            )
        return ir.TypeAndShape(type_, shape)


def _kind_name(kind: int) -> str:
    known = onnx.AttributeProto.AttributeType.values()
    return onnx.AttributeProto.AttributeType.Name(kind) if kind in known else f"type {kind}"


def _text(data: bytes) -> str | bytes:
    """Return the text; custom ops also keep bytes in strings that are none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
