"""A message in pieces: bytes, and tensors whose bytes are fetched when it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import onnx_ir as ir

from passmgr.core.errors import OutputError

from .weights import write_tensor
from .wire import field, header


@dataclass(frozen=True)
class Payload:
    """The bytes of a tensor, ``length`` of them."""

    tensor: ir.TensorProtocol
    length: int

    def write(self, file: BinaryIO) -> None:
        """Append the bytes to ``file``.

        Raises:
            OutputError: The tensor has not as many bytes as its type and shape say.
        """
        start = file.tell()
        write_tensor(self.tensor, file)
        if file.tell() - start != self.length:
            raise OutputError(
                f"tensor '{self.tensor.name}' has {file.tell() - start} bytes, where its type and "
                f"shape need {self.length}"
            )


class Rope:
    """A serialized message in pieces, whose length is known before its tensors are read.

    Nested messages carry their length in front, which is why it must be.

    Attributes:
        pieces: What it consists of.
        length: Bytes in all.
    """

    __slots__ = ("length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[bytes | Payload] = []
        self.length = 0

    def add(self, data: bytes) -> None:
        """Append encoded fields."""
        self.pieces.append(data)
        self.length += len(data)

    def tensor(self, number: int, tensor: ir.TensorProtocol, length: int) -> None:
        """Append field ``number`` with the ``length`` bytes of ``tensor``."""
        self.add(header(number, length))
        self.pieces.append(Payload(tensor, length))
        self.length += length

    def message(self, number: int, content: bytes | Rope) -> None:
        """Append field ``number`` with a serialized message."""
        if isinstance(content, bytes):
            self.add(field(number, content))
        else:
            self.add(header(number, content.length))
            self.pieces += content.pieces
            self.length += content.length

    def flat(self) -> bytes | Rope:
        """Return plain bytes where no tensor is among the pieces."""
        if any(isinstance(piece, Payload) for piece in self.pieces):
            return self
        return b"".join(self.pieces)  # type: ignore[arg-type]

    def write(self, file: BinaryIO) -> None:
        """Append the message to ``file``."""
        for piece in self.pieces:
            if isinstance(piece, Payload):
                piece.write(file)
            else:
                file.write(piece)
