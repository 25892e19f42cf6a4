from __future__ import annotations

import onnx_ir as ir
import pytest

from passmgr.passes.simplify.eliminate_common_subexpressions import EliminateCommonSubexpressions


@pytest.mark.parametrize(
    ("body", "left"),
    [
        pytest.param("a = Neg(x)  b = Neg(x)  y = Add(a, b)", 2, id="equal"),
        pytest.param(
            "a = Neg(x)  b = Neg(x)  c = Abs(a)  d = Abs(b)  y = Add(c, d)", 3, id="chains"
        ),
        pytest.param("a = Neg(x)  b = Abs(x)  y = Add(a, b)", 3, id="another operator"),
        pytest.param("a = Sub(x, w)  b = Sub(w, x)  y = Add(a, b)", 3, id="another order"),
        pytest.param(
            "a = LeakyRelu <alpha = 0.1> (x)  b = LeakyRelu <alpha = 0.1> (x)  y = Add(a, b)",
            2,
            id="equal attributes",
        ),
        pytest.param(
            "a = LeakyRelu <alpha = 0.1> (x)  b = LeakyRelu <alpha = 0.2> (x)  y = Add(a, b)",
            3,
            id="other attributes",
        ),
        pytest.param(
            "a = LeakyRelu <alpha = 0.0> (x)  b = LeakyRelu <alpha = -0.0> (x)  y = Add(a, b)",
            3,
            id="signs of zeros",
        ),
        pytest.param(
            "k = Constant <value = float[2] {1, 2}> ()  l = Constant <value = float[2] {1, 2}> () "
            "a = Add(x, k)  b = Add(x, l)  y = Add(a, b)",
            3,
            id="equal tensors",
        ),
        pytest.param(
            "k = Constant <value = float[2] {1, 2}> ()  l = Constant <value = float[2] {1, 3}> () "
            "a = Add(x, k)  b = Add(x, l)  y = Add(a, b)",
            5,
            id="other tensors",
        ),
        pytest.param(
            'k = Constant <value_strings = ["a", "b"]> () '
            'l = Constant <value_strings = ["a", "b"]> () '
            "i = Equal(k, l)  y = Cast <to = 1> (i)",
            3,
            id="lists of strings",
        ),
        pytest.param(
            "a = RandomNormalLike <seed = 1.0> (x)  b = RandomNormalLike <seed = 1.0> (x) "
            "y = Add(a, b)",
            3,
            id="random",
        ),
        pytest.param("a = own.f(x)  b = own.f(x)  y = Add(a, b)", 2, id="function"),
        pytest.param("a = own.r(x)  b = own.r(x)  y = Add(a, b)", 3, id="random function"),
        pytest.param("a = own.u(x)  b = own.u(x)  y = Add(a, b)", 3, id="unknown operator"),
        pytest.param(
            "a, m = MaxPool <kernel_shape = [1]> (x)  b = MaxPool <kernel_shape = [1]> (x) "
            "y = Add(a, b)",
            3,
            id="other outputs",
        ),
    ],
)
def test_merges(parse, run_pass, body, left):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (float[2] x, float[2] w) => (float[2] y) { """
        + body
        + """ }
        <domain: "own", opset_import: ["" : 18]> f (x) => (y) { y = Neg(x) }
        <domain: "own", opset_import: ["" : 18]> r (x) => (y) { y = RandomNormalLike(x) }
        """
    )
    before = ir.to_proto(model)
    ctx = run_pass(EliminateCommonSubexpressions(), model)
    assert len(model.graph) == left
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


def test_large_tensors_are_not_compared(parse, run_pass):
    model = parse("g (float[300] x) => (float[300] y) { k = Neg(x)  l = Neg(x)  y = Add(k, l) }")
    for node in list(model.graph)[:2]:
        constant = ir.node("Constant", [], {"value": ir.tensor([0.0] * 300)})
        model.graph.insert_before(node, constant)
        node.outputs[0].replace_all_uses_with(constant.outputs[0])
        constant.outputs[0].name = f"c{node.outputs[0].name}"
    run_pass(EliminateCommonSubexpressions(), model)
    assert [node.op_type for node in model.graph].count("Constant") == 2


def test_output_keeps_its_name(parse, run_pass, ops):
    model = parse(
        "g (float[2] x) => (float[2] y, float[2] z) { a = Neg(x)  y = Neg(x)  z = Abs(a) }"
    )
    run_pass(EliminateCommonSubexpressions(), model)
    assert ops(model.graph) == ["Neg", "Abs"]
    assert [value.name for value in model.graph.outputs] == ["y", "z"]


def test_two_outputs_stay_two(parse, run_pass):
    model = parse("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x)  z = Neg(x) }")
    ctx = run_pass(EliminateCommonSubexpressions(), model)
    assert [remark.code for remark in ctx.remarks] == ["output-needs-name"]
    assert not ctx.edit.edits


def test_subgraphs_use_what_was_computed_around_and_before_them(parse, run_pass, ops):
    model = parse(
        """
        g (bool c, float[2] x) => (float[2] y) {
            a = Neg(x)
            b = If (c) <
                then_branch = t () => (float[2] p) { d = Neg(x)  e = Abs(x)  p = Add(d, e) },
                else_branch = e () => (float[2] q) { f = Abs(x)  q = Neg(x) }>
            h = Abs(x)
            y = Add(b, h)
        }
        """
    )
    run_pass(EliminateCommonSubexpressions(), model)
    choice = model.graph[1]
    assert ops(model.graph) == ["Neg", "If", "Abs", "Add"]
    assert ops(choice.attributes["then_branch"].value) == ["Abs", "Add"]
    assert ops(choice.attributes["else_branch"].value) == ["Abs", "Neg"]


def test_in_functions(parse, run_pass, ops):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (float[2] x) => (float[2] y) { y = own.f(x) }
        <domain: "own", opset_import: ["" : 18]>
        f <k> (x) => (y) {
            a = LeakyRelu <alpha : float = @k> (x)  b = LeakyRelu <alpha : float = @k> (x)
            y = Add(a, b)
        }
        """
    )
    run_pass(EliminateCommonSubexpressions(), model)
    (function,) = model.functions.values()
    assert ops(function) == ["LeakyRelu", "Add"]
