"""inspect as a Python function."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.parser
import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.contract import ValueInfo
from passmgr.core.errors import ModelError, UsageError

TEXT = """
<ir_version: 8, opset_import: ["" : 17, "own" : 1], producer_name: "maker",
 producer_version: "2", doc_string: "What it is for."
 , metadata_props: ["author": "someone"]>
main (float[n, 2] x, bool c, seq(float[1]) s) => (float[n, 2] y, float z)
<float[2] w = {1.0, 2.0}, int64[3] unused = {1, 2, 3}> {
    a = own.Twice(x)
    b = own.Twice(a)
    y = If (c) <
        then_branch = g1 () => (float[n, 2] t) { t = Add(b, w) },
        else_branch = g2 () => (float[n, 2] e) { e = Identity(b) }
    >
    zero = Constant <value_int = 0> ()
    z = SequenceAt(s, zero)
}
<domain: "own", opset_import: ["" : 17]>
Twice (v) => (r) { r = Add(v, v) }
"""


def test_whole_model_is_counted() -> None:
    found = passmgr.inspect(ir.from_proto(onnx.parser.parse_model(TEXT)))
    assert found.to_json() == {
        "ir_version": 8,
        "producer": "maker 2",
        "opsets": {"": 17, "own": 1},
        "inputs": (
            {"name": "x", "type": "tensor(float)", "shape": ("n", 2)},
            {"name": "c", "type": "tensor(bool)", "shape": ()},
            {"name": "s", "type": "seq(tensor(float))", "shape": (1,)},
        ),
        "outputs": (
            {"name": "y", "type": "tensor(float)", "shape": ("n", 2)},
            {"name": "z", "type": "tensor(float)", "shape": ()},
        ),
        "nodes": 8,
        "subgraphs": 2,
        "functions": ("own::Twice",),
        "ops": {
            "Add": 2,
            "own::Twice": 2,
            "Constant": 1,
            "Identity": 1,
            "If": 1,
            "SequenceAt": 1,
        },
        "parameters": 5,
        "parameter_bytes": 32,
        "element_types": {"int64": 24, "float": 8},
        "external_files": {},
        "metadata": {"author": "someone"},
        "doc": "What it is for.",
    }


@pytest.mark.parametrize("external", [True, False])
def test_external_files_are_those_beside_the_model(tmp_path: Path, external: bool) -> None:
    model = onnx.parser.parse_model(TEXT)
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=external, location="weights.bin", size_threshold=0)
    found = passmgr.inspect(path)
    assert found.parameter_bytes == 32
    # onnx moves only what is stored as raw bytes
    assert set(found.external_files) <= {"weights.bin"}
    assert bool(found.external_files) <= external


def test_input_with_a_default_is_no_input() -> None:
    model = onnx.parser.parse_model(TEXT)
    model.graph.input.append(onnx.helper.make_tensor_value_info("w", onnx.TensorProto.FLOAT, [2]))
    found = passmgr.inspect(ir.from_proto(model))
    assert [value.name for value in found.inputs] == ["x", "c", "s"]
    assert found.inputs[0] == ValueInfo("x", "tensor(float)", ("n", 2))


def test_missing_file_is_told() -> None:
    with pytest.raises(ModelError, match=r"there is no file 'no\.onnx'"):
        passmgr.inspect("no.onnx")


def test_other_things_than_models_are_refused() -> None:
    with pytest.raises(UsageError, match=r"not ModelProto"):
        passmgr.inspect(onnx.parser.parse_model(TEXT))  # type: ignore[arg-type]
