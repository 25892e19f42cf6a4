from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from passmgr.core.errors import PassFailed
from passmgr.core.manager.context import StepContext
from passmgr.core.manager.direct import run_passes
from passmgr.passes.simplify.constant_batch import MOST_FAILURES, ConstantBatch
from passmgr.passes.simplify.fold_constants import FoldConstants
from passmgr.passes.simplify.foldable import KEPT


def model_of(text):
    text = text.strip()
    if not text.startswith("<"):
        text = '<ir_version: 9, opset_import: ["" : 18]>\n' + text
    return ir.from_onnx_text(text)


def outputs_of(model, feed):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    proto = ir.to_proto(model)
    session = ort.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, feed)


def fold(model, feed=None, check=True, **options):
    """Fold; with a feed, the outputs must stay bit-equal."""
    before = None if feed is None else outputs_of(model, feed)
    result = run_passes(model, [FoldConstants(**options)])
    if check:
        onnx.checker.check_model(ir.to_proto(model))
    if feed is not None:
        for old, new in zip(before, outputs_of(model, feed), strict=True):
            assert old.dtype == new.dtype
            assert old.shape == new.shape
            assert old.tobytes() == new.tobytes()
    return result


def ops(graph):
    return [node.op_type for node in graph]


def codes(result):
    return [remark.code for remark in result.remarks]


X4 = {"x": np.array([1, -2, 3, 4], np.float32)}


# -- what is folded --------------------------------------------------------------------------------


def test_a_chain_becomes_one_initializer_of_the_name_of_its_end():
    model = model_of("""g (float[4] x) => (float[4] y)
        <float[4] a = {1,2,3,4}, float[4] b = {5,6,7,8}>
        { s = Add(a, b)  t = Neg(s)  u = Exp(t)  y = Mul(x, u) }""")
    fold(model, X4)
    assert ops(model.graph) == ["Mul"]
    assert list(model.graph.initializers) == ["u"]


def test_constant_nodes_become_initializers():
    model = model_of("""g (float[4] x, int64[2] i) => (float[4] y, int64[2] j, float z) {
        c = Constant<value = float[4] {1,2,3,4}>()  f = Constant<value_float = 2.5>()
        k = Constant<value_ints = [3, 4]>()
        y = Mul(x, c)  j = Add(i, k)  z = Abs(f) }""")
    fold(model, {**X4, "i": np.array([1, 2])})
    assert sorted(ops(model.graph)) == ["Add", "Constant", "Mul"]
    assert set(model.graph.initializers) == {"c", "k"}
    assert model.graph.initializers["k"].dtype == ir.DataType.INT64


def test_an_output_of_the_graph_becomes_a_constant_node_of_its_name():
    model = model_of("""g (float[4] x) => (float[4] y, float[4] k) <float[4] a = {1,2,3,4}>
        { k = Neg(a)  y = Add(x, k) }""")
    before = [ir.serde.serialize_value(value) for value in model.graph.outputs]
    fold(model, X4)
    assert ops(model.graph) == ["Constant", "Add"]
    assert [ir.serde.serialize_value(value) for value in model.graph.outputs] == before


def test_an_output_that_is_returned_twice_is_left():
    model = model_of("g (float[4] x) => (float[4] k) <float[4] a = {1,2,3,4}> { k = Neg(a) }")
    model.graph.outputs.append(model.graph.outputs[0])
    fold(model, check=False)
    assert ops(model.graph) == ["Neg"]


def test_reads_outer_constants_in_subgraphs_whose_names_repeat():
    model = model_of("""g (bool c, float[4] x) => (float[4] y) <float[4] w = {1,2,3,4}> {
        v = Neg(w)
        y = If(c) <
          then_branch = a () => (float[4] o) { k = Exp(v)  o = Add(x, k) },
          else_branch = b () => (float[4] p) { k = Abs(v)  l = Sqrt(k)  p = Mul(x, l) }> }""")
    for flag in (True, False):
        fold(model, {**X4, "c": np.array(flag)})
    assert ops(model.graph) == ["If"]
    then, otherwise = (
        model.graph[0].attributes["then_branch"],
        model.graph[0].attributes["else_branch"],
    )
    assert ops(then.value) == ["Add"]
    assert len(then.value.initializers) == 1
    assert ops(otherwise.value) == ["Mul"]
    assert list(otherwise.value.initializers) == ["l"]
    assert not model.graph.initializers


