"""ONNX Runtime as a runtime: what it loads, what goes in and out, and what its refusals say."""

import builtins
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from passmgr.core.contract import ValueInfo
from passmgr.core.errors import RuntimeFailure
from passmgr.plugins.runtimes import onnxruntime, onnxruntime_model
from passmgr.plugins.runtimes.onnxruntime import OnnxRuntime

NEG = "g (float[n, 3] x) => (float[n, 3] y) { y = Neg(x) }"


def proto(text, opset=18):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> {text}')


def parse(text, opset=18):
    return ir.from_proto(proto(text, opset))


def as_ir(tmp_path):
    return parse(NEG)


def as_bytes(tmp_path):
    return proto(NEG).SerializeToString()


def as_path(tmp_path):
    onnx.save(proto(NEG), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("form", [as_ir, as_bytes, as_path])
def test_every_form_of_a_model_runs(form, optimize, tmp_path):
    session = OnnxRuntime().session(form(tmp_path), optimize=optimize)
    assert session.inputs == [ValueInfo("x", "tensor(float)", ("n", 3))]
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(session.run({"x": x}), [-x])


def test_only_the_wanted_outputs_in_the_wanted_order():
    model = parse("g (float x) => (float a, float b, float c) {a = Neg(x) b = Abs(x) c = Exp(x)}")
    session = OnnxRuntime().session(model)
    assert session.run({"x": np.array(-2, np.float32)}, ["b", "a"]) == [2, 2]
    with pytest.raises(RuntimeFailure, match="the model has no output 'z'"):
        session.run({"x": np.array(-2, np.float32)}, ["z"])


def test_outputs_do_not_keep_the_memory_of_the_session_alive():
    text = "g (float x) => (float[1] y, seq(float[1]) s) <int64[1] one = {1}>"
    model = parse(text + "{ y = Reshape(x, one) s = SequenceConstruct(y) }")
    y, (part,) = OnnxRuntime().session(model).run({"x": np.array(1, np.float32)})
    assert y.base is None
    assert part.base is None


def test_an_unknown_rank_is_no_scalar():
    model = parse("g (float[] x, float s) => (float y) { y = Neg(x) }")
    session = OnnxRuntime().session(model)
    assert [info.shape for info in session.inputs] == [None, ()]


def test_large_weights_go_beside_the_bytes_and_come_back_to_the_model():
    weight = np.arange(1 << 15, dtype=np.float32)
    model = make_with_weight(weight)
    tensor = model.graph.initializers["w"].const_value
    raw, arrays = onnxruntime_model.serialize(model)
    assert len(raw) < 1000
    assert list(arrays) == ["w"]
    assert model.graph.initializers["w"].const_value is tensor
    (y,) = OnnxRuntime().session(model).run({"x": weight})
    np.testing.assert_array_equal(y, 2 * weight)


def make_with_weight(weight):
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, weight.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, weight.shape)],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    opsets = [helper.make_opsetid("", 18)]
    return ir.from_proto(helper.make_model(graph, opset_imports=opsets, ir_version=8))


@pytest.mark.parametrize("count", [4, 1 << 15])
def test_external_weights_are_found_from_anywhere(count, tmp_path, monkeypatch):
    weight = np.arange(count, dtype=np.float32)
    ir.save(
        make_with_weight(weight), tmp_path / "m.onnx", external_data="d", size_threshold_bytes=0
    )
    model = ir.load(tmp_path / "m.onnx")
    monkeypatch.chdir("/")
    (y,) = OnnxRuntime().session(model).run({"x": weight})
    np.testing.assert_array_equal(y, 2 * weight)
    assert isinstance(model.graph.initializers["w"].const_value, ir.ExternalTensor)


def test_external_data_that_is_gone_is_said(tmp_path):
    ir.save(make_with_weight(np.ones(1 << 15, np.float32)), tmp_path / "m.onnx", external_data="d")
    model = ir.load(tmp_path / "m.onnx")
    (tmp_path / "d").unlink()
    with pytest.raises(RuntimeFailure, match="the weights cannot be read: "):
        OnnxRuntime().session(model)


FOREIGN = {
    "BFLOAT16": [1.5, -2.0, 0.0],
    "FLOAT8E4M3FN": [1.5, -2.0, 0.0],
    "FLOAT8E4M3FNUZ": [1.5, -2.0, 0.0],
    "FLOAT8E5M2": [1.5, -2.0, 0.0],
    "FLOAT8E5M2FNUZ": [1.5, -2.0, 0.0],
}


