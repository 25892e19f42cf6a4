"""The passes that merge nodes, fold shapes or inline: what is left, and that no bit changes."""

from __future__ import annotations

import importlib

import numpy as np
import onnx_ir as ir
import pytest

PASSES = {
    "fold-shapes": "fold_shapes:FoldShapes",
    "inline-branches": "inline_branches:InlineBranches",
    "inline-functions": "inline_functions:InlineFunctions",
    "lift-constant-outputs": "lift_constant_outputs:LiftConstantOutputs",
    "merge-concats": "merge_concats:MergeConcats",
    "merge-reductions": "merge_reductions:MergeReductions",
    "merge-reshapes": "merge_reshapes:MergeReshapes",
    "zero-additions": "eliminate_zero_additions:EliminateZeroAdditions",
    "zero-states": "eliminate_zero_states:EliminateZeroStates",
}

HEADER = (
    '<ir_version: 9, opset_import: ["" : {opset}, "own" : 1]> '
    "g (float[N,4,6] x, bool c, float[1,16,1,4] u, float[N,4,6] z) => ({output}) "
    "<int64 zero = {{0}}, int64 one = {{1}}, int64 two = {{2}}, int64[1] v0 = {{0}}, "
    "int64[1] v1 = {{1}}, int64[1] v2 = {{2}}, int64[1] six = {{6}}, int64[1] minus = {{-1}}, "
    "int64[3] flat = {{-1, 2, 12}}, int64[2] rows = {{-1, 6}}, int64[3] keep = {{0, 0, 6}}, "
    "bool yes = {{1}}, bool no = {{0}}, float half = {{0.5}}, float nil = {{0}}, "
    "float[2,0,6] none = {{}}, int64[2] v02 = {{0, 2}}> {{ {body} }} {functions}"
)

FUNCTIONS = (
    '<domain: "own", opset_import: ["" : {opset}]> once <k = 1.0, m> (a, b) => (d) '
    "{{ e = LeakyRelu <alpha : float = @k> (a)  o = Constant <value_float : float = @m> () "
    "h = Add(e, o)  d = Add(h, b) }} "
    '<domain: "own", opset_import: ["" : {opset}]> twice (a) => (d) {{ d = Neg(a) }} '
    '<domain: "own", opset_import: ["" : 17]> other (a) => (d) {{ d = Neg(a) }}'
)

