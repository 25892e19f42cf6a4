"""Tensors to the wire format: as they came, as references to a data file, or as payloads."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
import onnx_ir as ir

from ...onnx_format.rope import Rope
from ...onnx_format.sparse import SparseTensor
from ...onnx_format.wire import THRESHOLD, field, number_field
from .attributes import metadata


def byte_length(tensor: ir.TensorProtocol) -> int:
    """Return how many bytes ``tensor`` takes in a file; sub-byte elements are packed."""
    return (tensor.size * tensor.dtype.bitwidth + 7) // 8


class TensorEncoder:
    """Encodes tensors.

    Args:
        references: For each tensor that goes to a data file, by its ``id``, the encoded reference.
    """

    def __init__(self, references: Mapping[int, bytes]) -> None:
        self._references = references

    def encode(self, tensor: ir.TensorProtocol, name: str) -> bytes | Rope:
        """Return the encoded tensor under ``name``."""
        reference = self._references.get(id(tensor))
        if reference is None and isinstance(tensor, ir.serde.TensorProtoTensor):
            return _from_proto(tensor.raw, tensor, name)
        if isinstance(tensor, ir.StringTensor):
            return _from_proto(ir.serde.serialize_tensor(tensor), tensor, name)
        head = b"".join(number_field(1, dim) for dim in tensor.shape.numpy())
        head += number_field(2, tensor.dtype) + (field(8, name) if name else b"")
        if tensor.doc_string:
            head += field(12, tensor.doc_string)
        head += metadata(16, tensor.metadata_props)
        if reference is not None:
            return head + reference
        length = byte_length(tensor)
        if length <= THRESHOLD:
            return head + field(9, tensor.tobytes())
        rope = Rope()
        rope.add(head)
        rope.tensor(9, tensor, length)
        return rope

    def sparse(self, tensor: SparseTensor, name: str) -> bytes:
        """Return the encoded ``SparseTensorProto`` under ``name``."""
        proto = tensor.proto
        if proto.values.name != name:
            proto = onnx.SparseTensorProto.FromString(proto.SerializeToString())
            proto.values.name = name
        encoded: bytes = proto.SerializeToString(deterministic=True)
        return encoded


def _from_proto(proto: onnx.TensorProto, tensor: ir.TensorProtocol, name: str) -> bytes:
    properties = {entry.key: entry.value for entry in proto.metadata_props}
    if proto.name != name or properties != tensor.metadata_props:
        proto = onnx.TensorProto.FromString(proto.SerializeToString())
        proto.name = name
        del proto.metadata_props[:]
        for key, text in tensor.metadata_props.items():
            proto.metadata_props.add(key=key, value=text)
    encoded: bytes = proto.SerializeToString(deterministic=True)
    return encoded
