from __future__ import annotations

import onnx_ir as ir
import pytest

from passmgr.core.ir.walk import model_nodes
from passmgr.passes.simplify.remove_unused import RemoveUnused


def test_removes_chains_of_dead_nodes_and_their_weights(parse, run_pass, ops):
    model = parse(
        """
        g (float[4] x, float[4] unused) => (float[4] y)
        <float[4] w = {1, 2, 3, 4}, float[4] v = {0, 0, 0, 0}> {
            a = Mul(x, w)  b = Abs(a)  c = Add(a, b)  y = Add(x, v)
        }
        """
    )
    ctx = run_pass(RemoveUnused(), model)
    assert ops(model.graph) == ["Add"]
    assert list(model.graph.initializers) == ["v"]
    assert [value.name for value in model.graph.inputs] == ["x", "unused"]
    assert [code for _, code in ctx.actions] == ["remove-node"] * 3 + ["remove-initializer"]


def test_removes_what_only_a_dead_subgraph_captures(parse, run_pass, ops):
    model = parse(
        """
        g (bool c, float[4] x) => (float[4] y) {
            a = Relu(x)
            dead = If (c) <then_branch = t () => (float[4] p) { h = Abs(a)  p = Neg(h) },
                           else_branch = e () => (float[4] q) { q = Identity(a) }>
            y = Abs(x)
        }
        """
    )
    before = ir.to_proto(model)
    ctx = run_pass(RemoveUnused(), model)
    assert ops(model.graph) == ["Abs"]
    assert len(ctx.actions) == 2
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


def test_removes_inside_subgraphs_and_functions(parse, run_pass, ops):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (bool c, float[4] x) => (float[4] y) {
            y = If (c) <then_branch = t () => (float[4] p) { d = Abs(x)  p = Neg(x) },
                        else_branch = e () => (float[4] q) { q = own.f(x) }>
        }
        <domain: "own", opset_import: ["" : 18]>
        f (x) => (y) { d = Abs(x)  y = Relu(x) }
        <domain: "own", opset_import: ["" : 18, "own" : 1]>
        never (x) => (y) { y = own.only_by_never(x) }
        <domain: "own", opset_import: ["" : 18]>
        only_by_never (x) => (y) { y = Relu(x) }
        """
    )
    run_pass(RemoveUnused(), model)
    assert [node.op_type for node in model_nodes(model)] == ["If", "Neg", "f", "Relu"]
    assert [function.name for function in model.functions.values()] == ["f"]


def test_keeps_nodes_without_outputs(parse, run_pass, ops):
    model = parse("g (float[4] x) => (float[4] y) { y = Neg(x) }")
    model.graph.append(ir.Node("own", "Print", model.graph.inputs, outputs=[]))
    run_pass(RemoveUnused(), model)
    assert ops(model.graph) == ["Neg", "Print"]


@pytest.mark.parametrize(
    ("opset", "node", "count"),
    [
        pytest.param(18, "y, a = Dropout(x)", 1, id="mask of Dropout"),
        pytest.param(18, "y, a = MaxPool <kernel_shape = [1, 1]> (x)", 1, id="indices of MaxPool"),
        pytest.param(18, "y, a = Split <axis = 0, num_outputs = 2> (x)", 2, id="variadic"),
        pytest.param(18, "y, a = TopK(x, k)", 2, id="required"),
        pytest.param(18, "y, a, b = LayerNormalization(x, s)", 1, id="two of three"),
        pytest.param(18, "y, a, b = BatchNormalization(x, s, s, s, s)", 1, id="inference"),
        pytest.param(
            18,
            "y, a, b = BatchNormalization <training_mode = 1> (x, s, s, s, s)",
            3,
            id="training",
        ),
        pytest.param(
            9, "y, a, b, c, d = BatchNormalization(x, s, s, s, s)", 5, id="training in opset 9"
        ),
    ],
)
def test_cuts_trailing_optional_outputs(parse, run_pass, opset, node, count):
    model = parse(
        f'<ir_version: 6, opset_import: ["" : {opset}]> '
        "g (float[1,2,4,4] x, float[2] s, int64[1] k) => (float[1,2,4,4] y) { " + node + " }"
    )
    ctx = run_pass(RemoveUnused(), model)
    assert len(model.graph[0].outputs) == count
    assert [r.code for r in ctx.remarks] == ["outputs-select-mode"] * (count in (3, 5))


def test_keeps_first_outputs_though_unused(parse, run_pass):
    model = parse(
        "g (float[1,2,4] x, float[1,8,4] w, float[1,8,2] r) => (float[1,1,2] y) "
        "{ a, y, b = LSTM <hidden_size = 2> (x, w, r) }"
    )
    before = ir.to_proto(model)
    ctx = run_pass(RemoveUnused(), model)
    assert [value.name for value in model.graph[0].outputs] == ["a", "y"]
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


@pytest.mark.parametrize(("ir_version", "left"), [(3, ["x"]), (4, ["x", "w"])])
def test_unused_initializer_that_is_an_input(parse, run_pass, ir_version, left):
    model = parse(
        f'<ir_version: {ir_version}, opset_import: ["" : 9]> '
        "g (float[4] x, float[4] w) => (float[4] y) <float[4] w = {1, 2, 3, 4}> { y = Neg(x) }"
    )
    before = ir.to_proto(model)
    ctx = run_pass(RemoveUnused(), model)
    assert [value.name for value in model.graph.inputs] == left
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


def test_is_linear_in_the_users_of_a_value(run_pass):
    x = ir.val("x")
    hub = ir.node("Relu", [x])
    users = [ir.node("Abs", hub.outputs) for _ in range(30_000)]
    graph = ir.Graph([x], hub.outputs, nodes=[hub, *users], opset_imports={"": 18})
    graph.outputs[0].name = "y"
    run_pass(RemoveUnused(), ir.Model(graph, ir_version=9))
    assert len(graph) == 1


def test_leaves_out_actions_that_are_refused(parse, run_pass, ops):
    model = parse("g (float[4] x) => (float[4] y) { a = Abs(x)  b = Neg(a)  y = Relu(x) }")
    run_pass(RemoveUnused(), model, limit=1)
    assert ops(model.graph) == ["Abs", "Relu"]
