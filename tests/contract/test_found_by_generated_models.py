"""Models on which passes once went wrong, as small as they could be made."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.parser
import onnx_ir as ir
import pytest

import passmgr

HEAD = '<ir_version: {ir}, opset_import: ["" : {opset}]> g '
FOUND = {
    "Min of one": (8, 15, "(float[N] x) => (int64[1] y) { s = Shape(x) m = Min(s) y = Abs(m) }"),
    "Max of three": (
        8,
        15,
        "(float[N] x) => (int64[1] y) <int64[1] a = {1}, int64[1] b = {2}> "
        "{ s = Shape(x) y = Max(s, a, b) }",
    ),
    "axes that are an output": (
        10,
        18,
        "(float[1,2,2] x) => (float[1,2,1] y, int64[2] a) <int64[2] s = {0,0}, int64[2] e = {1,2}, "
        "int64[2] a = {0,2}> { v = Slice(x, s, e, a, e) y = Neg(v) }",
    ),
    "a second result that only dead nodes read": (
        8,
        15,
        "(float[1] x) => (float[1] y) <float[2] c = {1,2}> "
        "{ p, q = Split<axis=0>(c) d = Cosh(q) y = Add(p, x) }",
    ),
    "a second result that only nodes read that stay": (
        8,
        15,
        "(float[1] x, int64[1] z) => (float[1] y) <float[2] c = {1,2}, int64[1] k = {1}> "
        "{ p, q = TopK(c, k) d = Equal(q, z) y = Add(p, x) }",
    ),
    "IR 3, a Constant": (
        3,
        8,
        "(float[2] x) => (float[2] y) { c = Constant<value = float[2] {1,2}>() y = Add(x, c) }",
    ),
    "IR 3, a fold": (
        3,
        8,
        "(float[1,1,2,2] x, float[1,1,1,1] w, float[1] s, float[1] b, float[1] m, float[1] v) => "
        "(float[1,1,2,2] y) <float[1,1,1,1] w = {1}, float[1] s = {2}, float[1] b = {1}, "
        "float[1] m = {1}, float[1] v = {1}> "
        "{ c = Conv(x, w) y = BatchNormalization(c, s, b, m, v) }",
    ),
    "IR 3, a Constant in a branch": (
        3,
        8,
        "(float[2] x, bool c) => (float[2] y) { y = If (c) <then_branch = t () => (float[2] p) "
        "{ k = Constant<value = float {2}>() p = Mul(x, k) }, "
        "else_branch = e () => (float[2] q) { q = Neg(x) }> }",
    ),
    "a Constant that holds floats only": (
        3,
        7,
        "(float[1] x, int64[2] a, int64 b) => (int64[2] y) <int64[2] a = {1,2}, int64 b = {3}> "
        "{ y = Add(a, b) }",
    ),
    "a Concat that is read twice": (
        8,
        15,
        "(float[3] x) => (float[15] y) { a = Neg(x) b = Concat<axis=0>(a, a) "
        "c = Concat<axis=0>(a, b) y = Concat<axis=0>(c, b) }",
    ),
    "a dead reader of a Reshape": (
        8,
        15,
        "(float[1,4,2] x) => (float[1,8] y) <int64[1] a = {8}, int64[2] b = {1,8}> "
        "{ r = Reshape(x, a) y = Reshape(r, b) d = Shape(r) }",
    ),
    "factors of which the first two vanish together": (
        8,
        15,
        "(float[2] x) => (float[2] y) <float a = {1e-30}, float b = {1e38}> "
        "{ p = Mul(x, a) q = Mul(p, a) y = Mul(q, b) }",
    ),
    "a Concat of one that is not empty": (
        8,
        15,
        "(float[N,2] x) => (float[N,2] y) <float[0,2] e = {}> "
        "{ a = Concat<axis=0>(e, x, e) y = Neg(a) }",
    ),
    "a dead reader of a mask": (
        8,
        15,
        "(float[3] x) => (float[3] y) { v, m = Dropout(x) y = Neg(v) d = Shape(m) }",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_default_keeps_the_model_right_and_leaves_nothing_to_do(name: str) -> None:
    version, opset, body = FOUND[name]
    model = ir.from_onnx_text(HEAD.format(ir=version, opset=opset) + body)
    result = passmgr.run(model, guard="each", verify="each")
    assert result.guard is None or result.guard.status == "passed"
    onnx.checker.check_model(ir.to_proto(model), full_check=True)
    again = passmgr.run(model, guard="off")
    assert [record.name for record in again.records if record.status == "changed"] == []


def test_a_chain_that_a_dead_reader_held_up_is_merged_at_once() -> None:
    text = (
        '<ir_version: 10, opset_import: ["" : 21]> g (float[3] x, float[3] z) => (float[3] y) '
        "<int64[1] o = {0}> { y = Neg(z) a = Unsqueeze(x, o) b = Squeeze(a, o) "
        "c = Unsqueeze(a, o) d = Squeeze(c, o) }"
    )
    model = ir.from_onnx_text(text)
    passmgr.run(model, "merge-reshapes")
    again = passmgr.run(model, "merge-reshapes")
    assert [record.status for record in again.records][-1] in ("unchanged", "skipped")


def test_an_output_keeps_its_name_beside_a_value_of_a_function() -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 15, "local" : 1]> '
        "g (float[2] x) => (float[2] y, float[2] s) "
        "{ y = local.f(x) z = local.f(y) s = Constant<value = float[2] {1, 2}>() } "
        '<domain: "local", opset_import: ["" : 15]> f (a) => (b) { s = Relu(a) b = Tanh(s) }'
    )
    model = ir.from_onnx_text(text)
    passmgr.run(model, "lift-constant-outputs", guard="each", verify="each")
    assert [value.name for value in model.graph.outputs] == ["y", "s"]
    assert "s" in model.graph.initializers


ORDER = {
    "fold-batchnorm": "y = BatchNormalization(a, s, s, s, s)  "
    "a = BatchNormalization(b, s, s, s, s)  b = Conv(x, w)",
    "fold-scale-and-bias": "y = Add(a, s)  a = Mul(b, z)  b = Conv(x, w)",
}


@pytest.mark.parametrize("name", ORDER)
def test_one_run_is_enough_whatever_the_order_of_the_nodes(name: str) -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 15]> g (float[1,1,2,2] x) => (float[1,1,2,2] y) '
        "<float[1,1,1,1] w = {2}, float[1] s = {3}, float z = {2}> "
        f"{{ {ORDER[name]} }}"
    )
    model = ir.from_onnx_text(text)
    passmgr.run(model, name, guard="each", verify="each")
    again = passmgr.run(model, name)
    assert {record.status for record in again.records} <= {"unchanged", "skipped"}


def test_the_text_form_goes_without_the_provenance_of_nodes(tmp_path: Path) -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 15, "local" : 1]> '
        "g (float[2] x) => (float[2] y) { y = local.f(x) } "
        '<domain: "local", opset_import: ["" : 15]> f (a) => (b) { s = LeakyRelu(a) b = Tanh(s) }'
    )
    (tmp_path / "a.onnxtxt").write_text(text)
    passmgr.run(tmp_path / "a.onnxtxt", output=tmp_path / "b.onnxtxt")
    written = onnx.parser.parse_model((tmp_path / "b.onnxtxt").read_text())
    assert [node.op_type for node in written.graph.node] == ["LeakyRelu", "Tanh"]
