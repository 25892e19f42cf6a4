"""The passes that fold arithmetic into weights: what is left, and how far the numbers move."""

from __future__ import annotations

import importlib

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PASSES = {
    "batchnorm": "fold_batchnorm:FoldBatchNorm",
    "constants": "merge_constant_operands:MergeConstantOperands",
    "scale": "fold_scale_and_bias:FoldScaleAndBias",
}


def make(name):
    module, _, cls = PASSES[name].partition(":")
    return getattr(importlib.import_module(f"passmgr.passes.fuse.{module}"), cls)()


def model_of(parse, body, *, opset=17, seed=0, inputs=""):
    """A graph over x: [2,4,5,5] and v: [2,4] with random weights of all kinds."""
    rng = np.random.default_rng(seed)
    shapes = {
        "w": (6, 4, 3, 3), "wg": (6, 2, 3, 3), "wt": (4, 6, 3, 3), "wtg": (4, 3, 3, 3),
        "b": (6,), "m": (4, 6), "mt": (6, 4), "s": (6,), "t": (6,), "mean": (6,), "s4": (6, 1, 1),
        "row": (1, 6), "one": (1,), "s5": (1, 6, 1, 1), "wide": (2, 6, 1, 1), "last": (1, 3),
        "neg": (6,), "divisor": (6, 1, 1), "column": (2, 1),
    }  # fmt: skip
    model = parse(
        f'<ir_version: 8, opset_import: ["" : {opset}]> '
        f"g (float[2,4,5,5] x, float[2,4] v{inputs}) => (float[] y) {{ {body} }}"
    )
    used = {v.name: v for node in model.graph for v in node.inputs if v is not None}
    for name, shape in {**shapes, "var": (6,)}.items():
        if name in used:
            array = rng.normal(size=shape) if name != "var" else rng.uniform(0.5, 2, shape)
            array = np.abs(array) + 0.5 if name == "divisor" else array
            array = -np.abs(array) - 1 if name == "neg" else array
            tensor = ir.Tensor(array.astype(np.float32), name=name)
            value = used[name]
            value.const_value, value.type = tensor, ir.TensorType(tensor.dtype)
            value.shape = ir.Shape(shape)
            model.graph.initializers.add(value)
    model.graph.outputs[0].shape = None
    return model


BN = "BatchNormalization({}, s, t, mean, var)"
FOLDED = {
    "Conv": ("batchnorm", f"a = Conv(x, w, b)  y = {BN.format('a')}", "Conv"),
    "Conv without bias": ("batchnorm", f"a = Conv(x, w)  y = {BN.format('a')}", "Conv"),
    "Conv in groups": ("batchnorm", f"a = Conv <group = 2> (x, wg)  y = {BN.format('a')}", "Conv"),
    "ConvTranspose": (
        "batchnorm",
        f"a = ConvTranspose <strides = [2, 2]> (x, wt, b)  y = {BN.format('a')}",
        "ConvTranspose",
    ),
    "ConvTranspose in groups": (
        "batchnorm",
        f"a = ConvTranspose <group = 2> (x, wtg)  y = {BN.format('a')}",
        "ConvTranspose",
    ),
    "Gemm": (
        "batchnorm",
        f"a = Gemm <alpha = 0.5, beta = 2.0> (v, m, b)  y = {BN.format('a')}",
        "Gemm",
    ),
    "Gemm transposed": (
        "batchnorm",
        f"a = Gemm <transB = 1> (v, mt)  y = {BN.format('a')}",
        "Gemm",
    ),
    "two in a row": (
        "batchnorm",
        f"a = Conv(x, w)  c = {BN.format('a')}  d = {BN.format('c')}  y = Relu(d)",
        "Conv Relu",
    ),
    "Add": ("scale", "a = Conv(x, w)  y = Add(s4, a)", "Conv"),
    "Add to a bias": ("scale", "a = Conv(x, w, b)  y = Add(a, s5)", "Conv"),
    "Sub": ("scale", "a = ConvTranspose(x, wt)  y = Sub(a, s4)", "ConvTranspose"),
    "Mul": ("scale", "a = Conv(x, w, b)  y = Mul(a, s4)", "Conv"),
    "Div": ("scale", "a = Conv(x, w, b)  y = Div(a, divisor)", "Conv"),
    "Mul by one number": ("scale", "a = Gemm(v, m, b)  c = Mul(a, one)  y = Relu(c)", "Gemm Relu"),
    "all in a row": (
        "scale",
        "a = Conv(x, w)  c = Mul(a, s4)  e = Add(c, s5)  y = Sub(e, one)",
        "Conv",
    ),
    "row of a Gemm": ("scale", "a = Gemm(v, m, row)  y = Add(a, row)", "Gemm"),
    "constants added": ("constants", "a = Add(x, one)  y = Add(one, a)", "Add"),
    "constants multiplied": (
        "constants",
        "a = Gemm(v, m)  c = Mul(a, s)  y = Mul(c, t)",
        "Gemm Mul",
    ),
    "three constants": ("constants", "a = Add(x, one)  c = Add(a, one)  y = Add(c, one)", "Add"),
}