# Pass, body of the graph, op types left in it; the dead stay.
CASES = {
    "static size": (
        "fold-shapes",
        "s = Shape(x)  n = Gather(s, one)  y = Cast <to = 1> (n)",
        "Shape Gather Cast",
    ),
    "open size once": (
        "fold-shapes",
        "s = Shape(x)  n = Gather(s, zero)  r = Relu(x)  t = Shape(r)  m = Gather(t, zero) "
        "a = Add(n, m)  y = Cast <to = 1> (a)",
        "Shape Gather Relu Shape Gather Add Cast",
    ),
    "target of copies": (
        "fold-shapes",
        "s = Shape(x)  n = Gather(s, v0)  t = Concat <axis = 0> (n, minus)  y = Reshape(x, t)",
        "Shape Gather Concat Reshape",
    ),
    "target of an expand": (
        "fold-shapes",
        "s = Shape(x)  a = ReduceSum(x, v1)  n = Gather(s, v0)  t = Concat <axis = 0> (n, v2, six) "
        "y = Expand(a, t)",
        "Shape ReduceSum Gather Concat Expand",
    ),
    "squeeze after unsqueeze": (
        "merge-reshapes",
        "a = Unsqueeze(x, v1)  b = Squeeze(a, v1)  y = Relu(b)",
        "Relu",
    ),
    "reshape after unsqueeze": (
        "merge-reshapes",
        "a = Unsqueeze(x, v1)  y = Reshape(a, flat)",
        "Reshape",
    ),
    "squeeze after reshape": (
        "merge-reshapes",
        "t = Constant <value_ints = [0, 4, 6, 1]> ()  a = Reshape(x, t)  y = Squeeze(a, minus)",
        "Constant Reshape",
    ),
    "chain of four": (
        "merge-reshapes",
        "a = Unsqueeze(x, v1)  b = Flatten(a)  d = Unsqueeze(b, v1)  y = Reshape(d, flat)",
        "Reshape",
    ),
    "transpose of ones": (
        "merge-reshapes",
        "a = Transpose <perm = [0, 2, 1, 3]> (u)  t = Constant <value_ints = [1, 64]> () "
        "y = Reshape(a, t)",
        "Constant Reshape",
    ),
    "transpose of more": (
        "merge-reshapes",
        "a = Transpose <perm = [0, 2, 1]> (x)  y = Reshape(a, flat)",
        "Transpose Reshape",
    ),
    "copied dimension of the middle": (
        "merge-reshapes",
        "a = Reshape(x, rows)  b = Unsqueeze(a, v0)  y = Reshape(b, keep)",
        "Reshape",
    ),
    "used elsewhere": (
        "merge-reshapes",
        "a = Unsqueeze(x, v1)  b = Reshape(a, flat)  d = ReduceSum <keepdims = 0> (a) "
        "y = Add(b, d)",
        "Unsqueeze Reshape ReduceSum Add",
    ),
    "nested concats": (
        "merge-concats",
        "a = Concat <axis = 1> (x, z)  b = Concat <axis = -2> (z, a, x)  y = Relu(b)",
        "Concat Relu",
    ),
    "concats of other axes": (
        "merge-concats",
        "a = Concat <axis = 0> (x, z)  b = Concat <axis = 0> (x, x)  y = Concat <axis = 1> (a, b)",
        "Concat Concat Concat",
    ),
    "concat used twice": (
        "merge-concats",
        "a = Concat <axis = 1> (x, z)  b = Concat <axis = 1> (a, a)  y = Relu(b)",
        "Concat Relu",
    ),
    "empty input": (
        "merge-concats",
        "a = Concat <axis = 1> (none, x)  y = Concat <axis = 1> (a, none, z)",
        "Concat",
    ),
    "reduction and unsqueeze": (
        "merge-reductions",
        "a = ReduceMax <keepdims = 0> (x, v1)  y = Unsqueeze(a, v1)",
        "ReduceMax",
    ),
    "reduction and squeeze": (
        "merge-reductions",
        "a = ReduceSum(x, minus)  b = Squeeze(a, v2)  y = Relu(b)",
        "ReduceSum Relu",
    ),
    "squeeze of another axis": (
        "merge-reductions",
        "t = Constant <value_ints = [1, 2]> ()  a = ReduceSum(x, t)  y = Squeeze(a, v1)",
        "Constant ReduceSum Squeeze",
    ),
    "then": (
        "inline-branches",
        "a = Relu(x)  y = If (yes) <then_branch = t () => (float[N,4,6] p) <float q = {2}> "
        "{ b = Neg(a)  p = Mul(b, q) }, else_branch = e () => (float[N,4,6] r) "
        "{ r = Identity(x) }>",
        "Relu Neg Mul",
    ),
    "else of an outer value": (
        "inline-branches",
        "y = If (no) <then_branch = t () => (float[N,4,6] p) { p = Neg(x) }, "
        "else_branch = e () => (float[N,4,6] q) { q = Identity(x) }>",
        "Identity",
    ),
    "nested branches": (
        "inline-branches",
        "d = If (yes) <then_branch = t () => (float[N,4,6] p) { p = If (c) <"
        "then_branch = v () => (float[N,4,6] e) { e = Neg(x) }, "
        "else_branch = w () => (float[N,4,6] f) { f = Abs(x) }> }, "
        "else_branch = e () => (float[N,4,6] q) { q = Identity(x) }>  y = Relu(d)",
        "If Relu",
    ),
    "condition of sizes": (
        "inline-branches",
        "s = Shape(x)  n = Gather(s, one)  k = Equal(n, two)  y = If (k) <"
        "then_branch = t () => (float[N,4,6] p) { p = Neg(x) }, "
        "else_branch = e () => (float[N,4,6] q) { q = Abs(x) }>",
        "Shape Gather Equal Abs",
    ),
    "open condition": (
        "inline-branches",
        "y = If (c) <then_branch = t () => (float[N,4,6] p) { p = Neg(x) }, "
        "else_branch = e () => (float[N,4,6] q) { q = Abs(x) }>",
        "If",
    ),
    "called once": (
        "inline-functions",
        "a = own.once <k = 0.1, m = 2.0> (x, z)  y = Relu(a)",
        "LeakyRelu Constant Add Add Relu",
    ),
    "default of an attribute": (
        "inline-functions",
        "y = own.once <m = 2.0> (x, z)",
        "LeakyRelu Constant Add Add",
    ),
    "called twice": ("inline-functions", "a = own.twice(x)  y = own.twice(a)", "twice twice"),
    "another opset": ("inline-functions", "y = own.other(x)", "other"),
    "constant node": (
        "lift-constant-outputs",
        "y = Constant <value_floats = [1.0, 2.0]> ()",
        "",
    ),
    "name of a constant": ("lift-constant-outputs", "y = Identity(half)", ""),
    "name of an input": ("lift-constant-outputs", "y = Identity(x)", "Identity"),
    "constant of a branch": (
        "lift-constant-outputs",
        "y = If (c) <then_branch = t () => (float p) { p = Identity(half) }, "
        "else_branch = e () => (float q) { q = Constant <value_float = 3.0> () }>",
        "If",
    ),
    "plus zero": ("zero-additions", "a = Add(nil, x)  b = Sub(a, nil)  y = Relu(b)", "Relu"),
    "zero minus": ("zero-additions", "y = Sub(nil, x)", "Sub"),
    "plus something": ("zero-additions", "y = Add(half, x)", "Add"),
}


