"""Two models on the same inputs: outputs matched and measured, layers in order, memory bounded."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.errors import ModelError, RuntimeFailure, UsageError
from passmgr.core.guard import pair


def parse(text, opset=18):
    return ir.from_proto(
        onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> {text}')
    )


CHAIN = (
    "g (float[n, 3] x) => (float[n, 3] y) <float w = {%s}>"
    "{ a = Neg(x) b = Add(a, w) c = Abs(b) y = Exp(c) }"
)


def test_equal_models():
    found = passmgr.compare(parse(CHAIN % 1), parse(CHAIN % 1))
    assert found.equal
    assert (found.relative, found.worst.name, found.worst.status) == (0.0, "y", "equal")
    assert found.notes[0].startswith("no inputs given: 2 sets of synthesized inputs (batch 2")
    assert found.inputs == 2


def test_files_and_models_are_taken_alike(tmp_path):
    ir.save(parse(CHAIN % 1), tmp_path / "a.onnx")
    assert passmgr.compare(tmp_path / "a.onnx", parse(CHAIN % 1)).equal
    assert passmgr.compare(str(tmp_path / "a.onnx"), tmp_path / "a.onnx").equal


def test_the_first_layer_that_departs_is_found():
    found = passmgr.compare(parse(CHAIN % 1), parse(CHAIN % 2), layers=True)
    assert not found.equal
    assert [(layer.name, layer.status) for layer in found.layers] == [
        ("a", "equal"),
        ("b", "breach"),
        ("c", "breach"),
    ]
    assert found.first_departure.name == "b"


def test_layers_come_in_batches_that_their_sizes_allow(monkeypatch):
    steps = " ".join(f"v{i + 1} = Neg(v{i})" for i in range(40))
    model = parse(f"g (float[2, 3] v0) => (float[2, 3] v40) {{ {steps} }}")
    lengths = []
    batch = pair.ModelPair._batch

    def recorded(self, pairs):
        lengths.append(len(pairs))
        return batch(self, pairs)

    monkeypatch.setattr(pair.ModelPair, "_batch", recorded)
    monkeypatch.setattr(pair, "_BYTES", 4 * 24)
    found = passmgr.compare(model, model, layers=True)
    assert [layer.name for layer in found.layers] == [f"v{i}" for i in range(1, 40)]
    assert len(model.graph.outputs) == 1
    assert lengths[0] == 8
    assert set(lengths[1:-1]) <= {3, 4}


def test_a_layer_that_cannot_be_an_output_hides_no_other(monkeypatch):
    real = pair.ModelPair._inner

    def refusing(self, model, feeds, values):
        if any(value.name == "b" for value in values):
            raise RuntimeFailure("not that one")
        return real(self, model, feeds, values)

    monkeypatch.setattr(pair.ModelPair, "_inner", refusing)
    found = passmgr.compare(parse(CHAIN % 1), parse(CHAIN % 1), layers=True)
    assert [layer.status for layer in found.layers] == ["equal", "unchecked", "equal"]
    assert found.layers[1].reason == "not that one"


def test_tolerances():
    a, b = parse(CHAIN % 1), parse(CHAIN % 1.001)
    assert not passmgr.compare(a, b).equal
    assert passmgr.compare(a, b, rtol=0.1).equal
    assert passmgr.compare(a, b, rtol=0, atol=1.0).equal
    a, b = parse(CHAIN % 1), parse((CHAIN % 1).replace("Abs", "Identity"))
    assert not passmgr.compare(a, b, rtol=0).equal


def test_given_inputs_are_used():
    feeds = {"x": np.zeros((1, 3), np.float32)}
    found = passmgr.compare(parse(CHAIN % 1), parse(CHAIN % -1), inputs=feeds)
    assert found.equal
    assert found.notes == ()


def test_other_names_are_matched_by_position():
    other = (CHAIN % 1).replace(" x)", " in)").replace("(x)", "(in)").replace(" y", " out")
    found = passmgr.compare(parse(CHAIN % 1), parse(other))
    assert found.equal
    assert found.notes[1:] == (
        "inputs are matched by position: their names differ",
        "outputs are matched by position: their names differ",
    )


def test_a_missing_and_an_extra_output_are_differences():
    one = parse("g (float[2] x) => (float[2] y) { y = Neg(x) }")
    two = parse("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x) z = Abs(x) }")
    there, back = passmgr.compare(one, two), passmgr.compare(two, one)
    assert not there.equal
    assert not back.equal
    assert there.outputs[1].reason == "the first model has no such output"
    assert back.outputs[1].reason == "the second model has no such output"


def test_an_unused_input_is_noted_and_a_new_one_refused():
    one = parse("g (float[2] x) => (float[2] y) { y = Neg(x) }")
    two = parse("g (float[2] x, float[2] w) => (float[2] y) { y = Neg(x) }")
    found = passmgr.compare(two, one)
    assert found.equal
    assert "the second model has no input 'w'" in found.notes
    with pytest.raises(RuntimeFailure, match="the second model needs input 'w', which the first"):
        passmgr.compare(one, two)


def test_inputs_are_cast_for_a_model_of_another_precision():
    one = parse("g (float[2] x) => (float[2] y) { y = Neg(x) }")
    half = parse("g (float16[2] x) => (float16[2] y) { y = Neg(x) }")
    found = passmgr.compare(one, half)
    assert "input 'x' is cast from float32 to float16 for the second model" in found.notes
    assert found.worst.reason.startswith("dtype float32 became float16, moved by ")
    assert 0 < found.relative < 1e-3


def test_models_without_common_layers_say_so():
    one = parse("g (float[2] x) => (float[2] y) { a = Neg(x) y = Neg(a) }")
    two = parse("g (float[2] x) => (float[2] y) { b = Neg(x) y = Neg(b) }")
    found = passmgr.compare(one, two, layers=True)
    assert found.layers == ()
    assert "no inner value has the same name in both models" in found.notes


ODD = "g (float[2] x) => (float[2] y) { y = my.Op(x) }"
FINE = "g (float[2] x) => (float[2] y) { y = Neg(x) }"
NARROW = "g (float[n] x) => (float[2] y) <int64[1] s = {7}> { y = Reshape(x, s) }"


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (ODD, FINE, "the first model does not run: ONNX Runtime"),
        (FINE, ODD, "the second model does not load: ONNX Runtime"),
        (FINE, NARROW, "the second model does not run: ONNX Runtime"),
    ],
)
def test_models_that_do_not_run_are_named(a, b, message):
    with pytest.raises(RuntimeFailure, match=message):
        passmgr.compare(parse(a), parse(b))


def test_files_that_are_not_there_and_inputs_that_do_not_fit(tmp_path):
    with pytest.raises(ModelError, match="absent"):
        passmgr.compare(tmp_path / "absent.onnx", parse(FINE))
    with pytest.raises(UsageError, match=r"input 'x' .* is missing"):
        passmgr.compare(parse(FINE), parse(FINE), inputs={})


@pytest.mark.parametrize("wrong", [{"rtol": float("nan")}, {"atol": -1.0}, {"seed": -1}])
def test_numbers_out_of_range_are_named(wrong):
    with pytest.raises(UsageError, match=f"'{next(iter(wrong))}' is .*, legal is"):
        passmgr.compare(parse(FINE), parse(FINE), **wrong)


def test_the_result_as_json():
    found = passmgr.compare(parse(CHAIN % 1), parse(CHAIN % "nan"), layers=True).to_json()
    assert (found["equal"], found["relative"]) == (False, "inf")
    assert [layer["name"] for layer in found["layers"]] == ["a", "b", "c"]
    assert found["outputs"][0]["status"] == "breach"
