"""The protobuf wire format: varints, fields, and the skeleton of a model without its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .window import Window

    Buffer = bytes | Window

THRESHOLD = 1024
"""Weights of more bytes than this are left in the file by :func:`skeleton`."""

IN_THIS_FILE = "\0"
"""Location of a tensor that lies in the model file itself; no path can have this name."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_RAW_DATA_TAG = 9 << 3 | _LENGTH

# Where tensors can be: the length-delimited fields to look into, per message (onnx-ml.proto).
_NESTED: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
    "tensor": {},
}


# The two bytes before a field of a small number and a short content, and the small numbers.
_HEADERS = [
    [bytes((number << 3 | _LENGTH, length)) for length in range(128)] for number in range(16)
]
_SMALL = [bytes((number,)) for number in range(128)]


class WireError(ValueError):
    """The bytes are no protobuf message."""


def varint(number: int) -> bytes:
    """Encode an integer; a negative one as 64 bits in two's complement."""
    if 0 <= number < 128:
        return _SMALL[number]
    number &= 0xFFFF_FFFF_FFFF_FFFF
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def read_varint(data: Buffer, position: int) -> tuple[int, int]:
    """Decode the integer at ``position``; return it with the position after it.

    Raises:
        WireError: It does not end within ten bytes.
        IndexError: The data end before it does.
    """
    number = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
    raise WireError("a number of more than 64 bits")


def header(number: int, length: int) -> bytes:
    """Encode what stands before the ``length`` bytes of field ``number``."""
    return varint(number << 3 | _LENGTH) + varint(length)


def field(number: int, content: bytes | str) -> bytes:
    """Encode field ``number``: a string, bytes or a serialized message."""
    if isinstance(content, str):
        content = content.encode()
    if number < 16 and len(content) < 128:
        return _HEADERS[number][len(content)] + content
    return varint(number << 3 | _LENGTH) + varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Encode field ``number``, an integer."""
    return varint(number << 3 | _VARINT) + varint(value)


def skeleton(data: Buffer) -> bytes:
    """Return a serialized ``ModelProto`` without the weights in ``data``.

    Each ``raw_data`` of more than :data:`THRESHOLD` bytes becomes a reference: external data at
    the location :data:`IN_THIS_FILE`, with its offset and length. The payloads are jumped over, so
    that the cost is that of the skeleton, not of the file.

    Raises:
        WireError: The data are cut short or are no protobuf message.
    """
    try:
        return _reduced(data, 0, len(data), "model") or data[:]
    except IndexError:
        raise WireError("the data end too early") from None


def _reduced(data: Buffer, start: int, end: int, message: str) -> bytes | None:
    """Return the message without its weights, or ``None`` where it has none to take out."""
    if message == "tensor":
        return _reduced_tensor(data, start, end)
    nested = _NESTED[message]
    pieces: list[bytes] = []
    copied = position = start
    while position < end:
        tag_position = position
        tag = data[position]
        position += 1
        if tag > 127:
            tag, position = read_varint(data, tag_position)
        if tag & 7 != _LENGTH:
            position = _skip(data, position, tag & 7)
            continue
        length = data[position]
        position += 1
        if length > 127:
            length, position = read_varint(data, position - 1)
        begin, position = position, position + length
        if position > end:
            raise WireError("a field is longer than its message")
        if length > THRESHOLD and (kind := nested.get(tag >> 3)) is not None:
            content = _reduced(data, begin, position, kind)
            if content is not None:
                pieces += data[copied:tag_position], field(tag >> 3, content)
                copied = position
    if position != end:
        raise WireError("a field is longer than its message")
    if not pieces:
        return None
    pieces.append(data[copied:end])
    return b"".join(pieces)


def _reduced_tensor(data: Buffer, start: int, end: int) -> bytes | None:
    raw: tuple[int, int, int] | None = None
    position = start
    while position < end:
        begin = position
        tag, position = read_varint(data, position)
        if tag & 7 != _LENGTH:
            position = _skip(data, position, tag & 7)
            continue
        length, position = read_varint(data, position)
        if tag == _RAW_DATA_TAG:
            if raw is not None:
                return None
            raw = begin, position, length
        position += length
    if position != end:
        raise WireError("a field is longer than its message")
    if raw is None or raw[2] <= THRESHOLD:
        return None
    begin, offset, length = raw
    return data[start:begin] + data[offset + length : end] + reference(IN_THIS_FILE, offset, length)


def reference(location: str, offset: int, length: int) -> bytes:
    """Encode the fields of a ``TensorProto`` that say where its data lie."""
    entries = {"location": location, "offset": str(offset), "length": str(length)}
    encoded = (field(13, field(1, key) + field(2, text)) for key, text in entries.items())
    return b"".join(encoded) + number_field(14, 1)


def _skip(data: Buffer, position: int, wire_type: int) -> int:
    if wire_type == _VARINT:
        return read_varint(data, position)[1]
    if wire_type == _FIXED32:
        return position + 4
    if wire_type == _FIXED64:
        return position + 8
    raise WireError(f"a field of the unknown wire type {wire_type}")
