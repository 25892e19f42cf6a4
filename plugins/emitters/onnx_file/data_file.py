"""The layout of external data: which tensors go out of the model file, and where they lie."""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import onnx_ir as ir

from passmgr.core.ir.walk import model_graphs

from ...onnx_format.rope import Payload
from ...onnx_format.sparse import SparseTensor
from ...onnx_format.weights import FileTensor, WeightFile
from ...onnx_format.wire import THRESHOLD, WireError, reference, skeleton
from .tensors import byte_length

if TYPE_CHECKING:
    from pathlib import Path

_ALIGNMENT, _PAGE, _BIG = 64, 4096, 1 << 20
_BLOCK, _BLOCKS = 4096, 256


class DataLayout:
    """Where each tensor of a model lies in its data file.

    Initializers of more than a kilobyte go out, and tensors of attributes that came from outside;
    the same bytes go out once. Big ones begin at a page, so that they can be mapped or shared.

    Args:
        model: The model.

    Attributes:
        size: Bytes of the file.
    """

    def __init__(self, model: ir.Model) -> None:
        self.size = 0
        self._entries: list[tuple[int, Payload]] = []
        self._offsets: dict[int, tuple[int, int]] = {}
        placed: dict[object, int] = {}
        for tensor in _external_tensors(model):
            length = byte_length(tensor)
            identity: object = id(tensor)
            if isinstance(tensor, FileTensor):
                identity = id(tensor.file), tensor.offset, length
            if identity not in placed:
                alignment = _PAGE if length >= _BIG else _ALIGNMENT
                placed[identity] = -(-self.size // alignment) * alignment
                self.size = placed[identity] + length
                self._entries.append((placed[identity], Payload(tensor, length)))
            self._offsets[id(tensor)] = placed[identity], length

    def references(self, location: str) -> dict[int, bytes]:
        """Return the encoded reference of each tensor, by its ``id``, to a file ``location``."""
        return {key: reference(location, *place) for key, place in self._offsets.items()}

    def write(self, file: BinaryIO) -> None:
        """Write the data to ``file``, which is at its beginning."""
        for offset, payload in self._entries:
            file.write(bytes(offset - file.tell()))
            payload.write(file)

    def digest(self, file: BinaryIO) -> str:
        """Return a name of the content of ``file``, as written: 16 hexadecimal digits.

        It covers the layout and samples, not each of what may be gigabytes: equal names mean that
        the contents have to be compared.
        """
        state = hashlib.blake2b(digest_size=8)
        for offset, payload in self._entries:
            state.update(f"{offset}+{payload.length},".encode())
        for block in range(_BLOCKS):
            file.seek(self.size * block // _BLOCKS)
            state.update(file.read(_BLOCK))
        return state.hexdigest()


def weight_bytes(model: ir.Model) -> int:
    """Return the bytes of all initializers of ``model``."""
    return sum(
        byte_length(value.const_value)
        for graph in model_graphs(model)
        if isinstance(graph, ir.Graph)
        for value in graph.initializers.values()
        if value.const_value is not None and _has_bytes(value.const_value)
    )


def data_stem(model: Path) -> str:
    """Return how the data files of ``model`` begin: as its name, which need not be UTF-8."""
    return re.sub("[\udc80-\udcff]", "_", model.stem)


def mentioned_data(path: Path, stem: str) -> set[str]:
    """Return the data files, of those that this emitter names after ``stem``, of a model file.

    Raises:
        OSError: The file cannot be read.
    """
    pattern = re.compile(re.escape(stem.encode()) + rb"\.[0-9a-f]{16}(?:-[0-9]+)?\.data")
    file = WeightFile(path)
    try:
        content: bytes | mmap.mmap = skeleton(file.headers())
    except WireError:  # A damaged model keeps what it mentions.
        content = file.data
    return {match.decode() for match in pattern.findall(content)}


def _external_tensors(model: ir.Model) -> Iterator[ir.TensorProtocol]:
    for graph in model_graphs(model):
        if isinstance(graph, ir.Graph):
            for value in graph.initializers.values():
                tensor = value.const_value
                if tensor is not None and _can_go_out(tensor):
                    yield tensor
        for node in graph:
            for attribute in node.attributes.values():
                if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                    tensor = attribute.value
                    if isinstance(tensor, FileTensor) and not tensor.embedded:
                        yield tensor


def _can_go_out(tensor: ir.TensorProtocol) -> bool:
    return _has_bytes(tensor) and byte_length(tensor) > THRESHOLD


def _has_bytes(tensor: ir.TensorProtocol) -> bool:
    """Whether the tensor has a form as plain bytes: strings and sparse tensors have their own."""
    return tensor.dtype != ir.DataType.STRING and not isinstance(tensor, SparseTensor)
