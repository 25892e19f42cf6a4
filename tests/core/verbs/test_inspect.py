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
from passmgr.core.registry import Registry

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
        "dims": {"n": 1},
        "costs": {"macs": 0, "by_op": {}, "unknown": (), "approximate": ()},
        "memory": {
            # x, c, a and b; as much as x, c, b and y at the If
            "peak_bytes": 8 + 1 + 8 + 8,
            "peak_node": "own::Twice that makes 'b'",
            "constant_bytes": 32 + 8,
            "unknown": ("s",),
        },
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


PRODUCTS = """
<ir_version: 9, opset_import: ["" : 17, "own" : 1]>
main (float[batch, ?, 8] x, float[8, 4] w, bool c) => (y, z, u)
{
    a = Relu(x)
    t = MatMul(a, w)
    y = Relu(t)
    u = Loop (, c, y) <body = b (int64 i, bool k, float[] v) => (bool l, float[] o)
        { l = Identity(k)  o = Add(v, v) }>
    z = own.Secret(y)
}
"""


def products() -> ir.Model:
    return ir.from_proto(onnx.parser.parse_model(PRODUCTS))


def test_costs_are_given_at_the_sizes_asked_for() -> None:
    found = passmgr.inspect(products())
    assert (found.costs and found.costs.macs, found.dims) == (32, {"batch": 1, "x[1]": 1})
    found = passmgr.inspect(products(), dims={"batch": 3, "x[1]": 5})
    assert found.dims == {"batch": 3, "x[1]": 5}
    assert found.costs is not None
    assert found.memory is not None
    assert found.costs.macs == 3 * 5 * 32
    assert found.costs.by_op == {"MatMul": 3 * 5 * 32}
    secret = ("own::Secret that makes 'z'", "what the operator computes is not known")
    assert found.costs.unknown == (secret,)
    # x, w, c, y and u; in the body i, k and v
    assert found.memory.peak_node == "Loop that makes 'u'"
    assert found.memory.peak_bytes == 480 + 128 + 1 + 240 + 240 + (8 + 1 + 240)


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        (
            {"bacth": 3},
            "no input has an open dimension 'bacth'; did you mean 'batch'? "
            "open dimensions: 'batch', 'x[1]'",
        ),
        (
            {"q": 3},
            "no input has an open dimension 'q'; open dimensions: 'batch', 'x[1]'",
        ),
        ({"batch": 0}, "dimension 'batch' is 0, legal is a whole number from 1"),
        ({"batch": 1.5}, "dimension 'batch' is 1.5, legal is a whole number from 1"),
        ({"batch": True}, "dimension 'batch' is True, legal is a whole number from 1"),
        ({"batch": 10**5000}, "dimension 'batch' is too large, legal is a whole number from 1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(dims: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError) as error:
        passmgr.inspect(products(), dims=dims)
    assert str(error.value) == message


def test_model_without_open_dimensions_has_none_to_give() -> None:
    text = '<ir_version: 9, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) {y = Relu(x)}'
    with pytest.raises(UsageError, match=r"no input has .* 'n'; open dimensions: none"):
        passmgr.inspect(ir.from_proto(onnx.parser.parse_model(text)), dims={"n": 2})


def test_without_the_analyses_there_are_no_costs() -> None:
    found = passmgr.inspect(products(), registry=Registry())
    assert (found.costs, found.memory, found.dims) == (None, None, {})
    assert found.nodes == 7
    with pytest.raises(UsageError, match="no plugin brings the analysis 'costs'"):
        passmgr.inspect(products(), dims={"batch": 2}, registry=Registry())


def test_broken_models_are_inspected() -> None:
    """Nodes without inputs or outputs, attributes of another kind, an order that cannot run."""
    proto = onnx.parser.parse_model(PRODUCTS)
    nodes = [
        onnx.helper.make_node("MatMul", ["late", "x"], ["early"]),
        onnx.helper.make_node("Relu", ["early"], ["late"]),
        onnx.helper.make_node("Conv", ["x", "w"], ["k1"], strides="two", pads=1.5),
        onnx.helper.make_node("Einsum", ["x", "w"], ["k2"], equation="ij,"),
        onnx.helper.make_node("Slice", ["x", "w"], ["k3"]),
        onnx.helper.make_node("Scan", ["x"], ["k4"], num_scan_inputs=3),
        onnx.helper.make_node("Loop", [], ["k5"], body=proto.graph.node[3].attribute[0].g),
        onnx.helper.make_node("If", [], ["k6"], then_branch=proto.graph.node[3].attribute[0].g),
    ]
    nodes += [
        onnx.helper.make_node(op, [], ["k7" + op] if full else [])
        for full in (True, False)
        for op in ("Relu", "Add", "MatMul", "Conv", "LSTM", "Attention", "Constant", "Resize")
    ]
    for node in nodes:
        proto.graph.node.append(node)
    found = passmgr.inspect(ir.from_proto(proto))
    assert found.costs is not None
    assert found.costs.macs == 32
    assert len(found.costs.unknown) == 4 + 8