def test_the_output_of_a_branch_stays_computed():
    model = model_of("""g (bool c) => (float[2] y) {
        y = If(c) <
          then_branch = a () => (float[2] o) <float[2] w = {1,2}> { o = Neg(w) },
          else_branch = b () => (float[2] p) { p = Constant<value = float[2] {1,2}>() }> }""")
    fold(model, {"c": np.array(True)})
    for name in ("then_branch", "else_branch"):
        assert ops(model.graph[0].attributes[name].value) == ["Constant"]


FUNCTION = """<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
    g (float[4] x) => (float[4] y) { y = my.F<alpha = 2.0>(x) }
    <domain: "my", opset_import: ["" : 18]> F <alpha>(x) => (y) {
        a = Constant<value = float[4] {1,2,3,4}>()
        r = Constant<value_float: float = @alpha>()
        b = Neg(a)  c = Exp(b)  d = Mul(c, r)  e = Add(x, c)  y = Mul(e, d) }"""


def test_functions_get_constant_nodes_and_attribute_references_are_no_constants():
    model = model_of(FUNCTION)
    fold(model, X4)
    (function,) = model.functions.values()
    assert sorted(ops(function)) == ["Add", "Constant", "Constant", "Mul", "Mul"]


def test_initializers_that_are_inputs_are_constants_up_to_ir_version_3():
    text = """<ir_version: {}, opset_import: ["" : 8]>
        g (float[4] x, float[4] w) => (float[4] y) <float[4] w = {{1,2,3,4}}>
        {{ v = Neg(w)  y = Add(x, v) }}"""
    old, new = model_of(text.format(3)), model_of(text.format(4))
    fold(old, check=False)
    fold(new, X4)
    assert ops(old.graph) == ["Add"]
    assert ops(new.graph) == ["Neg", "Add"]
    assert [value.name for value in new.graph.inputs] == ["x", "w"]


@pytest.mark.parametrize(
    "tail", ["y = Add(x, v)", "c = Cast<to=1>(i)  d = Add(v, c)  y = Add(x, d)"]
)
def test_nodes_with_more_outputs(tail):
    model = model_of(f"""g (float[2] x) => (float[2] y)
        <float[4] w = {{1,7,3,4}}, int64[1] k = {{2}}> {{ v, i = TopK(w, k)  {tail} }}""")
    fold(model, {"x": np.ones(2, np.float32)})
    assert ops(model.graph) == ["Add"]


def test_sizes_that_are_known_only_step_by_step():
    model = model_of("""g (float[N] x) => (float[N] y) <int64[1] n = {3}, int64[1] one = {1}> {
        m = Add(n, one)  p = Mul(m, m)  z = ConstantOfShape<value = float[1] {2}>(p)
        i = NonZero(z)  s = Shape(i)  f = Cast<to=1>(s)  r = ReduceSum<keepdims=0>(f)
        y = Add(x, r) }""")
    fold(model, {"x": np.ones(2, np.float32)})
    assert ops(model.graph) == ["Add"]


def test_a_second_run_changes_nothing():
    model = model_of(FUNCTION)
    fold(model)
    assert fold(model).records[-1].status == "unchanged"


