from __future__ import annotations

import onnx_ir as ir
import pytest

from passmgr.passes.simplify.eliminate_identity import EliminateIdentity


def test_removes_chains(parse, run_pass, ops):
    model = parse(
        "g (float[N,4] x) => (float[N,4] y) "
        "{ a = Identity(x)  b = Identity(a)  c = Relu(b)  d = Identity(c)  y = Abs(d) }"
    )
    run_pass(EliminateIdentity(), model)
    assert ops(model.graph) == ["Relu", "Abs"]
    assert model.graph[0].inputs[0] is model.graph.inputs[0]


def test_output_keeps_name_type_and_shape(parse, run_pass, ops):
    model = parse("g (float[N,4] x) => (float[N,4] y) { a = Relu(x)  y = Identity(a)  b = Abs(a) }")
    before = [ir.serde.serialize_value(value) for value in model.graph.outputs]
    run_pass(EliminateIdentity(), model)
    assert ops(model.graph) == ["Relu", "Abs"]
    assert [ir.serde.serialize_value(value) for value in model.graph.outputs] == before
    assert model.graph[1].inputs[0] is model.graph.outputs[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "g (float[4] x) => (float[4] y) { y = Identity(x) }",
            "output 'y' would be an input, 'x', which cannot take its name",
            id="input to output",
        ),
        pytest.param(
            "g (float[4] x) => (float[4] y) <float[4] w = {1,2,3,4}> { y = Identity(w) }",
            "output 'y' would be an initializer, 'w', which cannot take its name",
            id="initializer to output",
        ),
        pytest.param(
            "g (float[4] x) => (float[4] z, float[4] y) { z = Neg(x)  y = Identity(z) }",
            "output 'y' would be another output, 'z', which cannot take its name",
            id="two outputs",
        ),
        pytest.param(
            "g (bool c, float[4] x) => (float[4] y) { a = Neg(x)  y = If (c) "
            "<then_branch = t () => (float[4] p) { p = Identity(a) }, "
            "else_branch = e () => (float[4] q) { q = Abs(a) }> }",
            "output 'p' would be a value from outside the graph, 'a', which cannot take its name",
            id="outer value",
        ),
    ],
)
def test_stays_where_it_gives_a_second_name(parse, run_pass, text, reason):
    model = parse(text)
    before = ir.to_proto(model)
    ctx = run_pass(EliminateIdentity(), model)
    assert [remark.message for remark in ctx.remarks] == [reason]
    assert ir.to_proto(model) == before


def test_stays_on_devices(parse, run_pass):
    model = parse("g (float[4] x) => (float[4] y) { a = Identity(x)  y = Abs(a) }")
    configuration = model.add_device_configuration("two", num_devices=2)
    model.graph[0].set_pipeline_stage(configuration, 1)
    ctx = run_pass(EliminateIdentity(), model)
    assert [remark.code for remark in ctx.remarks] == ["placed-on-devices"]
    assert not ctx.edit.edits


def test_in_subgraphs_and_functions(parse, run_pass, ops):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (bool c, float[4] x) => (float[4] y) {
            o = Identity(x)
            y = If (c) <then_branch = t () => (float[4] p) { a = Identity(o)  p = Neg(a) },
                        else_branch = e () => (float[4] q) { q = own.f(o) }>
        }
        <domain: "own", opset_import: ["" : 18]>
        f (x) => (y) { a = Identity(x)  b = Relu(a)  y = Identity(b) }
        """
    )
    run_pass(EliminateIdentity(), model)
    (choice,) = model.graph
    assert ops(choice.attributes["then_branch"].value) == ["Neg"]
    (function,) = model.functions.values()
    assert ops(function) == ["Relu"]
    assert function.outputs[0].name == "y"


def test_rollback_restores_everything(parse, run_pass):
    model = parse(
        "g (float[N,4] x) => (float[N,4] y) { a = Identity(x)  b = Relu(a)  y = Identity(b) }"
    )
    before = ir.to_proto(model)
    ctx = run_pass(EliminateIdentity(), model)
    assert ir.to_proto(model) != before
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


def test_a_range_reads_scalars_only(run_pass, parse, ops):
    model = parse("""g (int64 n) => (int64[m] y, int64[k] z)
        <int64[1] one = {1}, int64 zero = {0}> {
        i = Identity(one)  y = Range(zero, n, i)  j = Identity(zero)  z = Range(j, n, n) }""")
    ctx = run_pass(EliminateIdentity(), model)
    assert ops(model.graph) == ["Constant", "Range", "Range"]
    assert not model.graph.node(1).inputs[2].shape
    assert not ctx.remarks
