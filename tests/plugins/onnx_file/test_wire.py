"""The scan of the wire format: exactly the big weights are left out, whatever the message."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from passmgr.plugins.onnx_format.wire import (
    IN_THIS_FILE,
    THRESHOLD,
    WireError,
    read_varint,
    skeleton,
    varint,
)


def tensors() -> st.SearchStrategy[TensorProto]:
    sizes = st.sampled_from([0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 3 * THRESHOLD])
    return st.builds(
        lambda name, size, fill, doc: TensorProto(
            name=name, data_type=2, dims=[size], raw_data=bytes([fill]) * size, doc_string=doc
        ),
        st.text(max_size=5),
        sizes,
        st.integers(0, 255),
        st.sampled_from(["", "doc", "x" * 2 * THRESHOLD]),
    )


def nodes(depth: int) -> st.SearchStrategy[onnx.NodeProto]:
    values: st.SearchStrategy[object] = tensors() | st.integers() | st.text(max_size=3)
    if depth:
        values = values | graphs(depth - 1) | st.lists(tensors(), min_size=1, max_size=2)
    attribute = st.builds(_attribute, st.text(max_size=3), values)
    return st.builds(
        lambda attributes: onnx.NodeProto(op_type="Op", input=["a"], attribute=attributes),
        st.lists(attribute, max_size=3),
    )


def graphs(depth: int) -> st.SearchStrategy[onnx.GraphProto]:
    return st.builds(
        lambda node, initializer: onnx.GraphProto(name="g", node=node, initializer=initializer),
        st.lists(nodes(depth), max_size=2),
        st.lists(tensors(), max_size=2),
    )


def models() -> st.SearchStrategy[onnx.ModelProto]:
    return st.builds(
        lambda graph, body: onnx.ModelProto(
            ir_version=8, graph=graph, functions=[onnx.FunctionProto(name="f", node=body)]
        ),
        graphs(2),
        st.lists(nodes(0), max_size=2),
    )


def _attribute(name: str, value: object) -> onnx.AttributeProto:
    if isinstance(value, int):
        return onnx.AttributeProto(name=name, f=value % 7, type=1)
    return helper.make_attribute(name, value)


def _restore(message: object, data: bytes) -> int:
    """Put the weights back; return how many were out."""
    if isinstance(message, TensorProto):
        entries = {entry.key: entry.value for entry in message.external_data}
        if entries.get("location") != IN_THIS_FILE:
            assert len(message.raw_data) <= THRESHOLD
            return 0
        offset, length = int(entries["offset"]), int(entries["length"])
        message.ClearField("external_data")
        message.ClearField("data_location")
        message.raw_data = data[offset : offset + length]
        return 1
    count = 0
    for field, content in message.ListFields():  # type: ignore[attr-defined]
        if field.type == field.TYPE_MESSAGE:
            for item in content if field.is_repeated else (content,):
                count += _restore(item, data)
    return count


@given(models())
def test_skeleton_and_file_make_the_model(proto: onnx.ModelProto) -> None:
    data = proto.SerializeToString()
    reduced = skeleton(data)
    restored = onnx.ModelProto.FromString(reduced)
    if _restore(restored, data):
        assert len(reduced) < len(data)
    else:
        assert reduced == data
    assert restored == proto


@given(models(), st.data())
def test_cut_short_anywhere(proto: onnx.ModelProto, draw: st.DataObject) -> None:
    data = proto.SerializeToString()
    end = draw.draw(st.integers(0, len(data) - 1))
    try:
        onnx.ModelProto.FromString(data[:end])
    except Exception as error:
        assert type(error).__name__ == "DecodeError"  # noqa: PT017
        with pytest.raises((WireError, type(error))):
            onnx.ModelProto.FromString(skeleton(data[:end]))
    else:
        onnx.ModelProto.FromString(skeleton(data[:end]))


@given(st.binary(max_size=3000))
def test_garbage(data: bytes) -> None:
    try:
        skeleton(data)
    except WireError as error:
        assert str(error)  # noqa: PT017


@given(st.integers(-(2**63), 2**64 - 1))
def test_varints(number: int) -> None:
    encoded = varint(number)
    assert read_varint(encoded, 0) == (number % 2**64, len(encoded))


def test_a_number_that_does_not_end() -> None:
    with pytest.raises(WireError, match="more than 64 bits"):
        read_varint(b"\xff" * 11, 0)