# -- what is left ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "node",
    [
        pytest.param("v = RandomNormal<shape = [4]>()", id="random"),
        pytest.param("v = RandomUniformLike(w)", id="random like"),
        pytest.param("v = Bernoulli(p)", id="bernoulli"),
        pytest.param("v = Dropout(w)", id="dropout"),
        pytest.param("v = DequantizeLinear(q, s)", id="dequantize"),
        pytest.param("u = QuantizeLinear(w, s) v = DequantizeLinear(u, s)", id="quantize"),
        pytest.param("v = com.microsoft.Gelu(w)", id="other domain"),
        pytest.param(
            "v = If(t) <then_branch = a () => (float[4] o) { o = Identity(x) },"
            " else_branch = b () => (float[4] o2) { o2 = Neg(x) }>",
            id="control flow",
        ),
    ],
)
def test_is_left(node):
    model = model_of(f"""<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
        g (float[4] x) => (float[4] y)
        <float[4] w = {{1,2,3,4}}, float[4] p = {{0.5,0.5,0.5,0.5}}, int8[4] q = {{1,2,3,4}},
         float s = {{0.5}}, bool t = {{1}}> {{ {node}  y = Add(x, v) }}""")
    before = ops(model.graph)
    result = fold(model)
    assert ops(model.graph) == before
    assert result.records[-1].status == "unchanged"


def test_every_random_operator_of_onnx_is_kept():
    for schema in onnx.defs.get_all_schemas_with_history():
        random = schema.node_determinism == onnx.defs.OpSchema.NodeDeterminism.NonDeterministic
        if random and not schema.domain and schema.name != "AffineGrid":  # no randomness in it
            assert schema.name in KEPT


def test_a_function_of_an_operator_s_name_is_no_operator():
    model = model_of("""<ir_version: 9, opset_import: ["" : 18]>
        g (float[4] x) => (float[4] y) <float[4] w = {1,2,3,4}> { v = Neg(w)  y = Add(x, v) }""")
    body = ir.Graph([], [], nodes=[], opset_imports={"": 18})
    function = ir.Function("", "Neg", "", graph=body, attributes=[])
    model.functions[function.identifier()] = function
    fold(model, check=False)
    assert ops(model.graph) == ["Neg", "Add"]


def test_strings_are_left():
    model = model_of("""g (string[1] x) => (string[1] y, string z) {
        c = Constant<value_strings = ["a"]>()  y = Identity(x)  d = Identity(c)
        z = Constant<value_string = "b">() }""")
    fold(model)
    assert sorted(ops(model.graph)) == ["Constant", "Constant", "Identity", "Identity"]


def test_models_without_the_default_domain():
    model = model_of("""<ir_version: 9, opset_import: ["my" : 1]>
        g (float[4] x) => (float[4] y) <float[4] w = {1,2,3,4}>
        { v = my.Op(w)  y = my.Op(x, v) }""")
    assert fold(model, check=False).records[-1].status == "unchanged"


@pytest.mark.parametrize(
    ("nodes", "folded"),
    [
        pytest.param("c = Transpose(w)  z = Neg(x)", True, id="takes the place of its weight"),
        pytest.param("c = Transpose(w)  z = Mul(w, x)", False, id="weight read elsewhere"),
        pytest.param("d = Cast<to = 11>(w)  c = Cast<to = 1>(d)  z = Neg(x)", False, id="wider"),
        pytest.param("c = Expand(w, s)  z = Neg(x)", False, id="larger"),
    ],
)
def test_the_model_does_not_grow(nodes, folded):
    model = model_of(f"""g (float[1] x) => (float[a,8,8] o, float[b,c] z)
        <float[1,8,8] w = {{{", ".join(map(str, range(64)))}}}, int64[3] s = {{2,8,8}}>
        {{ {nodes}  o = Mul(c, x) }}""")
    result = fold(model, check=False, max_growth=64)
    assert ("c" in model.graph.initializers) == folded
    assert codes(result) == ([] if folded else ["result-too-large"])


def test_a_result_of_unknown_size_is_left_where_it_may_be_large():
    model = model_of("""g (float[N] x) => (float[N] y) <float[8] w = {0,1,2,3,4,5,6,7}>
        { i = NonZero(w)  f = Cast<to=1>(i)  r = ReduceMax<keepdims=0>(f)  y = Add(x, r) }""")
    result = fold(model, max_growth=256)
    assert ops(model.graph) == ["NonZero", "Cast", "ReduceMax", "Add"]
    assert codes(result) == ["result-too-large"]