def make(name):
    module, _, cls = PASSES[name].partition(":")
    return getattr(importlib.import_module(f"passmgr.passes.simplify.{module}"), cls)()


@pytest.mark.parametrize("opset", [18])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_leaves_fewer_nodes_and_the_same_bits(parse, run_pass, evaluate, opset, case):
    name, body, left = case
    text = HEADER.format(
        opset=opset, body=body, output="float[] y", functions=FUNCTIONS.format(opset=opset)
    )
    model = parse(text)
    model.graph.outputs[0].shape = None
    expected = evaluate(model)
    before = ir.to_proto(model)
    ctx = run_pass(make(name), model)
    assert [node.op_type for node in model.graph] == left.split()
    for array, reference in zip(evaluate(model), expected, strict=True):
        assert array.dtype == reference.dtype
        np.testing.assert_array_equal(array, reference)
    assert not run_pass(make(name), model).edit.edits
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


@pytest.mark.parametrize(
    ("case", "target"),
    [
        pytest.param("target of copies", [0, -1], id="rest is computed"),
        pytest.param("target of an expand", [1, 2, 6], id="expand"),
    ],
)
def test_targets_become_constants(parse, run_pass, case, target):
    body = CASES[case][1]
    model = parse(HEADER.format(opset=18, body=body, output="float[] y", functions=""))
    run_pass(make("fold-shapes"), model)
    assert model.graph[-1].inputs[1].const_value.numpy().tolist() == target


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        pytest.param(
            "s = Shape(x)  n = Gather(s, v0)  t = Concat <axis = 0> (v1, n, minus) "
            "y = Reshape(x, t)",
            "size-known-when-run",
            id="two open",
        ),
    ],
)
def test_says_what_is_left(parse, run_pass, body, remark):
    model = parse(HEADER.format(opset=18, body=body, output="float[] y", functions=""))
    ctx = run_pass(make("fold-shapes"), model)
    assert [r.code for r in ctx.remarks] == [remark]


@pytest.mark.parametrize(
    ("states", "left"),
    [
        pytest.param("h = ConstantOfShape(s)  e = Identity(h)", 4, id="zeros of an open size"),
        pytest.param(
            "h = ConstantOfShape <value = float[1] {1}> (s)  e = Identity(h)", 7, id="ones"
        ),
        pytest.param("h = Expand(nil, s)  e = Expand(one, s)", 7, id="one of two"),
        pytest.param("h = Expand(one, s)  e = Expand(nil, s)", 6, id="the other"),
        pytest.param("h = Expand(below, s)  e = Expand(below, s)", 7, id="negative zeros"),
    ],
)
def test_initial_states_of_zeros_go(parse, run_pass, evaluate, states, left):
    model = parse(
        '<ir_version: 8, opset_import: ["" : 14]> '
        "g (float[L,N,3] x, float[1,8,3] w, float[1,8,2] r, float[1,16] b) "
        "=> (float[L,1,N,2] y) "
        "<int64[1] i = {1}, int64[1] v1 = {1}, int64[1] v2 = {2}, float nil = {0}, "
        "float one = {1}, float below = {-0.0}> "
        f"{{ q = Shape(x)  n = Gather(q, i)  s = Concat <axis = 0> (v1, n, v2)  {states} "
        "y = LSTM <hidden_size = 2> (x, w, r, b, , h, e) }"
    )
    expected = evaluate(model)
    run_pass(make("zero-states"), model)
    assert len(model.graph[-1].inputs) == left
    np.testing.assert_array_equal(evaluate(model)[0], expected[0])


def test_constant_outputs_stay_nodes_before_ir_4(parse, run_pass):
    model = parse(
        '<ir_version: 3, opset_import: ["" : 9]> g (float x) => (float y) '
        "{ y = Constant <value = float {1}> () }"
    )
    assert not run_pass(make("lift-constant-outputs"), model).edit.edits


def test_own_operators_keep_their_bodies(parse, run_pass, ops):
    model = parse(
        '<ir_version: 9, opset_import: ["" : 18, "passmgr.ops" : 1]> '
        "g (float[N] x) => (float[N] y) { y = passmgr.ops.f(x) } "
        '<domain: "passmgr.ops", opset_import: ["" : 18]> f (a) => (d) { d = Neg(a) }'
    )
    run_pass(make("inline-functions"), model)
    assert ops(model.graph) == ["f"]
