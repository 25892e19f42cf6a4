from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passmgr.core.errors import PassFailed
from passmgr.core.manager.direct import run_passes
from passmgr.passes.analyze import inferred_shapes
from passmgr.passes.analyze.facts import SHAPES_INFERRED
from passmgr.passes.analyze.infer_shapes import InferShapes
from passmgr.passes.analyze.inferred_shapes import InferredShapes
from passmgr.passes.analyze.shape_functions import ELEMENTWISE, broadcast, concatenated


def model_of(text):
    text = text.strip()
    if not text.startswith("<"):
        text = '<ir_version: 9, opset_import: ["" : 18]>\n' + text
    return ir.from_onnx_text(text)


def infer(text):
    model = model_of(text) if isinstance(text, str) else text
    result = run_passes(model, [InferShapes()])
    assert SHAPES_INFERRED.check(model) is None
    onnx.checker.check_model(ir.to_proto(model))
    return model, result


def declared(model):
    """The type and dimensions of every output of a node, by name."""
    found = {}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for value in node.outputs:
            dims = None if value.shape is None else [getattr(d, "value", d) for d in value.shape]
            found[value.name] = (str(value.type), dims)
    return found


def test_elementwise_operators_need_no_whole_model_inference(monkeypatch):
    monkeypatch.setattr(InferredShapes, "compute", None)
    model, _ = infer("""g (float[N,4] x, bool[N,4] c) => (float[a,b] y) <float[4] w = {1,2,3,4}> {
        a = Add(x, w)  k = Constant<value = float[1] {3}>()  b = Mul(k, a)  r = Relu(b)
        l = Less(r, x)  d = Cast<to=11>(r)  s = Where(c, x, w)  i = Constant<value_ints=[1,2]>()
        p = Dropout(s)  y = Neg(p) }""")
    types = declared(model)
    assert types["a"] == types["b"] == types["r"] == types["s"] == types["p"] == ("FLOAT", ["N", 4])
    assert types["l"] == ("BOOL", ["N", 4])
    assert types["d"] == ("DOUBLE", ["N", 4])
    assert types["i"] == ("INT64", [2])


def test_other_operators_are_inferred_by_onnx_with_the_elementwise_ones_after_them():
    model, _ = infer("""g (float[N,3,8,8] x) => (float[a,b,c,d] y) {
        s = Shape(x)  t = Transpose<perm = [0,2,3,1]>(x)  u = Relu(t)
        q, r = Split<axis = 3, num_outputs = 2>(u)  z = NonZero(u)  y = Neg(x) }""")
    types = declared(model)
    assert types["s"] == ("INT64", [4])
    assert types["t"] == types["u"] == ("FLOAT", ["N", 8, 8, 3])
    assert types["q"] == ("FLOAT", ["N", 8, 8, 2])
    assert types["r"] == ("FLOAT", ["N", 8, 8, 1])
    assert types["z"] == ("INT64", [4, None])


def test_symbols_are_the_user_s_or_none():
    model, _ = infer("""g (float[N,M] x, float[K] v) => (float[a] y) <float[unk__7] k> {
        c = Concat<axis = 0>(x, x)  k = Add(v, v)  r = Relu(c)  z = NonZero(r)  y = Abs(k) }""")
    types = declared(model)
    assert types["c"] == types["r"] == ("FLOAT", [None, "M"])
    assert types["z"] == ("INT64", [2, None])
    assert types["k"] == ("FLOAT", ["unk__7"])


def test_subgraphs_are_inferred_and_the_interface_is_untouched():
    model = model_of("""g (bool c, float[N,4] x) => (y) {
        y = If(c) <
          then_branch = a () => (o) { t = Relu(x)  u = Transpose(t)  o = Transpose(u) },
          else_branch = b () => (p) { t = Neg(x)  p = Abs(t) }> }""")
    run_passes(model, [InferShapes()])
    types = declared(model)
    assert types["u"] == ("FLOAT", [4, "N"])
    assert types["o"] == types["p"] == ("FLOAT", ["N", 4])
    assert model.graph.outputs[0].type is None
    assert model.graph.outputs[0].shape is None
    branches = [model.graph[0].attributes[name].value for name in ("then_branch", "else_branch")]
    assert [str(graph[0].outputs[0].shape) for graph in branches] == ["[N,4]", "[N,4]"]


