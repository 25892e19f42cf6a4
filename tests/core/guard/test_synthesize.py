"""Inputs made up from a signature: accepted by ONNX Runtime, and the same for the same seed."""

import itertools

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from passmgr.core.contract import ValueInfo
from passmgr.core.errors import RuntimeFailure
from passmgr.core.guard import synthesize_inputs
from passmgr.core.guard.dimensions import bindings
from passmgr.plugins.runtimes.onnxruntime import OnnxRuntime


def parse(text, opset=18):
    head = f'<ir_version: 8, opset_import: ["" : {opset}, "ai.onnx.ml" : 3]>'
    return ir.from_proto(onnx.parser.parse_model(head + text))


def first(model, seed=0):
    """The first candidate, with what the model gives for it."""
    session = OnnxRuntime().session(model)
    candidate = next(synthesize_inputs(model, session.inputs, seed))
    return candidate.feed, session.run(candidate.feed)


@pytest.mark.parametrize(
    "type_",
    [
        "float",
        "double",
        "float16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
    ],
)
def test_every_element_type(type_):
    text = f"g ({type_}[n, 3] x) => ({type_}[n, 3] y) {{ y = Identity(x) }}"
    feed, (output,) = first(parse(text))
    np.testing.assert_array_equal(feed["x"], output)
    assert feed["x"].shape == (2, 3)


@pytest.mark.parametrize("type_", ["BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E5M2", "STRING"])
def test_element_types_that_numpy_lacks(type_):
    elem = getattr(TensorProto, type_)
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", elem, [2, 3])],
        [helper.make_tensor_value_info("y", elem, [6])],
        [helper.make_tensor("shape", TensorProto.INT64, [1], [6])],
    )
    opsets = [helper.make_opsetid("", 23)]
    feed, (output,) = first(ir.from_proto(helper.make_model(graph, opset_imports=opsets)))
    np.testing.assert_array_equal(feed["x"].reshape(6), output)


def test_scalars():
    feed, _ = first(parse("g (float x, int64 i) => (float y, int64 j) { y = Neg(x) j = Neg(i) }"))
    assert feed["x"].shape == feed["i"].shape == ()


@pytest.mark.parametrize("type_", ["float", "string", "int64"])
def test_sequences(type_):
    model = parse(f"g (seq({type_}[2]) s) => (int64 n) {{ n = SequenceLength(s) }}")
    feed, (length,) = first(model)
    assert [part.shape for part in feed["s"]] == [(2,)] * int(length)


def test_optionals_have_a_value_first_and_none_last():
    model = parse("g (optional(float[2]) o) => (bool b) { b = OptionalHasElement(o) }")
    session = OnnxRuntime().session(model)
    candidates = list(synthesize_inputs(model, session.inputs))
    assert session.run(candidates[0].feed) == [True]
    assert session.run(candidates[-1].feed) == [False]


def test_maps():
    model = parse("g (float x) => (float y) { y = Neg(x) }")
    info = ValueInfo("m", "map(string,float)", None)
    value = next(synthesize_inputs(model, [info])).feed["m"]
    assert value
    assert all(isinstance(key, str) and isinstance(held, float) for key, held in value.items())


LEGAL = {
    "gather": "(int64[9] i) => (float[9] y) <float[3] w = {1,2,3}> { y = Gather(w, i) }",
    "through a cast": "(int32[9] i) => (float[k] y) <float[3] w = {1,2,3}>"
    "{ j = Cast<to=7>(i) u = Identity(j) y = Gather(w, u) }",
    "cast floats": "(float[9] i) => (float[k] y) <float[3] w = {1,2,3}>"
    "{ j = Cast<to=7>(i) y = Gather(w, j) }",
    "gather elements": "(int64[9] i) => (float[9] y) <float[3] w = {1,2,3}>"
    "{ y = GatherElements(w, i) }",
    "gather nd": "(int64[9, 1] i) => (float[9] y) <float[3] w = {1,2,3}> { y = GatherND(w, i) }",
    "one hot": "(int64[9] i) => (float[9, 5] y) <int64 d = {5}, float[2] v = {0,1}>"
    "{ y = OneHot(i, d, v) }",
    "reshape": "(float[6] x, int64[2] s) => (float[2, 3] y) { y = Reshape(x, s) }",
    "free reshape": "(float[6] x, int64[2] s) => (float[a, b] y) { y = Reshape(x, s) }",
    "expand": "(float[1] x, int64[2] s) => (float[4, 5] y) { y = Expand(x, s) }",
    "constant of shape": "(int64[2] s) => (float[2, 3] y) { y = ConstantOfShape(s) }",
    "tile": "(float[2, 3] x, int64[2] r) => (float[4, 9] y) { y = Tile(x, r) }",
    "slice": "(float[2, 3] x, int64[2] s, int64[2] e, int64[2] a, int64[2] t) => (float[m, n] y)"
    "{ y = Slice(x, s, e, a, t) }",
    "pad": "(float[2, 3] x, int64[4] p) => (float[m, n] y) { y = Pad(x, p) }",
    "reflecting pad": "(float[1, 3] x, int64[4] p) => (float[m, n] y)"
    '{ y = Pad<mode="reflect">(x, p) }',
    "split": "(float[5] x, int64[2] s) => (float[m] y, float[n] z) { y, z = Split<axis=0>(x, s) }",
    "top k": "(float[5] x, int64[1] k) => (float[3] y, int64[3] i) { y, i = TopK(x, k) }",
    "range": "(int64 a, int64 b, int64 c) => (int64[n] y) { y = Range(a, b, c) }",
    "squeeze": "(float[2, 1] x, int64[1] a) => (float[2] y) { y = Squeeze(x, a) }",
    "unsqueeze": "(float[2] x, int64[2] a) => (float[1, 1, 2] y) { y = Unsqueeze(x, a) }",
    "reduce": "(float[2, 3] x, int64[1] a) => (float[m, n] y) { y = ReduceSum(x, a) }",
    "resize": "(float[1, 1, 2, 2] x, float[4] s) => (float[1, 1, 4, 6] y) { y = Resize(x, , s) }",
    "resize sizes": "(float[1, 1, 2, 2] x, int64[4] s) => (float[1, 1, 4, 6] y)"
    "{ y = Resize(x, , , s) }",
    "divisor": "(int64[9] x, int64[9] d) => (int64[9] y) { y = Div(x, d) }",
    "sequence": "(seq(float[2]) s, int64 i) => (float[2] y) { y = SequenceAt(s, i) }",
}


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_the_first_candidate_is_legal_where_integers_are_indices_or_shapes(text):
    _, outputs = first(parse(f"g {text}"))
    assert all(output.size for output in outputs)


