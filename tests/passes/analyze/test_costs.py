"""MACs by hand for every operator, for bodies and functions, and against brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from passmgr.core.manager.analyses import AnalysisCache
from passmgr.passes.analyze.costs import Costs
from passmgr.passes.analyze.expressions import multiply, symbol

HEADER = '<ir_version: 10, opset_import: ["" : 23, "own" : 1, "ai.onnx.ml" : 4]>'


def table(text, functions="", **options):
    model = ir.from_onnx_text(f"{HEADER} {text} {functions}")
    return AnalysisCache(model).get(Costs(**options))


def count(text, functions="", **bindings):
    return table(text, functions).evaluate(bindings)


# result x summed, each factor as the operator has it
OPERATORS = {
    "Conv": ("float[2,6,9,8] x, float[4,6,3,2] w", "Conv(x, w)", 2 * 7 * 7 * 4 * 6 * 3 * 2),
    "Conv with a bias": ("float[1,2,4] x, float[3,2,3] w, float[3] b", "Conv(x, w, b)", 3 * 2 * 6),
    "Conv in groups": ("float[1,6,5,5] x, float[4,3,1,1] w", "Conv<group=2>(x, w)", 25 * 4 * 3),
    "Conv depthwise": ("float[1,8,5,5] x, float[8,1,3,3] w", "Conv<group=8>(x, w)", 9 * 8 * 9),
    "Conv with strides": (
        "float[1,2,9,9] x, float[1,2,3,3] w",
        "Conv<strides=[2,3], pads=[1,0,1,0]>(x, w)",
        5 * 3 * 2 * 9,
    ),
    "Conv with dilations": (
        "float[1,1,9,9] x, float[1,1,3,3] w",
        "Conv<dilations=[2,3]>(x, w)",
        5 * 3 * 9,
    ),
    "Conv padded to the same size": (
        "float[1,1,9,8] x, float[1,1,3,3] w",
        'Conv<auto_pad="SAME_UPPER", strides=[2,2]>(x, w)',
        5 * 4 * 9,
    ),
    "Conv not padded": (
        "float[1,1,9,8] x, float[1,1,3,3] w",
        'Conv<auto_pad="VALID", strides=[2,2]>(x, w)',
        4 * 3 * 9,
    ),
    "Conv in three dimensions": (
        "float[1,2,5,5,5] x, float[3,2,3,3,3] w",
        "Conv(x, w)",
        27 * 3 * 2 * 27,
    ),
    "ConvTranspose": (
        "float[2,4,5,5] x, float[4,3,2,2] w",
        "ConvTranspose<strides=[2,2]>(x, w)",
        2 * 4 * 25 * 3 * 4,
    ),
    "ConvTranspose in groups": (
        "float[1,4,5,5] x, float[4,3,2,2] w",
        "ConvTranspose<group=2>(x, w)",
        4 * 25 * 3 * 4,
    ),
    "ConvInteger": ("uint8[1,2,4,4] x, uint8[3,2,2,2] w", "ConvInteger(x, w)", 9 * 3 * 2 * 4),
    "QLinearConv": (
        "uint8[1,2,4,4] x, float s, uint8 z, uint8[3,2,2,2] w",
        "QLinearConv(x, s, z, w, s, z, s, z)",
        9 * 3 * 2 * 4,
    ),
    "DeformConv": (
        "float[1,2,4,4] x, float[3,2,2,2] w, float[1,8,3,3] o",
        "DeformConv(x, w, o)",
        9 * 3 * 2 * 4,
    ),
    "Gemm": ("float[2,3] x, float[3,5] w, float[5] b", "Gemm(x, w, b)", 2 * 3 * 5),
    "Gemm transposed left": ("float[3,2] x, float[3,5] w", "Gemm<transA=1>(x, w)", 2 * 3 * 5),
    "Gemm transposed right": ("float[2,3] x, float[5,3] w", "Gemm<transB=1>(x, w)", 2 * 3 * 5),
    "MatMul": ("float[2,3] x, float[3,5] w", "MatMul(x, w)", 2 * 3 * 5),
    "MatMul of batches": (
        "float[7,1,2,3] x, float[4,3,5] w",
        "MatMul(x, w)",
        7 * 4 * 2 * 3 * 5,
    ),
    "MatMul of vectors": ("float[3] x, float[3] w", "MatMul(x, w)", 3),
    "MatMul with a vector": ("float[3] x, float[4,3,5] w", "MatMul(x, w)", 4 * 3 * 5),
    "MatMul by a vector": ("float[4,2,3] x, float[3] w", "MatMul(x, w)", 4 * 2 * 3),
    "MatMulInteger": ("uint8[2,3] x, uint8[3,5] w", "MatMulInteger(x, w)", 2 * 3 * 5),
    "QLinearMatMul": (
        "uint8[2,3] x, float s, uint8 z, uint8[3,5] w",
        "QLinearMatMul(x, s, z, w, s, z, s, z)",
        2 * 3 * 5,
    ),
    "Einsum of batches": (
        "float[7,2,3] x, float[7,3,5] w",
        'Einsum<equation="bij,bjk->bik">(x, w)',
        7 * 2 * 3 * 5,
    ),
    "Einsum without a result": (
        "float[2,3] x, float[3,5] w",
        'Einsum<equation="ij, jk">(x, w)',
        2 * 3 * 5,
    ),
    "Einsum with an ellipsis": (
        "float[6,1,2,3] x, float[4,3,5] w",
        'Einsum<equation="...ij,...jk->...ik">(x, w)',
        6 * 4 * 2 * 3 * 5,
    ),
    "Einsum of three": (
        "float[2,3] x, float[3,5] v, float[5,7] w",
        'Einsum<equation="ij,jk,kl->il">(x, v, w)',
        2 * 3 * 5 + 2 * 5 * 7,
    ),
    "Einsum that sums nothing": ("float[2] x, float[5] w", 'Einsum<equation="i,j->ij">(x, w)', 0),
    "Einsum of one": ("float[2,3] x", 'Einsum<equation="ij->i">(x)', 0),
    "LSTM": (
        "float[5,2,3] x, float[1,16,3] w, float[1,16,4] r",
        "LSTM<hidden_size=4>(x, w, r)",
        5 * 2 * 4 * 4 * (3 + 4),
    ),
    "LSTM bidirectional": (
        "float[5,2,3] x, float[2,16,3] w, float[2,16,4] r",
        'LSTM<hidden_size=4, direction="bidirectional">(x, w, r)',
        5 * 2 * 2 * 4 * 4 * (3 + 4),
    ),
    "GRU": (
        "float[5,2,3] x, float[1,12,3] w, float[1,12,4] r",
        "GRU<hidden_size=4>(x, w, r)",
        5 * 2 * 3 * 4 * (3 + 4),
    ),
    "RNN": (
        "float[5,2,3] x, float[1,4,3] w, float[1,4,4] r",
        "RNN<hidden_size=4>(x, w, r)",
        5 * 2 * 4 * (3 + 4),
    ),
    "Attention": (
        "float[2,4,5,8] q, float[2,4,6,8] k, float[2,4,6,7] v",
        "Attention(q, k, v)",
        2 * 4 * 5 * 6 * (8 + 7),
    ),
    "Attention of groups": (
        "float[2,4,5,8] q, float[2,2,6,8] k, float[2,2,6,8] v",
        "Attention(q, k, v)",
        2 * 4 * 5 * 6 * 16,
    ),
    "Attention of three dimensions": (
        "float[2,5,32] q, float[2,6,16] k, float[2,6,14] v",
        "Attention<q_num_heads=4, kv_num_heads=2>(q, k, v)",
        2 * 4 * 5 * 6 * (8 + 7),
    ),
    "Attention with a past": (
        "float[2,4,1,8] q, float[2,4,1,8] k, float[2,4,1,8] v, bool[1,10] m, "
        "float[2,4,9,8] p, float[2,4,9,8] o",
        "Attention(q, k, v, m, p, o)",
        2 * 4 * 10 * 16,
    ),
    "LinearRegressor": (
        "float[5,3] x",
        "ai.onnx.ml.LinearRegressor<coefficients=[1.0,2.0,3.0], intercepts=[0.0]>(x)",
        5 * 3,
    ),
    "elementwise": ("float[5,3] x", "Relu(x)", 0),
    "pooling": ("float[1,2,8,8] x", "MaxPool<kernel_shape=[2,2]>(x)", 0),
}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_operators_by_hand(operator):
    inputs, expression, macs = operator
    found = count(f"g ({inputs}) => (y) {{ y = {expression} }}")
    assert (found.total, dict(found.unknown)) == (macs, {})


def test_rules_for_sizes_agree_with_onnx():
    """Each operator above, with a Relu behind it whose shape both sides know."""
    from passmgr.passes.analyze.sizes import ValueSizes

    for inputs, expression, _ in OPERATORS.values():
        text = f"{HEADER} g ({inputs}) => (y) {{ y = {expression} }}"
        model = ir.from_onnx_text(text)
        sizes = AnalysisCache(model).get(ValueSizes())
        inferred = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text))
        found = inferred.graph.output[0].type.tensor_type
        if found.HasField("shape") and all(d.HasField("dim_value") for d in found.shape.dim):
            y = model.graph.outputs[0]
            assert sizes.dims[y] == tuple(d.dim_value for d in found.shape.dim), expression
            assert sizes.dtypes[y] == found.elem_type, expression


def test_numbers_are_expressions_of_the_open_dimensions():
    found = table(
        "g (float[n,l,8] x, float[8,4] w, float[n,4,8] z) => (u) "
        "{ t = MatMul(x, w)  a = Relu(t)  u = MatMul(a, z) }"
    )
    n, length = symbol("n"), symbol("l")
    nl = multiply(n, length)
    assert list(found.by_node.values()) == [multiply(nl, 32), multiply(nl, 32)]
    assert found.macs == multiply(nl, 64)
    assert found.evaluate({"n": 3, "l": 5}).total == 3 * 5 * 64


def test_missing_symbols_are_told():
    found = count(
        "g (float[n,l] x, float[l,4] w, float[3,3] v) => (u, t) "
        "{ t = MatMul(x, w)  u = MatMul(v, v) }",
        n=2,
    )
    assert (found.total, found.missing) == (27, ("l",))
    assert list(found.unknown.values()) == ["a size is missing"]


def test_strided_convolutions_of_an_open_image():
    text = (
        "g (float[1,1,h,w] x, float[1,1,3,3] k) => (y) {"
        "a = Conv<strides=[2,2]>(x, k)  b = MaxPool<kernel_shape=[2,2], strides=[2,2]>(a) "
        "y = Conv(b, k) }"
    )
    for h, w in ((20, 33), (31, 18)):
        a, b = ((size - 3) // 2 + 1 for size in (h, w))
        expected = 9 * (a * b + (a // 2 - 2) * (b // 2 - 2))
        assert count(text, h=h, w=w).total == expected
        assert table(text, dims=(f"h={h}",), rest=w).evaluate().total == expected


def test_dimensions_without_a_name_are_called_by_input_and_axis():
    found = table("g (float[?,4] x, float[4,5] w) => (y) { y = MatMul(x, w) }")
    assert dict(found.symbols) == {"x[0]": None}
    assert found.evaluate({"x[0]": 3}).total == 60


def test_what_is_unknown_is_named():
    found = count(
        "g (float[2,3] x, float[] u, float[3,3] w) => (a, b, c, d) { a = own.Secret(x) "
        "b = MatMul(u, w)  i = NonZero(x)  f = Cast<to=1>(i)  c = MatMul(w, f) d = MatMul(x) }"
    )
    told = {node.op_type + " " + node.outputs[0].name: why for node, why in found.unknown.items()}
    assert told == {
        "Secret a": "what the operator computes is not known",
        "MatMul b": "shapes are not known",
        "MatMul c": "shapes are known only at run time",
        "MatMul d": "shapes are not known",
    }
    assert found.total == 0


def test_sizes_known_only_at_run_time_are_unknown():
    found = count(
        "g (float[2,3] x) => (y) { i = NonZero(x)  f = Cast<to=1>(i) "
        "t = Transpose(f)  y = MatMul(t, f) }"
    )
    assert list(found.unknown.values()) == ["shapes are known only at run time"]


PRODUCT = "p = MatMul(x, x)"


@pytest.mark.parametrize(
    ("condition", "macs"),
    [("c", 27 * 2), ("yes", 27), ("no", 54)],
)
def test_branches(condition, macs):
    """The dearer one, unless it is known which one is taken."""
    found = count(
        "g (float[3,3] x, bool c) => (y) <bool yes = {1}, bool no = {0}> {"
        f"y = If ({condition}) <then_branch = t () => (float[3,3] a) {{ a = MatMul(x, x) }},"
        "else_branch = e () => (float[3,3] b) { b1 = MatMul(x, x)  b = MatMul(b1, x) }> }"
    )
    assert (found.total, dict(found.by_op)) == (macs, {("", "MatMul"): macs})
    assert not found.approximate


def loop(trips, more="l = Identity(k)"):
    return (
        "g (float[3,3] x, int64 n, bool c) => (y, s) <int64 seven = {7}, bool yes = {1}, "
        "int64 forever = {9223372036854775807}> {"
        f"y, s = Loop ({trips}, yes, x) <body = b (int64 i, bool k, float[] v) "
        f"=> (bool l, float[] o, float[] z) {{ o = MatMul(v, x)  z = Identity(o)  {more} }}> }}"
    )


@pytest.mark.parametrize(
    ("text", "macs", "approximate"),
    [
        (loop("seven"), 7 * 27, 0),
        (loop("n"), 27, 1),
        (loop("forever"), 27, 1),
        (loop("seven", "l = Identity(c)"), 27, 1),
        (loop("seven", "l = Identity(yes)"), 7 * 27, 0),
    ],
    ids=["known", "open", "endless", "may stop", "goes on"],
)
def test_loops(text, macs, approximate):
    found = count(text)
    assert (found.total, len(found.approximate)) == (macs, approximate)
    assert not found.unknown


def test_loop_whose_state_grows_is_unknown():
    found = count(
        "g (float[3,3] x) => (y) <int64 seven = {7}, bool yes = {1}> {"
        "y = Loop (seven, yes, x) <body = b (int64 i, bool k, float[] v) => (bool l, float[] o) "
        "{ l = Identity(k)  p = MatMul(v, x)  o = Concat<axis=0>(p, v) }> }"
    )
    assert (found.total, len(found.unknown)) == (0, 1)


def test_trips_of_a_loop_may_depend_on_an_input():
    text = (
        "g (float[n,3,3] a, float[3,3] x) => (y) <bool yes = {1}, int64 zero = {0}> {"
        "s = Shape(a)  n = Gather(s, zero)  y = Loop (n, yes, x) "
        "<body = b (int64 i, bool k, float[] v) => (bool l, float[] o) "
        "{ l = Identity(k)  o = MatMul(v, x) }> }"
    )
    assert count(text, n=5).total == 5 * 27
    assert table(text).macs == multiply(symbol("n"), 27)


def test_scan_counts_every_slice():
    found = count(
        "g (float[3,3] x, float[5,n,3] a) => (y, z) {"
        "y, z = Scan (x, a) <num_scan_inputs = 1, body = b (float[] v, float[] w) "
        "=> (float[] o, float[] p) { o = MatMul(v, x)  p = MatMul(w, x) }> }",
        n=4,
    )
    assert found.total == 5 * (27 + 4 * 9)


TWICE = (
    '<domain: "own", opset_import: ["" : 23]> Twice (a, w) => (c) '
    "{ b = MatMul(a, w)  c = MatMul(b, w) }"
    '<domain: "own", opset_import: ["" : 23, "own" : 1]> Four (a, w) => (c) '
    "{ b = own.Twice(a, w)  c = own.Twice(b, w) }"
)


def test_functions_count_at_each_call_with_its_shapes():
    found = count(
        "g (float[2,3] x, float[4,3] z, float[3,3] w) => (u, v) "
        "{ u = own.Four(x, w)  t = own.Four(z, w)  v = own.Twice(t, w) }",
        TWICE,
    )
    assert list(found.by_node.values()) == [4 * 18, 4 * 36, 2 * 36]
    assert dict(found.by_op) == {("", "MatMul"): 4 * 18 + 6 * 36}


def test_attributes_of_calls_are_bound():
    function = (
        '<domain: "own", opset_import: ["" : 23]> C <s> (a, w) => (c) '
        "{ c = Conv<strides: ints = @s>(a, w) }"
    )
    found = count(
        "g (float[1,1,9] x, float[1,1,3] w) => (u, v, t) "
        "{ u = own.C<s=[2]>(x, w)  v = own.C<s=[3]>(x, w)  t = own.C(x, w) }",
        function,
    )
    assert list(found.by_node.values()) == [4 * 3, 3 * 3, 7 * 3]


def test_nested_calls_take_no_exponential_time():
    functions = '<domain: "own", opset_import: ["" : 23]> F0 (a) => (c) { c = MatMul(a, a) }'
    for i in range(1, 40):
        functions += (
            f'<domain: "own", opset_import: ["" : 23, "own" : 1]> F{i} (a) => (c) '
            f"{{ b = own.F{i - 1}(a)  c = own.F{i - 1}(b) }}"
        )
    assert count("g (float[2,2] x) => (y) { y = own.F39(x) }", functions).total == 8 * 2**39


def test_function_that_calls_itself_is_unknown():
    function = '<domain: "own", opset_import: ["own" : 1]> F (a) => (c) { c = own.F(a) }'
    assert len(count("g (float[2,2] x) => (y) { y = own.F(x) }", function).unknown) == 1


def test_lenet():
    """LeCun et al. (1998), 32x32: 117,600 + 240,000 (16 full maps) + 48,000 + 10,080 + 840."""
    found = count(
        "g (float[n,1,32,32] x, float[6,1,5,5] w1, float[16,6,5,5] w2, float[120,400] w3, "
        "float[84,120] w4, float[10,84] w5) => (y) { a = Conv(x, w1)  b = Tanh(a) "
        "c = AveragePool<kernel_shape=[2,2], strides=[2,2]>(b)  d = Conv(c, w2)  e = Tanh(d) "
        "f = AveragePool<kernel_shape=[2,2], strides=[2,2]>(e)  h = Flatten(f) "
        "i = Gemm<transB=1>(h, w3)  j = Gemm<transB=1>(i, w4)  y = Gemm<transB=1>(j, w5) }",
        n=2,
    )
    assert found.total == 2 * (117_600 + 240_000 + 48_000 + 10_080 + 840)


def shape_of(node, arrays):
    """The shape that the reference runtime computes."""
    names = list(arrays)
    infos = [onnx.helper.make_tensor_value_info(n, 1, arrays[n].shape) for n in names]
    result = onnx.helper.make_tensor_value_info("y", 1, None)
    graph = onnx.helper.make_graph([node], "g", infos, [result])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    (array,) = ReferenceEvaluator(model).run(None, arrays)
    return model, array.shape


@st.composite
def convolutions(draw):
    rank = draw(st.integers(1, 2))
    group = draw(st.integers(1, 3))
    per = draw(st.integers(1, 2))
    kernel = draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    image = draw(st.lists(st.integers(5, 8), min_size=rank, max_size=rank))
    attributes = {
        "group": group,
        "strides": draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank)),
        "dilations": draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
        "pads": draw(st.lists(st.integers(0, 1), min_size=2 * rank, max_size=2 * rank)),
    }
    x = np.zeros((draw(st.integers(1, 2)), group * per, *image), np.float32)
    w = np.zeros((group * draw(st.integers(1, 2)), per, *kernel), np.float32)
    return x, w, attributes


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_convolutions_against_the_reference(drawn):
    x, w, attributes = drawn
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], **attributes)
    model, shape = shape_of(node, {"x": x, "w": w})
    macs = sum(  # one for each output element, channel of its group and tap
        1
        for _ in itertools.product(*map(range, shape))
        for _ in itertools.product(*map(range, w.shape[1:]))
    )
    assert AnalysisCache(ir.from_proto(model)).get(Costs()).evaluate().total == macs


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 3), max_size=2),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(["matrices", "left vector", "right vector", "vectors"]),
)
def test_products_against_the_reference(batch, ones, sizes, kind):
    m, k, n = sizes
    left = [1 if one else size for one, size in zip(ones, batch, strict=False)] + [m, k]
    right = [*batch, k, n]
    a = np.zeros([k] if kind in ("left vector", "vectors") else left, np.float32)
    b = np.zeros([k] if kind in ("right vector", "vectors") else right, np.float32)
    node = onnx.helper.make_node("MatMul", ["a", "b"], ["y"])
    model, shape = shape_of(node, {"a": a, "b": b})
    found = AnalysisCache(ir.from_proto(model)).get(Costs()).evaluate()
    assert found.total == math.prod(shape) * k
