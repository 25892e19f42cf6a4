"""Lazy weights: tensors that lie in a file which is held open, and are copied by the kernel."""

from __future__ import annotations

import errno
import mmap
import os
import sys
import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import onnx_ir as ir

from .window import Window

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = _SMALL = 1 << 24
_NOT_SUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV}


class WeightFile:
    """A file that tensors lie in.

    It is held open, so that the weights stay what they were when another file takes its name.

    Args:
        path: The file.

    Attributes:
        path: The file, as it was given.
        descriptor: The open file.
        size: Its size in bytes.
        mtime_ns: When it was last modified, in nanoseconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self.descriptor)
        status = os.fstat(self.descriptor)
        self.size = status.st_size
        self.mtime_ns = status.st_mtime_ns

    @cached_property
    def data(self) -> bytes | mmap.mmap:
        """The contents, mapped into memory."""
        if not self.size:
            return b""
        return mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ)

    def headers(self) -> bytes | Window:
        """Return the contents for a scan that jumps over most of them."""
        if self.size <= _SMALL:
            return os.pread(self.descriptor, self.size, 0)
        return Window(self.descriptor, self.size)

    def copy_to(self, target: BinaryIO, offset: int, length: int) -> None:
        """Append ``length`` bytes from ``offset`` to ``target``, by the kernel where it can.

        Args:
            target: A binary file that is open for writing.
            offset: Where the bytes begin.
            length: How many there are.

        Raises:
            OSError: The target is full, or this file has become shorter.
        """
        target.flush()
        copied = self._copy_range(target, offset, length)
        while copied < length:
            chunk = os.pread(self.descriptor, min(_CHUNK, length - copied), offset + copied)
            if not chunk:
                raise OSError(errno.EIO, f"'{self.path}' has become shorter")
            target.write(chunk)
            copied += len(chunk)

    def _copy_range(self, target: BinaryIO, offset: int, length: int) -> int:
        copy = getattr(os, "copy_file_range", None)
        try:
            descriptor = target.fileno()
        except OSError:  # A stream in memory.
            return 0
        if copy is None:
            return 0
        start = target.tell()
        copied = 0
        try:
            while copied < length:
                count = copy(
                    self.descriptor,
                    descriptor,
                    length - copied,
                    offset + copied,
                    start + copied,
                )
                if not count:
                    break
                copied += count
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
        finally:
            target.seek(start + copied)
        return copied


class FileTensor(ir.ExternalTensor):
    """A tensor in a file: in the model file itself or in one beside it.

    Args:
        file: The file.
        offset: Where its bytes begin.
        length: How many there are.
        dtype: Element type.
        shape: Shape.
        name: Name.
        embedded: It lies within the model file.
        doc_string: Documentation.
        metadata_props: Metadata.
    """

    __slots__ = ("embedded", "file")

    def __init__(
        self,
        file: WeightFile,
        offset: int,
        length: int,
        dtype: ir.DataType,
        shape: ir.Shape,
        name: str,
        *,
        embedded: bool,
        doc_string: str | None = None,
        metadata_props: dict[str, str] | None = None,
    ) -> None:
        super().__init__(
            file.path.name,
            offset,
            length,
            dtype,
            shape=shape,
            name=name,
            doc_string=doc_string,
            metadata_props=metadata_props,
            base_dir=os.fspath(file.path.parent),
        )
        self.file = file
        self.embedded = embedded

    def _load(self) -> None:
        """Set the array: a read-only view of the file where the element type is whole bytes."""
        offset, length = self.offset or 0, self.length or 0
        if self.dtype.bitwidth < 8:
            packed = np.frombuffer(self.file.data, np.uint8, length, offset)
            array = ir.PackedTensor(packed, self.dtype, shape=self.shape).numpy()
        else:
            dtype = self.dtype.numpy().newbyteorder("<")
            array = np.frombuffer(self.file.data, dtype, self.size, offset)
        array = array.reshape(self.shape.numpy())
        array.flags.writeable = False
        self._array = array

    def tobytes(self) -> bytes:
        """Return the bytes as they lie in the file."""
        offset = self.offset or 0
        return self.file.data[offset : offset + (self.length or 0)]

    def tofile(self, file: BinaryIO) -> None:
        """Append the bytes to ``file`` without decoding them."""
        self.file.copy_to(file, self.offset or 0, self.length or 0)

    def release(self) -> None:
        """Forget the array; the file stays open as long as a tensor lies in it."""
        self._array = None


def write_tensor(tensor: ir.TensorProtocol, file: BinaryIO) -> None:
    """Append the bytes of ``tensor`` to ``file``: from the kernel, its buffer, or a copy."""
    if isinstance(tensor, FileTensor):
        tensor.tofile(file)
    elif tensor.dtype.bitwidth < 8 or sys.byteorder != "little":
        file.write(tensor.tobytes())
    else:
        array: np.ndarray[Any, Any] = np.ascontiguousarray(tensor.numpy())
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        file.write(array.reshape(-1).view(np.uint8).data)