BROKEN = """g (float[4] x) => (float[4] y) <float[4] w = {1,2,3,4}, int64[1] s = {3}> {
    a = Neg(w)  b = Reshape(a, s)  c = Exp(a)  d = Abs(b)  e = Add(x, c)  y = Add(e, d) }"""


def test_what_the_runtime_refuses_is_left_with_a_remark_and_the_rest_is_folded():
    model = model_of(BROKEN)
    result = fold(model)
    assert ops(model.graph) == ["Reshape", "Abs", "Add", "Add"]
    assert set(model.graph.initializers) == {"a", "c", "s"}
    (remark,) = result.remarks
    assert remark.code == "runtime-refused"
    assert "Reshape" in remark.node
    assert "ONNX Runtime" in remark.message


def test_a_runtime_that_refuses_everything_is_not_asked_for_every_node():
    count = MOST_FAILURES + 8
    reads = "  ".join(f"r{i} = Reshape(w{i}, s)  z{i} = Add(x, r{i})" for i in range(count))
    weights = ", ".join(f"float[4] w{i} = {{{i},2,3,4}}" for i in range(count))
    model = model_of(f"""g (float[4] x) => (float[4] z0)
        <{weights}, int64[1] s = {{3}}>
        {{ {reads} }}""")
    result = fold(model)
    assert codes(result) == ["runtime-refused"] * count
    assert sum("not tried" in remark.message for remark in result.remarks) == 8


# -- shapes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nodes",
    [
        "s = Shape(x)  k = Gather(s, one)",
        "r = Abs(x)  s = Shape(r)  k = Gather<axis = -1>(s, one)",
        "s = Shape(x)  m = Neg(one)  n = Gather(s, two)  p = Add(n, m)  k = Add(p, m)",
        "s = Shape<start = 1, end = 2>(x)  k = Identity(s)",
        "s = Shape<start = -2, end = -1>(x)  k = Identity(s)",
        "s = Shape(x)  k = Slice(s, one, two)",
        "s = Shape(x)  n = Neg(two)  m = Neg(one)  k = Slice(s, n, m)",
        "s = Shape(x)  a = Gather(s, o)  u = Unsqueeze(a, zero)  t = Concat<axis = 0>(u, one)"
        "  k = Slice(t, zero, one)",
        "s = Shape(x)  c = Cast<to = 7>(s)  a = Slice(c, one, two)  q = Squeeze(a, zero)"
        "  k = Unsqueeze(q, zero)",
        "a = Shape<start = 1>(x)  w = ConstantOfShape(a)  n = Size(w)  u = Unsqueeze(n, zero)"
        "  f = Div(u, five)  k = Identity(f)",
    ],
)
def test_static_dimensions_of_dynamic_tensors(nodes):
    model = model_of(f"""g (float[N,3,5] x) => (int64[1] y) <int64[1] zero = {{0}},
        int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] five = {{5}}, int64 o = {{1}}>
        {{ {nodes}  y = Mul(k, five) }}""")
    fold(model, {"x": np.zeros((7, 3, 5), np.float32)})
    assert model.graph.outputs[0].producer().op_type == "Constant"
    assert model.graph.outputs[0].producer().attributes["value"].value.numpy() == 15


def test_slice_takes_its_bounds_from_attributes_up_to_opset_9():
    model = model_of("""<ir_version: 8, opset_import: ["" : 9]> g (float[N,3,5] x) => (int64[1] y)
        { s = Shape(x)  y = Slice<starts = [1], ends = [2]>(s) }""")
    fold(model, {"x": np.zeros((7, 3, 5), np.float32)})
    assert ops(model.graph) == ["Shape", "Constant"]


