"""Files that are no model, or a broken one: one clear line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import onnx_models
import pytest
from onnx import TensorProto, helper
from onnx_models import FLOAT, info, model

from passmgr.core.errors import ModelError
from passmgr.plugins.frontends.onnx_file import OnnxFrontend

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def _bytes(content: bytes) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(content), None)[1]


def _proto(proto: onnx.ModelProto) -> Callable[[Path], None]:
    return _bytes(proto.SerializeToString())


def _graph(*nodes: onnx.NodeProto, output: str = "y") -> Callable[[Path], None]:
    return _proto(model(list(nodes), [info("x", FLOAT, [1])], [info(output, FLOAT, [1])]))


def _external(location: str, length: int = 4000, offset: str = "0") -> Callable[[Path], None]:
    proto = onnx_models.dense()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": str(length)}.items():
        tensor.external_data.add(key=key, value=value)

    def write(path: Path) -> None:
        (path.parent / "short.data").write_bytes(bytes(100))
        (path.parent.parent / "outside.data").write_bytes(bytes(8000))
        (path.parent / "link.data").symlink_to("../outside.data")
        path.write_bytes(proto.SerializeToString())

    return write


def _wrong_length() -> onnx.ModelProto:
    proto = onnx_models.dense()
    proto.graph.initializer[0].raw_data += b"1234"
    return proto


def _training() -> onnx.ModelProto:
    proto = onnx_models.dense()
    proto.training_info.add()
    return proto


def _unknown_type() -> onnx.ModelProto:
    proto = onnx_models.dense()
    proto.graph.initializer[0].data_type = 99
    return proto


def _sparse_attribute() -> onnx.ModelProto:
    proto = onnx_models.sparse()
    proto.graph.node[0].op_type = "Custom"
    return proto


def _map_attribute() -> onnx.ModelProto:
    proto = onnx_models.attributes()
    map_type = helper.make_map_type_proto(7, helper.make_tensor_type_proto(FLOAT, None))
    proto.graph.node[0].attribute.append(helper.make_attribute("m", map_type))
    return proto


def _subgraph_cycle() -> onnx.ModelProto:
    proto = onnx_models.nested()
    add = proto.graph.node[0].attribute[0].g.node[0]
    add.input[0] = "z"
    proto.graph.node.add(op_type="Neg", name="neg", input=["y"], output=["z"])
    return proto


node = helper.make_node
DENSE = onnx_models.dense().SerializeToString()
CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (lambda path: None, "does not exist"),
    "folder": (Path.mkdir, "is a folder, not a model file"),
    "empty": (_bytes(b""), "is empty"),
    "png": (_bytes(PNG), "is no ONNX model"),
    "text": (_bytes(b"ir_version: 8"), "is no ONNX model"),
    "zeros": (_bytes(bytes(5000)), "is no ONNX model"),
    "truncated": (_bytes(DENSE[: len(DENSE) // 2]), "cut short: a field is longer"),
    "truncated in a length": (_bytes(DENSE[:12]), "is no ONNX model"),
    "truncated before the opset": (_bytes(DENSE[: DENSE.rindex(b"B")]), "it imports no opset"),
    "dimension no text": (_bytes(DENSE.replace(b"\x01N", b"\x01\xff")), "or is damaged"),
    "no graph": (_proto(onnx.ModelProto(ir_version=8)), "no ONNX model: it has no graph"),
    "node name no text": (_bytes(DENSE.replace(b"scale", b"sc\xffle")), "is no UTF-8 text"),
    "value name no text": (_bytes(DENSE.replace(b"\x01m", b"\x01\xff")), "is no UTF-8 text"),
    "training": (_proto(_training()), "carries training information"),
    "undefined input": (
        _graph(node("Neg", ["q"], ["y"], name="n")),
        "nothing produces 'q', an input of the Neg node 'n'",
    ),
    "undefined output": (
        _graph(node("Neg", ["x"], ["y"]), output="z"),
        "nothing produces the graph output 'z'",
    ),
    "defined twice": (
        _graph(node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])),
        "the value 'y' is defined twice",
    ),
    "input defined again": (_graph(node("Neg", ["x"], ["x"])), "the value 'x' is defined twice"),
    "cycle": (
        _graph(
            node("Add", ["x", "b"], ["a"], name="one"),
            node("Neg", ["a"], ["b"], name="two"),
            node("Neg", ["b"], ["y"]),
        ),
        "the graph has a cycle through 'one' -> 'two' -> 'one'",
    ),
    "self loop": (_graph(node("Add", ["x", "y"], ["y"])), "cycle through 'y' -> 'y'"),
    "cycle through a subgraph": (_proto(_subgraph_cycle()), "a cycle through '"),
    "missing data": (_external("none.data"), "tensor 'w' has its data in '"),
    "short data": (_external("short.data"), "which has only 100"),
    "data above": (_external("../outside.data"), "is not inside the model's folder"),
    "absolute data": (_external("/etc/passwd"), "is not inside the model's folder"),
    "linked data": (_external("link.data"), "is not inside the model's folder"),
    "windows data": (_external("..\\outside.data"), "is not inside the model's folder"),
    "no location": (_external(""), "is not inside the model's folder"),
    "data in a folder": (_external("."), "which is no file"),
    "data offset": (_external("short.data", offset="x"), "offset or length that is no number"),
    "negative offset": (_external("short.data", offset="-1"), "needs the bytes -1 to"),
    "data length": (_external("short.data", length=96), "has 96 bytes of data, where its type"),
    "weight length": (_proto(_wrong_length()), "has 4004 bytes of data, where its type and shape"),
    "unknown type": (_proto(_unknown_type()), "has the unknown element type 99"),
    "sparse attribute": (_proto(_sparse_attribute()), "cannot be carried through: SPARSE_TENSOR"),
    "map attribute": (_proto(_map_attribute()), "a type that cannot be carried through: map_type"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_line(case: str, tmp_path: Path) -> None:
    write, expected = CASES[case]
    path = tmp_path / "folder" / "model.onnx"
    path.parent.mkdir()
    write(path)
    with pytest.raises(ModelError) as caught:
        OnnxFrontend().load(path)
    message = str(caught.value)
    assert expected in message
    assert str(path) in message
    assert "\n" not in message
    assert "\0" not in message


def test_a_cache_that_links_model_and_data_to_one_store(tmp_path: Path) -> None:
    store, cache = tmp_path / "store", tmp_path / "cache"
    store.mkdir()
    cache.mkdir()
    onnx.save(onnx_models.dense(), store / "m", save_as_external_data=True, location="w.data")
    (store / "w.data").rename(store / "d")
    (cache / "model.onnx").symlink_to("../store/m")
    (cache / "w.data").symlink_to("../store/d")
    tensor = OnnxFrontend().load(cache / "model.onnx").graph.initializers["w"].const_value
    assert tensor is not None
    assert tensor.tobytes() == onnx_models.weights(1000).tobytes()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'{path}' is empty"),
        (
            '<ir_version: 8, opset_import: ["" : 17]>\ng (float x) => (float y) {\n y = Neg(x\n}\n',
            "'{path}' is no ONNX text: line 4, column 1, at '}}': Expected character ) not found.",
        ),
        (
            '<ir_version: 8, opset_import: ["" : 17]>\ng (float x) => (float y) {\n y = Neg x '
            + "word " * 1000,
            "'{path}' is no ONNX text: line 3, column 10, at 'y = Neg x word word word word word "
            "word word word word ...': Expected character ( not found.",
        ),
        ("\n", "'{path}' is no ONNX text: line 2, column 1: Identifier expected but not found."),
    ],
)
def test_broken_text(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.onnxtxt"
    path.write_text(text)
    with pytest.raises(ModelError) as caught:
        OnnxFrontend().load(path)
    assert str(caught.value) == problem.format(path=path)


def test_every_prefix_of_a_model_loads_or_is_refused(tmp_path: Path) -> None:
    data = onnx_models.described().SerializeToString()
    path = tmp_path / "a.onnx"
    refused = 0
    for end in [*range(1, 1500, 7), *range(len(data) - 300, len(data))]:
        path.write_bytes(data[:end])
        try:
            OnnxFrontend().load(path)
        except ModelError:
            refused += 1
    assert refused > 300


def test_each_spoilt_byte_gives_a_model_or_one_line(tmp_path: Path) -> None:
    data = onnx_models.nested().SerializeToString()
    path = tmp_path / "a.onnx"
    messages = []
    for position in range(0, 700, 3):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        try:
            OnnxFrontend().load(path)
        except ModelError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert not any("\n" in message for message in messages)