def test_indices_cover_what_they_index():
    feed, _ = first(parse("g (int64[99] i) => (float[99] y)<float[3] w={1,2,3}>{y = Gather(w, i)}"))
    assert set(feed["i"].tolist()) == {0, 1, 2}


def test_indices_inside_a_loop_and_a_function_are_traced():
    loop = parse(
        """g (int64[9] i) => (int64[9] last)
        <int64 n = {2}, bool c = {1}, float[3] w = {2,1,0}> {
            last = Loop(n, c, i) <body = b (int64 k, bool d, int64[9] j) => (bool e, int64[9] o)
                { e = Identity(d) y = Gather(w, j) o = Cast<to=7>(y) z = Gather(w, i) }>
        }"""
    )
    feed, _ = first(loop)
    assert feed["i"].max() == 2
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18, "f" : 1]> g (int64[99] i) => (float[99] y)'
        "<float[3] w = {1,2,3}> { y = f.Pick(w, i) }"
        '<domain: "f", opset_import: ["" : 18]> Pick (data, at) => (out) {out = Gather(data, at)}'
    )
    function = ir.from_proto(proto)
    first(function)


def test_keys_of_label_encoders_are_drawn():
    model = parse(
        'g (string[9] x) => (int64[9] y) { y = ai.onnx.ml.LabelEncoder<keys_strings=["a", "b"],'
        "values_int64s=[7, 8]>(x) }"
    )
    feed, (output,) = first(model)
    assert set(feed["x"]) == {"a", "b"}
    assert set(output.tolist()) == {7, 8}


def test_a_symbol_has_one_size_wherever_it_stands():
    model = parse("g (float[n, s] x, float[s, n] y) => (float[n, n] z) { z = MatMul(x, y) }")
    session = OnnxRuntime().session(model)
    for candidate in itertools.islice(synthesize_inputs(model, session.inputs), 8):
        assert candidate.feed["x"].shape == candidate.feed["y"].shape[::-1]


def test_expressions_and_totals_of_symbols_add_up():
    signature = [
        ValueInfo("mask", "tensor(int64)", ("batch", "total_sequence_length")),
        ValueInfo("cache", "tensor(float)", ("batch", "past_sequence_length")),
        ValueInfo("ids", "tensor(int64)", ("batch", "sequence_length")),
        ValueInfo("sum", "tensor(float)", ("2*sequence_length + past_sequence_length - 1",)),
    ]
    for binding in bindings(signature):
        (_, total), (_, past), (_, new), (double,) = (binding.shape(i.shape) for i in signature)
        assert total == past + new
        assert double == 2 * new + past - 1


def test_the_seed_decides():
    model = parse("g (float[n] x) => (float[n] y) { y = Neg(x) }")
    (a, _), (b, _), (c, _) = (first(model, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a["x"], b["x"])
    assert not np.array_equal(a["x"], c["x"])


def test_candidates_vary_sizes_and_intervals():
    model = parse("g (float[n] x) => (float[n] y) { y = Neg(x) }")
    signature = [ValueInfo("x", "tensor(float)", ("n",))]
    candidates = list(synthesize_inputs(model, signature))
    assert {1, 2, 8, 512} <= {candidate.shapes[0][0] for candidate in candidates}
    assert any((candidate.feed["x"] >= 1).all() for candidate in candidates)


def test_masks_are_all_ones():
    model = parse("g (int64[4] attention_mask) => (int64[4] y) { y = Neg(attention_mask) }")
    feed, _ = first(model)
    assert feed["attention_mask"].tolist() == [1, 1, 1, 1]


def test_types_of_which_no_value_can_be_made():
    model = parse("g (float x) => (float y) { y = Neg(x) }")
    info = ValueInfo("s", "sparse_tensor(float)", None)
    with pytest.raises(RuntimeFailure, match=r"input 's' of sparse_tensor\(float\)"):
        next(synthesize_inputs(model, [info]))
