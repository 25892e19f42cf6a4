"""Tensors from their protos: lazy where the data lie in a file, checked against that file."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from passmgr.core.errors import ModelError

from ...onnx_format.sparse import SparseTensor
from ...onnx_format.weights import FileTensor, WeightFile
from ...onnx_format.wire import IN_THIS_FILE

_EXTERNAL = onnx.TensorProto.EXTERNAL
_STRING = onnx.TensorProto.STRING
_TYPES = {int(dtype): dtype for dtype in ir.DataType if dtype}


class MessageTensor(ir.serde.TensorProtoTensor):
    """A small tensor, whose data lie in its proto: shape and array are made once, when asked for.

    Constants of a graph are looked at by many passes, and decoding one costs as much as a node.
    """

    __slots__ = ("_array", "_dtype", "_shape")

    def __init__(self, proto: onnx.TensorProto) -> None:
        super().__init__(proto)
        self._dtype = _TYPES[proto.data_type]
        self._array: np.ndarray[Any, Any] | None = None
        self._shape: ir.Shape | None = None

    @property
    def dtype(self) -> ir.DataType:  # type: ignore[override]
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> ir.Shape:  # type: ignore[override]
        """The dimensions."""
        if self._shape is None:
            self._shape = super().shape
        return self._shape

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return the elements, read-only."""
        if self._array is None:
            self._array = super().numpy()
            self._array.setflags(write=False)
        return self._array


class TensorReader:
    """Makes tensors from protos.

    Args:
        path: The model file; external data lie in its folder.
        file: The model file, opened, where tensors may refer to it.

    Attributes:
        has_external: Some tensor lies in a file beside the model.
    """

    def __init__(self, path: Path, file: WeightFile | None) -> None:
        self.path = path
        self.has_external = False
        self._file = file
        self._files: dict[str, WeightFile] = {}

    def tensor(self, proto: onnx.TensorProto) -> ir.TensorProtocol:
        """Return the tensor of ``proto``.

        Raises:
            ModelError: Its type is unknown, or its data are missing or of the wrong length.
        """
        if proto.data_type not in _TYPES:
            raise ModelError(
                f"'{self.path}': tensor {proto.name!r} has the unknown element type "
                f"{proto.data_type}"
            )
        if proto.data_location == _EXTERNAL:
            return self._file_tensor(proto)
        if proto.data_type == _STRING:
            return ir.serde.deserialize_tensor(proto)
        return MessageTensor(proto)

    def sparse(self, proto: onnx.SparseTensorProto) -> SparseTensor:
        """Return the tensor of a sparse ``proto``."""
        return SparseTensor(proto)

    def _file_tensor(self, proto: onnx.TensorProto) -> FileTensor:
        entries = {entry.key: entry.value for entry in proto.external_data}
        location = entries.get("location", "")
        dtype = ir.DataType(proto.data_type)
        shape = ir.Shape(proto.dims, frozen=True)
        size = 1
        for dim in proto.dims:
            size *= dim
        expected = (size * dtype.bitwidth + 7) // 8
        where = f"'{self.path}': tensor {proto.name!r}"
        embedded = location == IN_THIS_FILE and self._file is not None
        file = self._file if embedded and self._file else self._external(location, where)
        try:
            offset = int(entries.get("offset") or 0)
            length = int(entries.get("length") or expected)
        except ValueError:
            raise ModelError(f"{where} has an offset or length that is no number") from None
        if offset < 0 or offset + length > file.size:
            raise ModelError(
                f"{where} needs the bytes {offset} to {offset + length} of '{file.path}', which "
                f"has only {file.size}"
            )
        if length != expected:
            raise ModelError(
                f"{where} has {length} bytes of data, where its type and shape need {expected}"
            )
        self.has_external |= not embedded
        return FileTensor(
            file,
            offset,
            length,
            dtype,
            shape,
            proto.name,
            embedded=embedded,
            doc_string=proto.doc_string or None,
            metadata_props=ir.serde.deserialize_metadata_props(proto.metadata_props),
        )

    def _external(self, location: str, where: str) -> WeightFile:
        if location in self._files:
            return self._files[location]
        folder = self.path.parent
        target = folder / location
        parts = PurePosixPath(location).parts + PureWindowsPath(location).parts
        # A cache may link both the model and its data to one store; that is the model's folder too.
        real_folders = folder.resolve(), self.path.resolve().parent
        leaves = (
            not location
            or "\0" in location
            or PurePosixPath(location).is_absolute()
            or PureWindowsPath(location).drive
            or ".." in parts
            or not any(target.resolve().is_relative_to(real) for real in real_folders)
        )
        if leaves:
            raise ModelError(
                f"{where} has its data in {location!r}, which is not inside the model's folder"
            )
        if not target.is_file():
            problem = "is no file" if target.exists() else "does not exist"
            raise ModelError(f"{where} has its data in '{target}', which {problem}")
        try:
            self._files[location] = WeightFile(Path(os.path.normpath(target)))
        except OSError as error:
            raise ModelError(
                f"{where} has its data in '{target}', which cannot be read: {error.strerror}"
            ) from error
        return self._files[location]


def type_and_shape(
    proto: onnx.TypeProto,
) -> tuple[ir.TypeProtocol | None, ir.Shape | None, bytes | None]:
    """Return type and shape, or the serialized ``proto`` where the IR cannot express the type."""
    if _is_expressible(proto):
        serde: Any = ir.serde
        return (
            serde.deserialize_type_proto_for_type(proto),
            serde.deserialize_type_proto_for_shape(proto),
            None,
        )
    return None, None, proto.SerializeToString(deterministic=True)


def _is_expressible(proto: onnx.TypeProto) -> bool:
    kind = proto.WhichOneof("value")
    if kind in ("tensor_type", "sparse_tensor_type"):
        return getattr(proto, kind).elem_type in _TYPES
    if kind in ("sequence_type", "optional_type"):
        return _is_expressible(getattr(proto, kind).elem_type)
    return kind is None and not proto.denotation