def test_the_state_of_a_loop_is_not_fixed_to_its_first_shape():
    model, _ = infer("""g (float[1] x, int64 n) => (float[M] y) <bool t = {1}> {
        y = Loop(n, t, x) <body = b (int64 i, bool c, float[K] v) => (bool d, float[L] w)
          { d = Identity(c)  e = Identity(v)  w = Concat<axis=0>(e, e) }> }""")
    assert declared(model)["e"] == ("FLOAT", ["K"])


def test_what_is_declared_is_made_more_precise_and_never_less():
    model, _ = infer("""g (float[2,4] x, float[N] v) => (float[a] y)
        <float[B,4] a, float[2,?] b, float[3] c, float[M] d, float[2] e> {
        a = Relu(x)  b = Transpose<perm=[0,1]>(x)  c = NonZero(v)  d = Abs(v)  e = Abs(v)
        y = Neg(v) }""")
    types = declared(model)
    assert types["a"] == types["b"] == ("FLOAT", [2, 4])
    assert types["d"] == ("FLOAT", ["M"])
    assert types["e"] == ("FLOAT", [2])


def test_a_contradiction_is_a_remark_and_the_declaration_stands():
    model, result = infer("""g (float[2,4] x) => (float[a,b] y) <float[2,5] t, float[8] s>
        { t = Relu(x)  s = Transpose(t)  z = NonZero(x)  y = Relu(x) }""")
    types = declared(model)
    assert types["t"] == ("FLOAT", [2, 5])
    assert types["s"] == ("FLOAT", [8])
    assert [(remark.code, remark.kind) for remark in result.remarks] == [
        ("shape-contradicts", "warning")
    ] * 2
    assert "'t' is declared as FLOAT[2, 5] and inferred as FLOAT[2, 4]" in result.remarks[0].message


def test_a_failing_inference_is_a_remark(monkeypatch):
    def fail(*_, **__):
        raise onnx.shape_inference.InferenceError("no\nway")

    monkeypatch.setattr(inferred_shapes.onnx.shape_inference, "infer_shapes", fail)
    model, result = infer("g (float[2,4] x) => (float[a,b] y) { t = Transpose(x)  y = Relu(t) }")
    assert declared(model)["t"] == ("None", None)
    (remark,) = result.remarks
    assert (remark.code, remark.message) == (
        "inference-failed",
        "ONNX's shape inference gave up: no way",
    )


def test_weights_are_not_handed_to_the_inference_and_small_numbers_are(monkeypatch):
    seen = []
    original = onnx.shape_inference.infer_shapes

    def spy(proto, **options):
        seen.append(proto)
        return original(proto, **options)

    monkeypatch.setattr(inferred_shapes.onnx.shape_inference, "infer_shapes", spy)
    model = model_of(
        """g (bool c, float[64,16] x) => (float[a,b] y) <int64[2] s = {16, 64}> {
        r = Reshape(x, s)  m = MatMul(x, w)  k = Constant<value = float[1] {1}>()
        n = MatMul(x, k)
        y = If(c) <then_branch = a () => (float[a,b] o) { o = Neg(m) },
                   else_branch = b () => (float[a,b] p) { p = Neg(r) }> }
        """.replace("m = MatMul(x, w)", "m = MatMul(x, k)")
    )
    big = ir.tensor(np.ones((16, 32), np.float32))
    next(n for n in model.graph if n.op_type == "Constant").attributes["value"] = ir.AttrTensor(
        "value", big
    )
    inner = ir.Value(name="w", const_value=ir.tensor(np.ones((64, 64), np.float32)))
    model.graph[-1].attributes["then_branch"].value.register_initializer(inner)
    infer(model)
    (proto,) = seen
    assert len(proto.SerializeToString()) < 1500
    assert declared(model)["r"] == ("FLOAT", [16, 64])
    assert declared(model)["m"] == ("FLOAT", [64, 32])


def test_sequences_get_their_type():
    model, _ = infer("""g (float[6] x) => (float[a] y) <int64 zero = {0}> {
        s = SplitToSequence(x)  e = SequenceAt(s, zero)  y = Neg(e) }""")
    assert declared(model)["s"][0] == "Sequence(Tensor(FLOAT))"


@pytest.mark.parametrize("opset", [6, 7])
def test_old_operators_broadcast_in_another_way(opset):
    axis = "<axis = 0, broadcast = 1>" if opset == 6 else ""
    model, _ = infer(f"""<ir_version: 3, opset_import: ["" : {opset}]>
        g (float[2,3] x, float[{2 if opset == 6 else 3}] v) => (float[2,3] y)
        {{ a = Add{axis}(x, v)  y = Relu(a) }}""")
    assert declared(model)["a"] == ("FLOAT", [2, 3])


