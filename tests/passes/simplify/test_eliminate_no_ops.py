from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from passmgr.passes.simplify.eliminate_no_ops import EliminateNoOps
from passmgr.passes.simplify.no_op_rules import RULES

HEADER = '<ir_version: {ir}, opset_import: ["" : {opset}]> g ({inputs}) => ({output}) {constants}'


def build(parse, node, opset, inputs, constants, shape=None):
    """Put ``node``, from a to b, between two others; ``shape`` is what is declared of b."""
    header = HEADER.format(
        ir=4 if opset < 10 else 8,
        opset=opset,
        inputs=inputs,
        output="float y" if shape is None else f"{inputs.split('[')[0]}{shape} y",
        constants=f"<{constants}>" if constants else "",
    )
    model = parse(f"{header} {{ a = Abs(x)  {node}  y = Neg(b) }}")
    if shape is not None:
        value = model.graph[1].outputs[0]
        value.shape = ir.Shape([int(d) if d.isdigit() else d for d in shape[1:-1].split(",")])
    x, a = model.graph.inputs[0], model.graph[0].outputs[0]
    a.type, a.shape = x.type, x.shape
    return model


NO_OPS = {
    "Add -0.0": ("b = Add(a, z)", 18, "float[2,3] x", "float z = {-0.0}"),
    "Add integer": ("b = Add(z, a)", 18, "int64[2,3] x", "int64 z = {0}"),
    "Cast": ("b = Cast <to = 1> (a)", 18, "float[N,3] x", ""),
    "CastLike": ("b = CastLike (a, x)", 18, "float[N,3] x", ""),
    "Concat": ("b = Concat <axis = 0> (a)", 18, "float[2] x", ""),
    "Div": ("b = Div(a, o)", 18, "float[2,3] x", "float[3] o = {1, 1, 1}"),
    "Dropout 7": ("b = Dropout <ratio = 0.9> (a)", 10, "float[2,3] x", ""),
    "Dropout 12": ("b, mask = Dropout (a, r)", 18, "float[2,3] x", "float r = {0.9}"),
    "Dropout off": (
        "b = Dropout (a, r, t)",
        18,
        "float[2,3] x",
        "float r = {0.9}, bool t = {0}",
    ),
    "Expand": ("b = Expand (a, s)", 18, "float[N,3] x", "int64[2] s = {1, 3}"),
    "Flatten": ("b = Flatten (a)", 18, "float[N,M] x", ""),
    "Max": ("b = Max (a)", 18, "float[N] x", ""),
    "Mean": ("b = Mean (a)", 18, "float[N] x", ""),
    "Min": ("b = Min (a)", 18, "float[N] x", ""),
    "Mul": ("b = Mul (o, a)", 18, "float[N,3] x", "float[1] o = {1}"),
    "Pad 10": ("b = Pad <pads = [0, 0, 0, 0]> (a)", 10, "float[N,3] x", ""),
    "Pad 18": ("b = Pad (a, p)", 18, "float[N,3] x", "int64[4] p = {0, 0, 0, 0}"),
    "Pow": ("b = Pow (a, o)", 18, "float[N,3] x", "float o = {1}"),
    "Reshape copy": ("b = Reshape (a, s)", 18, "float[N,3,M] x", "int64[3] s = {0, 3, -1}"),
    "Reshape static": ("b = Reshape (a, s)", 18, "float[2,3] x", "int64[2] s = {2, -1}"),
    "Slice 9": (
        "b = Slice <starts = [0, 0], ends = [2147483647, 3]> (a)",
        9,
        "float[N,3] x",
        "",
    ),
    "Slice 18": (
        "b = Slice (a, b0, e, ax, st)",
        18,
        "float[N,3] x",
        "int64[1] b0 = {0}, int64[1] e = {3}, int64[1] ax = {-1}, int64[1] st = {1}",
    ),
    "Sub": ("b = Sub (a, z)", 18, "float[N,3] x", "float z = {0}"),
    "Sum": ("b = Sum (a)", 18, "float[N] x", ""),
    "Tile": ("b = Tile (a, r)", 18, "float[N,3] x", "int64[2] r = {1, 1}"),
    "Transpose": ("b = Transpose <perm = [0, 1]> (a)", 18, "float[N,3] x", ""),
}


@pytest.mark.parametrize("case", NO_OPS.values(), ids=NO_OPS)
def test_goes_and_no_bit_changes(parse, run_pass, ops, case):
    node, opset, inputs, constants = case
    model = build(parse, node, opset, inputs, constants)
    model.graph.outputs[0].type = model.graph.inputs[0].type
    model.graph.outputs[0].shape = ir.Shape([None] * len(model.graph.inputs[0].shape))
    before = evaluate(model)
    run_pass(EliminateNoOps(), model)
    assert ops(model.graph) == ["Abs", "Neg"]
    assert evaluate(model) == before