def test_dynamic_dimensions_are_left():
    model = model_of("""g (float[N,3] x) => (int64[1] y, int64 z) <int64[1] zero = {0}>
        { s = Shape(x)  y = Gather(s, zero)  z = Size(x) }""")
    fold(model, {"x": np.zeros((7, 3), np.float32)})
    assert ops(model.graph) == ["Shape", "Gather", "Size"]


def test_a_stale_declaration_inside_the_graph_decides_nothing():
    model = model_of("""g (float[N,3] x) => (int64[2] y) <float[1,3] a>
        { a = Abs(x)  s = Shape(a)  y = Add(s, s) }""")
    fold(model, {"x": np.zeros((7, 3), np.float32)})
    assert ops(model.graph) == ["Abs", "Shape", "Add"]


def test_the_declaration_of_what_onnx_cannot_infer_is_taken():
    model = model_of("""<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
        g (float[N,3] x) => (int64[2] y) <float[2,3] a>
        { a = my.Op(x)  b = Abs(a)  s = Shape(b)  y = Add(s, s) }""")
    fold(model, check=False)
    assert model.graph.outputs[0].producer().op_type == "Constant"


def test_shapes_inside_of_loops_are_not_those_of_the_first_iteration():
    model = model_of("""g (float[1] x, int64 n) => (float[M] y) <bool t = {1}> {
        y = Loop(n, t, x) <body = b (int64 i, bool c, float[1] v) => (bool d, float[K] w)
          { d = Identity(c)  s = Shape(v)  f = Cast<to=1>(s)  w = Concat<axis=0>(v, f) }>
        }""")
    fold(model, {"x": np.ones(1, np.float32), "n": np.array(3)}, check=False)
    assert "Shape" in ops(
        next(n for n in model.graph if n.op_type == "Loop").attributes["body"].value
    )


def test_pad_amounts_through_reshape_and_reverse_slice():
    """A chain that another optimizer folds in the wrong order, silently."""
    model = model_of("""<ir_version: 8, opset_import: ["" : 13]>
        g (float[1,2,3,4] x) => (float[a,b,c,d] y)
        <int64[4] pads = {1,2,3,4}, int64[1] n = {4}, int64[2] pair = {-1,2}, int64[1] flat = {-1},
         int64[1] start = {-1}, int64[1] end = {-9223372036854775807}, int64[1] axis = {0},
         int64[1] step = {-1}> {
        s = Shape(pads)  d = Sub(n, s)  e = Add(d, n)  z = ConstantOfShape<value = int64[1] {0}>(e)
        all = Concat<axis = 0>(pads, z)  m = Reshape(all, pair)
        r = Slice(m, start, end, axis, step)  t = Transpose<perm = [1, 0]>(r)
        f = Reshape(t, flat)  p = Cast<to = 7>(f)  y = Pad(x, p) }""")
    fold(model, {"x": np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)})
    assert ops(model.graph) == ["Pad"]
    assert model.graph.initializers["p"].const_value.numpy().tolist() == [0, 0, 3, 1, 0, 0, 4, 2]


# -- numerics --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "nodes"),
    [
        ("int8", "a = Add(u, v)  b = Mul(a, a)  k = Sub(b, u)"),
        ("int32", "a = Mul(u, v)  b = Mul(a, a)  c = Mul(b, b)  k = Div(c, v)"),
        ("int64", "a = Div(u, v)  k = Mod(a, v)"),
        ("uint8", "k = Sub(u, v)"),
        ("double", "a = Div(u, v)  b = Exp(a)  k = Sqrt(b)"),
        ("float16", "a = Div(u, v)  b = Mul(a, u)  c = Exp(b)  d = Add(c, a)  k = Sub(d, b)"),
        ("float", "z = Sub(u, u)  a = Div(u, z)  k = Sub(a, a)"),
    ],
)
def test_numbers_are_those_of_the_runtime(dtype, nodes):
    model = model_of(f"""g (float[1] x) => ({dtype}[3] k, float[1] y)
        <{dtype}[3] u = {{100, 7, 3}}, {dtype}[3] v = {{90, 3, 11}}> {{ {nodes}  y = Neg(x) }}""")
    fold(model, {"x": np.ones(1, np.float32)})
    assert ops(model.graph) == ["Constant", "Neg"]