def test_functions_are_left():
    text = """<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
        g (float[4] x) => (float[a] y) { h = my.F(x)  y = Neg(h) }
        <domain: "my", opset_import: ["" : 18]> F (v) => (w) { t = Abs(v)  w = Neg(t) }"""
    model, _ = infer(text)
    (function,) = model.functions.values()
    assert all(value.type is None for node in function for value in node.outputs)
    assert declared(model)["h"] == ("FLOAT", [4])


def test_a_second_run_changes_nothing():
    model, first = infer("""g (float[N,4] x) => (float[a,b] y)
        { t = Transpose(x)  z = NonZero(t)  r = Relu(t)  y = Neg(x) }""")
    _, second = infer(model)
    assert [first.records[-1].status, second.records[-1].status] == ["changed", "unchanged"]


def test_a_failure_at_any_edit_leaves_the_model_as_it_was(monkeypatch):
    text = """g (float[N,4] x) => (float[a,b] y) <float[?,?] t>
        { t = Transpose(x)  z = NonZero(t)  r = Relu(t)  y = Neg(x) }"""
    edits = run_passes(model_of(text), [InferShapes()]).records[-1].edits
    original = InferShapes.run
    assert edits == 3
    for last in range(1, edits + 1):
        model = model_of(text)
        before = ir.to_proto(model).SerializeToString(deterministic=True)

        def run(self, model, ctx, last=last):
            def stop(number):
                if number == last:
                    raise RuntimeError("stop")

            ctx.edit.before_edit = stop
            original(self, model, ctx)

        monkeypatch.setattr(InferShapes, "run", run)
        with pytest.raises(PassFailed, match="stop"):
            run_passes(model, [InferShapes()])
        assert ir.to_proto(model).SerializeToString(deterministic=True) == before


def test_the_elementwise_table_has_operators_of_onnx_only():
    known = {schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain}
    assert known >= ELEMENTWISE


DIMS = st.lists(st.sampled_from([1, 2, 3, "N", "M", None]), max_size=4)
SIZES = {"N": [1, 2, 3], "M": [1, 2, 3], None: [1, 2, 3]}


@given(DIMS, DIMS, st.data())
def test_broadcasting_claims_nothing_that_is_not_so(left, right, data):
    sizes = {symbol: data.draw(st.sampled_from(SIZES[symbol])) for symbol in ("N", "M")}

    def concrete(dims):
        return [
            data.draw(st.sampled_from(SIZES[None])) if dim is None else sizes.get(dim, dim)
            for dim in dims
        ]

    found = broadcast(ir.Shape(left).dims, ir.Shape(right).dims)
    try:
        real = np.broadcast_shapes(tuple(concrete(left)), tuple(concrete(right)))
    except ValueError:
        return
    assert found is not None
    assert len(found) == len(real)
    for dim, size in zip(found, real, strict=True):
        if isinstance(dim, int):
            assert dim == size
        elif dim.value is not None:
            assert sizes[dim.value] == size


@given(st.lists(DIMS, min_size=1, max_size=4), st.integers(-4, 3), st.data())
def test_concatenating_claims_nothing_that_is_not_so(shapes, axis, data):
    rank = min(map(len, shapes))
    shapes = [shape[:rank] for shape in shapes]
    sizes = {symbol: data.draw(st.sampled_from(SIZES[symbol])) for symbol in ("N", "M")}
    real_shapes = [
        [
            data.draw(st.sampled_from(SIZES[None])) if dim is None else sizes.get(dim, dim)
            for dim in dims
        ]
        for dims in shapes
    ]
    try:
        real = np.concatenate([np.zeros(dims) for dims in real_shapes], axis).shape
    except (ValueError, IndexError):
        return
    found = concatenated([ir.Shape(dims).dims for dims in shapes], axis)
    assert found is not None
    assert len(found) == len(real)
    for dim, size in zip(found, real, strict=True):
        if isinstance(dim, int):
            assert dim == size
        elif dim.value is not None:
            assert sizes[dim.value] == size


def test_a_concat_gets_its_shape_without_a_look_at_the_whole_model(monkeypatch):
    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", None)
    model, _ = infer("""g (float[N,4] x, float[N,2] z) => (float[a,b] y)
        { c = Concat<axis = 1>(x, z)  y = Relu(c) }""")
    assert declared(model)["c"] == ("FLOAT", ["N", 6])
