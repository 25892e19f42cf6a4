"""Peak memory by hand, and against a simulation that holds and frees tensors."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passmgr.core.manager.analyses import AnalysisCache
from passmgr.passes.analyze.memory import PeakMemory

HEADER = '<ir_version: 10, opset_import: ["" : 23, "own" : 1]>'


def table(text, functions=""):
    model = ir.from_onnx_text(f"{HEADER} {text} {functions}")
    return AnalysisCache(model).get(PeakMemory())


def peak(text, functions="", **bindings):
    found = table(text, functions).evaluate(bindings)
    return found.bytes, found.node and found.node.outputs[0].name


CASES = {
    # x and a; x and a and b; x, b and y
    "chain": ("g (float[10] x) => (y) { a = Relu(x)  b = Relu(a)  y = Relu(b) }", 120, "b"),
    "input held to the end": (
        "g (float[100] x) => (y) { a = ReduceSum<keepdims=0>(x)  y = Relu(a) }",
        400 + 4 + 4,
        "y",
    ),
    "output held to the end": (
        "g (float[10] x) => (a, y) { a = Relu(x)  b = Relu(a)  y = Relu(b) }",
        160,
        "y",
    ),
    "value read late": (
        "g (float[10] x) => (y) { a = Relu(x)  b = Relu(x)  c = Relu(b)  y = Add(a, c) }",
        160,
        "c",
    ),
    "value never read": (
        "g (float[10] x) => (y) { a = Concat<axis=0>(x, x, x)  y = Relu(x) }",
        40 + 120,
        "a",
    ),
    "element types": (
        "g (float[10] x) => (y) { a = Cast<to=11>(x)  b = Cast<to=9>(a)  y = Cast<to=10>(b) }",
        40 + 80 + 10,
        "b",
    ),
    "packed elements": (
        "g (float[7] x) => (y) { a = Cast<to=22>(x)  y = Cast<to=1>(a) }",
        28 + 4 + 28,
        "y",
    ),
    "weights are no activations": (
        "g (float[1,2] x) => (y) <float[2,2] w = {1.0, 2.0, 3.0, 4.0}> "
        "{ c = Constant<value = float[2] {1.0, 2.0}>()  a = MatMul(x, w)  y = Add(a, c) }",
        24,
        "y",
    ),
    "no nodes": ("g (float[10] x) => (float[10] x) { }", 40, None),
    "capture by a branch": (
        "g (float[10] x, bool c) => (y) { a = Relu(x)  b = Relu(x)  d = Relu(b)  y = If (c) "
        "<then_branch = t () => (float[10] p) { p = Neg(a) }, "
        "else_branch = e () => (float[10] q) { q = Neg(d) }> }",
        40 + 1 + 3 * 40,
        "d",
    ),
    # x, c, y and of the then branch p1 and p2
    "the larger branch": (
        "g (float[10] x, bool c) => (y) { y = If (c) <then_branch = t () => (float[10] p) "
        "{ p1 = Neg(x)  p2 = Neg(p1)  p = Neg(p2) }, else_branch = e () => (float[10] q) "
        "{ q1 = Neg(x)  q = Neg(q1) }> }",
        40 + 1 + 40 + 80,
        "y",
    ),
    # x, n and y; of the body i, k, v and o1; l and o are outputs of the node
    "loop": (
        "g (float[10] x, int64 n) => (y) <bool yes = {1}> { y = Loop (n, yes, x) "
        "<body = b (int64 i, bool k, float[] v) => (bool l, float[] o) "
        "{ l = Identity(k)  o1 = Relu(v)  o = Relu(o1) }> }",
        40 + 8 + 40 + (8 + 1 + 40 + 40),
        "y",
    ),
    # x, a, y (5 x 10) and of the body v, w and the slice p
    "scan": (
        "g (float[10] x, float[5,10] a) => (z, y) { z, y = Scan (x, a) <num_scan_inputs = 1, "
        "body = b (float[] v, float[] w) => (float[] o, float[] p) "
        "{ o = Identity(v)  p = Add(v, w) }> }",
        40 + 200 + 40 + 200 + (40 + 40 + 40),
        "z",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_by_hand(case):
    text, size, node = case
    assert peak(text) == (size, node)


def test_arguments_and_results_of_a_function_are_counted_once():
    function = (
        '<domain: "own", opset_import: ["" : 23]> F (a) => (d) '
        "{ b = Relu(a)  c = Relu(b)  d = Relu(c) }"
    )
    assert peak("g (float[10] x) => (y) { y = own.F(x) }", function) == (160, "y")


def test_sizes_are_expressions():
    found = table("g (float[n,3] x) => (y) { a = Concat<axis=1>(x, x)  y = ReduceSum(a) }")
    assert [found.evaluate({"n": n}).bytes for n in (1, 10)] == [36 + 4, 360 + 4]
    assert found.evaluate().missing == ("n",)
    assert [value.name for value in found.evaluate().unknown] == ["x", "a"]


def test_the_peak_may_move_with_the_sizes():
    text = (
        "g (float[n] x) => (y, z) <float e = {1.0}, int64[1] eight = {8}, int64[2] m = {1, -1}> "
        "{ a = Expand(e, eight)  b = Relu(a)  y = Neg(b)  r = Reshape(x, m) "
        "z = Concat<axis=0>(r, r) }"
    )
    assert peak(text, n=1)[1] == "b"
    assert peak(text, n=100)[1] == "z"


def test_what_is_unknown_is_named():
    found = table(
        "g (float[10] x, string[2] s) => (y, u) { a = own.Secret(x)  i = NonZero(x) y = Relu(x) "
        "u = Identity(s) }"
    ).evaluate()
    assert [value.name for value in found.unknown] == ["s", "a", "i", "u"]
    assert found.bytes == 80


def test_constants_are_summed_up_apart():
    found = table(
        "g (bool c) => (y) <float[2] w = {1.0, 2.0}> { k = Constant<value = double[2] {1.0, 2.0}>()"
        "y = If (c) <then_branch = t () => (float[2] p) <float[2] v = {1.0, 2.0}> "
        "{ p = Add(v, w) }, else_branch = e () => (float[2] q) { q = Identity(w) }> }"
    )
    assert found.constant_bytes == 8 + 16 + 8


@st.composite
def graphs(draw):
    """A graph of Concat nodes as (inputs, nodes, outputs), each node a list of what it reads."""
    inputs = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    sizes = list(inputs)
    nodes = []
    for _ in range(draw(st.integers(1, 12))):
        read = draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=3))
        nodes.append(read)
        sizes.append(min(sum(sizes[i] for i in read), 10**6))
    outputs = draw(st.lists(st.integers(len(inputs), len(sizes) - 1), min_size=1, unique=True))
    return inputs, nodes, outputs


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_against_a_simulation_that_holds_and_frees(drawn):
    inputs, nodes, outputs = drawn
    count = len(inputs)
    sizes = list(inputs)
    for read in nodes:
        sizes.append(sum(sizes[i] for i in read))
    held, expected, where = set(range(count)), -1, None
    for position in range(len(nodes)):
        held.add(count + position)
        now = sum(4 * sizes[i] for i in held)
        if now > expected:
            expected, where = now, position
        later = {i for reads in nodes[position + 1 :] for i in reads}
        held = {i for i in held if i < count or i in later or i in outputs}
    info = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                onnx.helper.make_node("Concat", [f"v{i}" for i in read], [f"v{count + p}"], axis=0)
                for p, read in enumerate(nodes)
            ],
            "g",
            [info(f"v{i}", 1, [size]) for i, size in enumerate(inputs)],
            [info(f"v{i}", 1, None) for i in outputs],
        )
    )
    model = ir.from_proto(proto)
    found = AnalysisCache(model).get(PeakMemory()).evaluate()
    assert (found.bytes, found.node) == (expected, model.graph[where])
    assert not found.unknown


def test_initializers_that_may_be_overridden_are_weights():
    proto = onnx.parser.parse_model(
        f"{HEADER} g (float[2] x) => (float[2] y) <float[2] w = {{1.0, 2.0}}> {{ y = Add(x, w) }}"
    )
    proto.graph.input.append(onnx.helper.make_tensor_value_info("w", 1, [2]))
    found = AnalysisCache(ir.from_proto(proto)).get(PeakMemory())
    assert (found.evaluate().bytes, found.constant_bytes) == (16, 8)


def test_weights_are_not_read(tmp_path):
    weights = np.zeros(1000, np.float32)
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("Add", ["x", "w"], ["y"])],
            "g",
            [onnx.helper.make_tensor_value_info("x", 1, [1000])],
            [onnx.helper.make_tensor_value_info("y", 1, None)],
            [onnx.numpy_helper.from_array(weights, "w")],
        )
    )
    path = tmp_path / "model.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    (tmp_path / "w.bin").unlink()
    found = AnalysisCache(ir.load(path)).get(PeakMemory())
    assert (found.evaluate().bytes, found.constant_bytes) == (8000, 4000)