UNARY = ["Neg", "Abs", "Exp", "Tanh", "Sigmoid", "Relu", "Transpose", "Shape", "Floor"]
BINARY = ["Add", "Sub", "Mul", "Div", "Max", "Pow"]


@st.composite
def expressions(draw):
    """A graph of constants, of which some results meet the input x."""
    nodes, values = [], ["a", "b", "c"]
    for index in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            op, inputs = draw(st.sampled_from(UNARY)), [draw(st.sampled_from(values))]
        else:
            op = draw(st.sampled_from(BINARY))
            inputs = [draw(st.sampled_from(values)) for _ in range(2)]
        name = f"v{index}"
        nodes.append(helper.make_node(op, inputs, [name]))
        if op == "Shape":
            nodes.append(helper.make_node("Cast", [name], [name + "f"], to=TensorProto.FLOAT))
            name += "f"
            nodes.append(helper.make_node("ReduceSum", [name], [name + "r"], keepdims=0))
            name += "r"
        values.append(name)
    outputs = []
    for name in draw(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)):
        nodes.append(helper.make_node("Add", [name, "x"], [f"out_{name}"]))
        outputs.append(f"out_{name}")
    if draw(st.booleans()) and values[-1] not in ("a", "b", "c"):
        outputs.append(values[-1])
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [
            numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
            for name, shape in {"a": (2, 2), "b": (2, 2), "c": ()}.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@given(expressions())
def test_random_expressions_keep_every_bit(proto):
    model = ir.from_proto(proto)
    fold(model, {"x": np.ones((2, 2), np.float32)}, check=False)
    assert all(
        any(v.name == "x" for v in node.inputs) or node.op_type == "Constant"
        for node in model.graph
        if any(value.is_graph_output() for value in node.outputs)
    )


# -- transactions ----------------------------------------------------------------------------------

MIXED = [
    FUNCTION,
    BROKEN,
    """g (float[N,3] x) => (float[N,3] y, float[3] k) <float[3] w = {1,2,3}>
    { s = Shape(x)  i = Constant<value_int = 1>()  d = Gather(s, i)  f = Cast<to=1>(d)
      v = Mul(w, f)  k = Neg(w)  y = Add(x, v) }""",
]


@pytest.mark.parametrize("text", MIXED)
def test_rewrites_can_be_left_out_from_any_one_on(text, monkeypatch):
    model = model_of(text)
    total = run_passes(model, [FoldConstants()]).records[-1].rewrites
    assert total
    for limit in range(total):
        model, taken = model_of(text), iter(range(limit))
        monkeypatch.setattr(
            StepContext, "action", lambda *_, taken=taken: next(taken, None) is not None
        )
        monkeypatch.setattr(FoldConstants, "establishes", ())
        try:
            feed = {
                "x": np.ones(model.graph.inputs[0].shape.evaluate({"N": 2}).numpy(), np.float32)
            }
            before = None if text is BROKEN else outputs_of(model, feed)
            run_passes(model, [FoldConstants()])
            if before is not None:
                for old, new in zip(before, outputs_of(model, feed), strict=True):
                    assert old.tobytes() == new.tobytes()
        finally:
            monkeypatch.undo()


@pytest.mark.parametrize("text", MIXED)
def test_a_failure_at_any_edit_leaves_the_model_as_it_was(text, monkeypatch):
    edits = run_passes(model_of(text), [FoldConstants()]).records[-1].edits
    original = FoldConstants.run
    assert edits
    for last in range(1, edits + 1):
        model = model_of(text)
        before = ir.to_proto(model).SerializeToString(deterministic=True)

        def run(self, model, ctx, last=last):
            def stop(number):
                if number == last:
                    raise RuntimeError("stop")

            ctx.edit.before_edit = stop
            original(self, model, ctx)

        monkeypatch.setattr(FoldConstants, "run", run)
        with pytest.raises(PassFailed, match="stop"):
            run_passes(model, [FoldConstants()])
        monkeypatch.undo()
        assert ir.to_proto(model).SerializeToString(deterministic=True) == before


def test_what_is_computed_in_parts_is_what_is_computed_at_once(monkeypatch):
    text = """g (float[4] x) => (float[a] y, float[b] z) <float[4] one = {1, 2, 3, 4}> {
        a = Add(one, one)  b = Mul(a, one)  c = Sub(b, a)  d = Div(c, b)  e = Mul(d, a)
        y = Add(x, e)  z = Mul(x, b) }"""
    monkeypatch.setattr("passmgr.passes.simplify.constant_batch.MOST_NODES", 2)
    model = model_of(text)
    fold(model, X4)
    assert ops(model.graph) == ["Add", "Mul"]


def test_a_range_gets_a_scalar_for_a_constant_of_one_element():
    model = model_of("""g (int64 n) => (int64[m] y) <int64[1] one = {1}, int64 k = {1}> {
        two = Add(one, k)  z = Sub(k, k)  y = Range(z, two, n) }""")
    fold(model, {"n": np.array(1)})
    assert ops(model.graph) == ["Range"]
    assert all(not value.shape for value in model.graph.node(0).inputs)


def test_equal_computations_are_computed_once(monkeypatch):
    sizes = []
    run = ConstantBatch._run

    def counting(batch, runtime, nodes, *arguments):
        sizes.append(len(nodes))
        return run(batch, runtime, nodes, *arguments)

    monkeypatch.setattr(ConstantBatch, "_run", counting)
    lines = "  ".join(
        f"a{i} = Add(w{i}, v)  b{i} = Sqrt(a{i})  y{i} = Mul(x, b{i})" for i in range(6)
    )
    weights = ", ".join(f"float[1] w{i} = {{{i % 2}}}" for i in range(6))
    ends = ", ".join(f"float[4] y{i}" for i in range(6))
    model = model_of(f"g (float[4] x) => ({ends}) <{weights}, float[1] v = {{1}}> {{ {lines} }}")
    fold(model, X4)
    assert ops(model.graph) == ["Mul"] * 6
    assert sizes == [4]


def test_constants_of_equal_bytes_and_other_types_are_not_taken_for_equal():
    model = model_of("""g (float[1] x, int32[1] i) => (float[1] y, int32[1] j)
        <int64[1] k = {0}, int32[1] b = {0}, float[1] a = {0}, float[1,1] c = {0},
        float[1] d = {-0.0}> {
        e = Neg(a)  f = Neg(b)  g = Neg(c)  h = Neg(d)
        p = Div(x, e)  q = Div(p, g)  r = Squeeze(q, k)  y = Mul(r, h)  j = Add(i, f) }""")
    fold(model, {"x": np.ones(1, np.float32), "i": np.ones(1, np.int32)})
    assert set(model.graph.initializers) >= {"e", "f", "g", "h"}


def test_what_depends_on_a_refused_node_is_left_however_far_away(monkeypatch):
    monkeypatch.setattr("passmgr.passes.simplify.constant_batch.MOST_NODES", 1)
    model = model_of("""g (float[4] x) => (float[4] y) <int64[1] c = {7}, float[1] f = {1}> {
        d0 = Reshape(c, c)  d1 = Mul(d0, c)  d2 = Mul(d1, c)  d3 = Mul(d2, c)
        e = Cast<to = 1>(d3)  z = Neg(f)  w = Add(e, z)  y = Add(x, w) }""")
    result = fold(model)
    assert ops(model.graph) == ["Reshape", "Mul", "Mul", "Mul", "Cast", "Add", "Add"]
    assert set(codes(result)) == {"runtime-refused"}