@pytest.mark.parametrize("type_", FOREIGN)
def test_floats_that_numpy_lacks_go_in_and_out(type_):
    elem = getattr(TensorProto, type_)
    dtype = helper.tensor_dtype_to_np_dtype(elem)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", elem, [3])],
        [helper.make_tensor_value_info("y", elem, [3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    (y,) = (
        OnnxRuntime().session(model.SerializeToString()).run({"x": np.array(FOREIGN[type_], dtype)})
    )
    assert y.dtype == dtype
    assert y.astype(float).tolist() == FOREIGN[type_]


@pytest.mark.parametrize("type_", ["INT4", "UINT4"])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_four_bit_integers_go_in_and_out(type_, count):
    elem = getattr(TensorProto, type_)
    dtype = helper.tensor_dtype_to_np_dtype(elem)
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["x", "scale"], ["wide"]),
            helper.make_node("QuantizeLinear", ["wide", "scale"], ["y"], output_dtype=elem),
        ],
        "g",
        [helper.make_tensor_value_info("x", elem, [count])],
        [
            helper.make_tensor_value_info("wide", TensorProto.FLOAT, [count]),
            helper.make_tensor_value_info("y", elem, [count]),
        ],
        [helper.make_tensor("scale", TensorProto.FLOAT, [], [1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    low = -8 if type_ == "INT4" else 0
    x = np.arange(low, low + count).astype(dtype)
    wide, y = OnnxRuntime().session(model.SerializeToString()).run({"x": x})
    assert wide.tolist() == y.astype(int).tolist() == x.astype(int).tolist()
    assert y.dtype == dtype


def test_strings_sequences_and_optionals_go_in_and_out():
    text = "g (seq(string[2]) s) => (seq(string[2]) t, string[2] u)"
    model = parse(text + "<int64 i = {1}> { t = Identity(s) u = SequenceAt(s, i) }")
    parts = [np.array(["a", "b"], object), np.array(["c", "d"], object)]
    t, u = OnnxRuntime().session(model).run({"s": parts})
    assert [part.tolist() for part in t] == [["a", "b"], ["c", "d"]]
    assert u.tolist() == ["c", "d"]
    model = parse("g (optional(float[2]) o) => (bool b) { b = OptionalHasElement(o) }")
    session = OnnxRuntime().session(model)
    assert session.run({"o": None}) == [False]
    assert session.run({"o": np.ones(2, np.float32)}) == [True]


def test_maps_come_out():
    text = (
        '<ir_version: 8, opset_import: ["" : 18, "ai.onnx.ml" : 3]> g (float[1, 2] x) => (z)'
        "{ z = ai.onnx.ml.ZipMap<classlabels_int64s=[7, 8]>(x) }"
    )
    model = onnx.parser.parse_model(text)
    session = OnnxRuntime().session(model.SerializeToString())
    assert session.outputs[0].type == "seq(map(int64,tensor(float)))"
    assert session.run({"x": np.array([[1, 2]], np.float32)}) == [[{7: 1.0, 8: 2.0}]]


ONE = np.ones(1)


def run_neg(feed):
    return lambda folder: OnnxRuntime().session(parse(NEG)).run(feed)


def load(model):
    return lambda folder: OnnxRuntime().session(model(folder))


def bad_file(folder):
    (folder / "bad.onnx").write_bytes(b"nonsense")
    return folder / "bad.onnx"


def nameless(folder):
    model = parse(NEG)
    model.graph.node(0).outputs[0].name = None
    return model


def sequence_beside_bfloat16(folder):
    text = "g (seq(float[2]) s, bfloat16[2] x) => (int64 n, bfloat16[2] y)"
    model = parse(text + "{ n = SequenceLength(s) y = Identity(x) }", 19)
    feed = {"s": [np.ones(2, np.float32)], "x": np.ones(2, ml_dtypes.bfloat16)}
    OnnxRuntime().session(model).run(feed)


def sequence_out_beside_bfloat16(folder):
    text = "g (float[2] a, bfloat16[2] x) => (seq(float[2]) s, bfloat16[2] y)"
    model = parse(text + "{ s = SequenceConstruct(a) y = Identity(x) }", 19)
    feed = {"a": np.ones(2, np.float32), "x": np.ones(2, ml_dtypes.bfloat16)}
    OnnxRuntime().session(model).run(feed)


REFUSED = {
    "no file": (load(lambda folder: folder / "absent.onnx"), "absent.onnx"),
    "bad file": (load(bad_file), "Protobuf parsing failed"),
    "bad bytes": (load(lambda folder: b"nonsense"), "protobuf"),
    "nameless": (load(nameless), "the model cannot be serialized: "),
    "unknown op": (load(lambda _: parse("g (float x) => (float y) { y = my.Op(x) }")), "my"),
    "missing": (run_neg({}), "Required inputs"),
    "unknown": (
        run_neg({"x": np.ones((2, 3), np.float32), "z": np.ones(1)}),
        "Invalid input name: z",
    ),
    "dtype": (run_neg({"x": np.ones((2, 3))}), "expected: (tensor(float))"),
    "dims": (run_neg({"x": np.ones((2, 4), np.float32)}), "Got: 4 Expected: 3"),
    "sequence in": (sequence_beside_bfloat16, "input 's' is seq(tensor(float)): ONNX Runtime's"),
    "sequence out": (sequence_out_beside_bfloat16, "output 's' is seq(tensor(float))"),
}


@pytest.mark.parametrize(("act", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_one_line_in_the_runtime_s_words(act, message, tmp_path):
    with pytest.raises(RuntimeFailure) as caught:
        act(tmp_path)
    text = str(caught.value)
    assert message.lower() in text.lower()
    assert "\n" not in text
    assert "[ONNXRuntimeError]" not in text
    assert len(text) <= 420


def test_a_missing_onnxruntime_is_said_with_what_to_do(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name.split(".")[0] == "onnxruntime":
            raise ImportError("No module named 'onnxruntime'")
        return real(name, *arguments)

    onnxruntime._library.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RuntimeFailure, match="'pip install onnxruntime' brings it"):
        OnnxRuntime().session(Path("m.onnx"))