def evaluate(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        ir.to_proto(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (info,) = session.get_inputs()
    shape = [d if isinstance(d, int) else 2 for d in info.shape]
    dtype = np.int64 if "int64" in info.type else np.float32
    array = np.resize(np.array([0.0, -0.0, 1.5, -3.0, 7.0], dtype), shape)
    (result,) = session.run(None, {"x": array})
    return result.shape, result.tobytes()


KEPT = {
    "Add 0.0 changes -0.0": ("b = Add(a, z)", 18, "float[2,3] x", "float z = {0.0}"),
    "Sub -0.0 changes -0.0": ("b = Sub(a, z)", 18, "float[2,3] x", "float z = {-0.0}"),
    "Sub from zero": ("b = Sub(z, a)", 18, "float[2,3] x", "float z = {0.0}"),
    "Div of one": ("b = Div(o, a)", 18, "float[2,3] x", "float o = {1}"),
    "Mul enlarges": ("b = Mul(a, o)", 18, "float[1,3] x", "float[2,1] o = {1, 1}"),
    "Mul may enlarge": ("b = Mul(a, o)", 18, "float[N,3] x", "float[2,1] o = {1, 1}"),
    "Mul adds a dimension": ("b = Mul(a, o)", 18, "float[3] x", "float[1,1] o = {1}"),
    "Mul by nearly one": ("b = Mul(a, o)", 18, "float[2] x", "float[2] o = {1, 2}"),
    "Cast to another": ("b = Cast <to = 10> (a)", 18, "float[N,3] x", ""),
    "Transpose": ("b = Transpose (a)", 18, "float[N,3] x", ""),
    "Transpose perm": ("b = Transpose <perm = [1, 0]> (a)", 18, "float[N,3] x", ""),
    "Reshape": ("b = Reshape (a, s)", 18, "float[2,3] x", "int64[2] s = {3, 2}"),
    "Reshape two open": ("b = Reshape (a, s)", 18, "float[N,M] x", "int64[2] s = {4, -1}"),
    "Reshape allowzero": (
        "b = Reshape <allowzero = 1> (a, s)",
        18,
        "float[N,3] x",
        "int64[2] s = {0, 4}",
    ),
    "Flatten 3-D": ("b = Flatten (a)", 18, "float[N,3,M] x", ""),
    "Flatten axis 0": ("b = Flatten <axis = 0> (a)", 18, "float[N,3] x", ""),
    "Expand": ("b = Expand (a, s)", 18, "float[1,3] x", "int64[2] s = {2, 3}"),
    "Expand rank": ("b = Expand (a, s)", 18, "float[3] x", "int64[2] s = {1, 3}"),
    "Slice reversed": (
        "b = Slice (a, b0, e, ax, st)",
        18,
        "float[2,3] x",
        "int64[1] b0 = {0}, int64[1] e = {3}, int64[1] ax = {1}, int64[1] st = {-1}",
    ),
    "Slice short": ("b = Slice <starts = [0], ends = [1]> (a)", 9, "float[2,3] x", ""),
    "Slice open": ("b = Slice <starts = [0], ends = [1]> (a)", 9, "float[N,3] x", ""),
    "Slice unknown": ("b = Slice (a, k, k)", 18, "int64[2] x, int64[1] k", ""),
    "Slice unknown steps": (
        "b = Slice (a, b0, e, ax, k)",
        18,
        "int64[2] x, int64[1] k",
        "int64[1] b0 = {0}, int64[1] e = {9}, int64[1] ax = {0}",
    ),
    "Pad": ("b = Pad (a, p)", 18, "float[N] x", "int64[2] p = {0, 1}"),
    "Dropout mask used": ("b, m = Dropout (a)  w = Not(m)", 18, "float[N] x", ""),
    "Dropout training": ("b = Dropout (a, , t)", 18, "float[N] x", "bool t = {1}"),
    "Dropout unknown": ("b = Dropout (a, , t)", 18, "float[N] x, bool t", ""),
    "Dropout 6": ("b = Dropout (a)", 6, "float[N] x", ""),
    "Concat of two": ("b = Concat <axis = 0> (a, a)", 18, "float[N] x", ""),
    "Tile": ("b = Tile (a, r)", 18, "float[N] x", "int64[1] r = {2}"),
    "old broadcast": ("b = Mul <broadcast = 1> (o, a)", 6, "float[1] x", "float[2] o = {1, 1}"),
    "overridable": ("b = Mul (a, o)", 18, "float[N] x, float o", "float o = {1}"),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_stays(parse, run_pass, case):
    node, opset, inputs, constants = case
    model = build(parse, node, opset, inputs, constants)
    assert not run_pass(EliminateNoOps(), model).edit.edits


@pytest.mark.parametrize(
    ("body", "goes"),
    [
        pytest.param("s = Shape(x)  b = Reshape(a, s)", True, id="own shape"),
        pytest.param("s = Shape(x)  b = Expand(a, s)", True, id="expand to own shape"),
        pytest.param("s = Shape(z)  b = Reshape(a, s)", False, id="another shape"),
        pytest.param("b = Squeeze(a)", False, id="squeeze of open sizes"),
        pytest.param("b = Squeeze(c)", True, id="squeeze of nothing"),
        pytest.param("n = Shape <end = 1> (x)  b = Slice(a, o, n, o)", True, id="slice to the end"),
        pytest.param("n = Shape <end = 1> (z)  b = Slice(a, o, n, o)", False, id="slice elsewhere"),
        pytest.param(
            "n = Shape <end = 1> (x)  s = Concat <axis = 0> (n, m)  b = Reshape(a, s)",
            True,
            id="size and rest",
        ),
        pytest.param(
            "n = Shape <end = 1> (x)  s = Concat <axis = 0> (n, n)  b = Reshape(a, s)",
            False,
            id="size twice",
        ),
        pytest.param("b = Transpose <perm = [1, 0]> (d)", True, id="sizes of one change places"),
        pytest.param("b = Transpose <perm = [1, 0]> (a)", False, id="others do not"),
    ],
)
def test_open_sizes_are_compared(parse, run_pass, body, goes):
    model = parse(
        "g (float[N,M] x, float[K,L] z, float[1,1] e) => (float[P,Q] y) "
        "<int64[1] o = {0}, int64[1] m = {-1}, float[2,3] c = {1, 2, 3, 4, 5, 6}> "
        f"{{ a = Abs(x)  d = Abs(e)  {body}  y = Neg(b) }}"
    )
    assert bool(run_pass(EliminateNoOps(), model).edit.edits) == goes


def test_declarations_inside_the_graph_are_not_believed(parse, run_pass):
    model = build(parse, "b = Reshape(a, s)", 18, "float[N,4] x", "int64[2] s = {1, -1}", "[1,4]")
    model.graph[0].outputs[0].shape = ir.Shape([1, 4])
    assert not run_pass(EliminateNoOps(), model).edit.edits


@pytest.mark.parametrize(
    ("op_type", "constant"), [pytest.param("And", "1", id="And"), pytest.param("Or", "0", id="Or")]
)
def test_logic(parse, run_pass, ops, op_type, constant):
    model = parse(
        f"g (bool[N] x) => (bool[N] y) <bool k = {{{constant}}}> "
        f"{{ a = Not(x)  b = {op_type}(a, k)  y = Not(b) }}"
    )
    for node in model.graph:
        node.outputs[0].shape = model.graph.inputs[0].shape
    run_pass(EliminateNoOps(), model)
    assert ops(model.graph) == ["Not", "Not"]


def test_old_dropout_and_cast(parse, run_pass, ops):
    model = parse(
        '<ir_version: 3, opset_import: ["" : 5]> g (float[N] x) => (float[N] y) '
        '{ a = Dropout <is_test = 1> (x)  b = Cast <to = "FLOAT"> (a)  y = Neg(b) }'
    )
    model.graph[0].outputs[0].type = model.graph.inputs[0].type
    run_pass(EliminateNoOps(), model)
    assert ops(model.graph) == ["Neg"]


def test_constant_nodes_count_and_attribute_references_do_not(parse, run_pass, ops):
    model = parse(
        """
        <ir_version: 9, opset_import: ["" : 18, "own" : 1]>
        g (float[4] x) => (float[4] y) { y = own.f <to = 1, k = 1.0> (x) }
        <domain: "own", opset_import: ["" : 18]>
        f <to, k> (x) => (y) {
            one = Constant <value_float = 1.0> ()
            given = Constant <value_float : float = @k> ()
            a = Mul(x, one)  b = Mul(a, given)  y = Cast <to : int = @to> (b)
        }
        """
    )
    run_pass(EliminateNoOps(), model)
    (function,) = model.functions.values()
    assert ops(function) == ["Constant", "Constant", "Mul", "Cast"]


def test_output_that_would_be_an_input_stays(parse, run_pass):
    model = parse("g (float[N] x) => (float[N] y) { y = Dropout(x) }")
    ctx = run_pass(EliminateNoOps(), model)
    assert [remark.code for remark in ctx.remarks] == ["output-needs-name"]


def test_declares_the_operators_that_it_has_rules_for():
    assert {name for _, name in EliminateNoOps.touches.op_types} == set(RULES)
