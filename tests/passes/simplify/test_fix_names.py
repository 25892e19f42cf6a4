from __future__ import annotations

import onnx_ir as ir

from passmgr.passes.analyze.facts import NAMES_UNIQUE
from passmgr.passes.simplify.fix_names import FixNames


def names(graph):
    return [value.name for node in graph for value in node.outputs]


def test_leaves_good_names_alone(parse, run_pass):
    model = parse(
        """
        g (bool c, float[4] x) => (float[4] y) {
            y = If (c) <then_branch = t () => (float[4] p) { a = Neg(x)  p = Abs(a) },
                        else_branch = e () => (float[4] q) { a = Relu(x)  q = Abs(a) }>
        }
        """
    )
    assert not run_pass(FixNames(), model).edit.edits


def test_leaves_omitted_outputs_unnamed(parse, run_pass):
    model = parse(
        "g (float[1,2,4] x, float[1,8,4] w, float[1,8,2] r) => (float[1,1,2] y) "
        "{ , y = LSTM <hidden_size = 2> (x, w, r) }"
    )
    run_pass(FixNames(), model)
    assert names(model.graph) == ["", "y"]


def test_renames_duplicates_and_keeps_the_interface(run_pass):
    x = ir.val("x")
    first, second = ir.node("Relu", [x]), ir.node("Abs", [x])
    last = ir.node("Add", [first.outputs[0], second.outputs[0]])
    graph = ir.Graph([x], last.outputs, nodes=[first, second, last], opset_imports={"": 18})
    model = ir.Model(graph, ir_version=9)
    for node, name in zip(graph, "yyy", strict=True):
        node.outputs[0].name = name
    run_pass(FixNames(), model)
    assert names(graph) == ["y_1", "y_2", "y"]
    assert NAMES_UNIQUE.check(model) is None


def test_names_what_has_no_name(run_pass):
    x = ir.val("x")
    first = ir.node("Relu", [x])
    last = ir.node("Abs", first.outputs)
    last.outputs[0].name = "y"
    graph = ir.Graph([x], last.outputs, nodes=[first, last], opset_imports={"": 18})
    model = ir.Model(graph, ir_version=9)
    first.outputs[0].name = None
    run_pass(FixNames(), model)
    assert names(graph) == ["Relu", "y"]


def test_renames_inner_value_that_hides_an_outer_one(parse, run_pass):
    model = parse(
        """
        g (bool c, float[4] x) => (float[4] y) {
            a = Neg(x)
            y = If (c) <then_branch = t () => (float[4] p) { b = Neg(a)  p = Abs(b) },
                        else_branch = e () => (float[4] q) { q = Relu(a) }>
        }
        """
    )
    inner = model.graph[1].attributes["then_branch"].value
    inner[0].outputs[0].name = "a"
    assert "two values are called 'a'" in str(NAMES_UNIQUE.check(model))
    run_pass(FixNames(), model)
    assert names(inner) == ["a_1", "p"]
    assert NAMES_UNIQUE.check(model) is None


def test_warns_where_two_outputs_share_a_name(parse, run_pass):
    model = parse("g (float[4] x) => (float[4] y, float[4] z) { y = Neg(x)  z = Abs(x) }")
    model.graph.outputs[1].name = "y"
    ctx = run_pass(FixNames(), model)
    assert [remark.code for remark in ctx.remarks] == ["interface-names-collide"]
    assert names(model.graph) == ["y", "y"]
