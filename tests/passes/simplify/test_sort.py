from __future__ import annotations

import random

import onnx_ir as ir
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passmgr.core.errors import ModelError
from passmgr.passes.simplify.sort import Sort


def test_keeps_sorted_order(parse, run_pass):
    model = parse("g (float[4] x) => (float[4] y) { a = Relu(x)  b = Abs(x)  y = Add(a, b) }")
    ctx = run_pass(Sort(), model)
    assert not ctx.edit.edits
    assert not ctx.actions


def test_moves_only_what_stands_wrong(parse, run_pass, ops):
    model = parse(
        "g (float[4] x) => (float[4] y) { c = Neg(x)  y = Add(a, c)  d = Abs(x)  a = Relu(x) }"
    )
    run_pass(Sort(), model)
    assert ops(model.graph) == ["Neg", "Relu", "Add", "Abs"]


def test_counts_captures_as_inputs(parse, run_pass, ops):
    model = parse(
        """
        g (bool c, float[4] x) => (float[4] y) {
            y = If (c) <then_branch = t () => (float[4] p) { p = Neg(a) },
                        else_branch = e () => (float[4] q) { q = Identity(x) }>
            a = Relu(x)
        }
        """
    )
    run_pass(Sort(), model)
    assert ops(model.graph) == ["Relu", "If"]


def test_sorts_subgraphs_and_functions(parse, run_pass, ops):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (bool c, float[4] x) => (float[4] y) {
            y = If (c) <then_branch = t () => (float[4] p) { p = Neg(a)  a = Relu(x) },
                        else_branch = e () => (float[4] q) { q = own.f(x) }>
        }
        <domain: "own", opset_import: ["" : 18]>
        f (x) => (y) { y = Abs(a)  a = Relu(x) }
        """
    )
    run_pass(Sort(), model)
    (choice,) = model.graph
    assert ops(choice.attributes["then_branch"].value) == ["Relu", "Neg"]
    assert ops(next(iter(model.functions.values()))) == ["Relu", "Abs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "g (float[4] x) => (float[4] y) { [n1] a = Add(x, b)  [n2] b = Relu(a)  y = Neg(b) }",
            "the graph 'g' has a cycle and cannot be computed: Relu 'n2' -> Add 'n1' -> Relu 'n2'",
            id="two nodes",
        ),
        pytest.param(
            "g (float[4] x) => (float[4] y) { [n1] y = Add(x, y) }",
            "the graph 'g' has a cycle and cannot be computed: Add 'n1' -> Add 'n1'",
            id="one node",
        ),
        pytest.param(
            "g (float[4] x) => (float[4] h) { a = Add(x, h)  b = Abs(a)  c = Abs(b)  d = Abs(c) "
            "e = Abs(d)  f = Abs(e)  h = Abs(f) }",
            "the graph 'g' has a cycle and cannot be computed: Abs that makes 'b' -> "
            "Abs that makes 'c' -> Abs that makes 'd' -> Abs that makes 'e' -> "
            "Abs that makes 'f' -> (2 more) -> Abs that makes 'b'",
            id="long",
        ),
        pytest.param(
            "g (bool c, float[4] x) => (float[4] y) { [n] y = If (c) "
            "<then_branch = t () => (float[4] p) { p = Neg(y) }, "
            "else_branch = e () => (float[4] q) { q = Identity(x) }> }",
            "the graph 'g' has a cycle and cannot be computed: If 'n' -> If 'n'",
            id="through a subgraph",
        ),
    ],
)
def test_names_the_cycle(parse, run_pass, text, message):
    model = parse(text)
    before = ir.to_proto(model)
    with pytest.raises(ModelError) as caught:
        run_pass(Sort(), model)
    assert str(caught.value) == message
    assert ir.to_proto(model) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # run_pass has no state
@given(st.integers(0, 2**32), st.integers(2, 30))
def test_any_order_becomes_topological(run_pass, seed, count):
    rng = random.Random(seed)
    x = ir.val("x")
    values, nodes = [x], []
    for _ in range(count):
        node = ir.node("Add", [rng.choice(values), rng.choice(values)])
        values.append(node.outputs[0])
        nodes.append(node)
    rng.shuffle(nodes)
    graph = ir.Graph([x], [values[-1]], nodes=nodes, opset_imports={"": 18}, name="g")
    run_pass(Sort(), ir.Model(graph, ir_version=9))
    seen = {x}
    for node in graph:
        assert seen.issuperset(node.inputs)
        seen.update(node.outputs)
    assert set(nodes) == set(graph)
    assert not run_pass(Sort(), ir.Model(graph, ir_version=9)).edit.edits