@pytest.mark.parametrize("case", FOLDED.values(), ids=FOLDED)
def test_folds(parse, run_pass, evaluate, case):
    name, body, left = case
    model = model_of(parse, body)
    (expected,) = evaluate(model)
    before = ir.to_proto(model)
    pass_ = make(name)
    ctx = run_pass(pass_, model)
    assert [node.op_type for node in model.graph] == left.split()
    assert model.graph.outputs[0].name == "y"
    (array,) = evaluate(model)
    assert array.dtype == expected.dtype
    distance = np.abs(array - expected).max() / np.abs(expected).max()
    assert distance <= 1e-6
    assert distance <= pass_.effect.rtol
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


KEPT = {
    "no linear operator": (
        "batchnorm",
        "a = Conv(x, w)  e = Relu(a)  y = BatchNormalization(e, s, t, mean, var)",
        "it follows on no Conv, ConvTranspose or Gemm",
    ),
    "used elsewhere": (
        "batchnorm",
        f"a = Conv(x, w)  c = {BN.format('a')}  y = Add(a, c)",
        "the result of the Conv before it is used elsewhere",
    ),
    "weights of the caller": (
        "batchnorm",
        f"a = Conv(x, wx)  y = {BN.format('a')}",
        "the weights of the Conv before it are no constant",
    ),
    "bias of the caller": (
        "batchnorm",
        f"a = Conv(x, w, bx)  y = {BN.format('a')}",
        "the bias of the Conv before it is no constant",
    ),
    "statistics of the caller": (
        "batchnorm",
        "a = Conv(x, w)  y = BatchNormalization(a, s, t, bx, var)",
        "its own weights are no constants",
    ),
    "training": (
        "batchnorm",
        "a = Conv(x, w)  y, o, p = BatchNormalization <training_mode = 1> (a, s, t, mean, var)",
        "it is in training mode",
    ),
    "negative variance": (
        "batchnorm",
        "a = Conv(x, w)  y = BatchNormalization(a, s, t, mean, neg)",
        "the folded weights would not be finite",
    ),
    "not per channel": ("scale", "a = Conv(x, w)  y = Mul(a, last)", None),
    "enlarges": ("scale", "a = Conv(x, w)  y = Mul(a, wide)", None),
    "division of a constant": ("scale", "a = Conv(x, w)  y = Div(s4, a)", None),
    "operand of the caller": ("scale", "a = Conv(x, w)  y = Mul(a, ox)", None),
    "sum used elsewhere": ("constants", "a = Add(x, one)  c = Add(a, one)  y = Mul(a, c)", None),
    "outer product": ("constants", "a = Gemm(v, m)  c = Mul(a, row)  y = Mul(c, column)", None),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_stays_and_says_why(parse, run_pass, case):
    name, body, reason = case
    model = model_of(parse, body, inputs=", float[6,4,3,3] wx, float[6] bx, float[6,1,1] ox")
    ctx = run_pass(make(name), model)
    assert not ctx.edit.edits
    assert [r.message for r in ctx.remarks] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("opset", "attributes", "outputs", "folds"),
    [
        pytest.param(6, "<is_test = 1>", "y", True, id="6, test"),
        pytest.param(6, "", "y", False, id="6, training"),
        pytest.param(7, "", "y", True, id="7"),
        pytest.param(8, "<spatial = 0>", "y", False, id="8, not spatial"),
        pytest.param(9, "", "y", True, id="9"),
        pytest.param(9, "", "y, o, p, q, r", False, id="9, training"),
        pytest.param(14, "", "y", True, id="14"),
        pytest.param(15, "<training_mode = 0>", "y", True, id="15"),
    ],
)
def test_inference_is_told_apart_in_every_opset(
    parse, run_pass, ops, opset, attributes, outputs, folds
):
    body = f"a = Conv(x, w)  {outputs} = BatchNormalization {attributes} (a, s, t, mean, var)"
    model = model_of(parse, body, opset=opset)
    run_pass(make("batchnorm"), model)
    assert ops(model.graph) == (["Conv"] if folds else ["Conv", "BatchNormalization"])


def test_weights_that_are_shared_stay_for_the_others(parse, run_pass, evaluate):
    model = model_of(parse, f"a = Conv(x, w)  c = {BN.format('a')}  e = Conv(x, w)  y = Add(c, e)")
    (expected,) = evaluate(model)
    run_pass(make("batchnorm"), model)
    (array,) = evaluate(model)
    np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-4)
    assert model.graph[1].inputs[1].name == "w"


def test_overridable_weights_are_no_constants(parse, run_pass):
    model = model_of(parse, f"a = Conv(x, w)  y = {BN.format('a')}")
    model.graph.inputs.append(model.graph.initializers["w"])
    ctx = run_pass(make("batchnorm"), model)
    assert [r.message for r in ctx.remarks] == ["the weights of the Conv before it are no constant"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(sorted(FOLDED)))
def test_folds_any_numbers(parse, run_pass, evaluate, seed, case):
    name, body, _ = FOLDED[case]
    model = model_of(parse, body, seed=seed)
    (expected,) = evaluate(model, seed=seed)
    pass_ = make(name)
    run_pass(pass_, model)
    (array,) = evaluate(model, seed=seed)
    assert np.abs(array - expected).max() <= pass_.effect.rtol * np.abs(expected).max()
