from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

from passmgr.passes.analyze.symbolic_shapes import SymbolicShapes

HEADER = (
    '<ir_version: 9, opset_import: ["" : 18]> '
    "g (float[N,3,M] x, float[N,M] z, bool c, float[K,1,4] u) => (float[] y) "
    "<int64 zero = {0}, int64 one = {1}, int64[1] v0 = {0}, int64[1] v1 = {1}, "
    "int64[1] two = {2}, int64[1] minus = {-1}, int64[2] ones = {1, 1}, "
    "int64[1] far = {9223372036854775807}, int64[3] r = {2, 1, 3}, "
    "int64[1] least = {-9223372036854775808}, float w = {1.5}> "
)

BODIES = {
    "elementwise": "a = Relu(x)  b = Add(a, w)  d = Less(b, a)  e = Where(d, a, b)",
    "broadcast": "a = Add(u, u)  b = Transpose <perm = [2, 0, 1]> (u)  d = Mul(u, w)",
    "shape of parts": "s = Shape(x)  n = Gather(s, zero)  m = Slice(s, v1, far, v0)  k = Size(x)",
    "copy by shape": (
        "s = Shape(x)  n = Gather(s, v0)  m = Gather(s, two)  t = Concat <axis = 0> (n, minus, m) "
        "a = Reshape(x, t)"
    ),
    "merge dimensions": (
        "s = Shape(x)  n = Gather(s, v0)  m = Gather(s, two)  p = Mul(n, m) "
        "t = Concat <axis = 0> (p, minus)  a = Reshape(x, t)  b = Transpose <perm = [1, 0]> (a)"
    ),
    "division": (
        "s = Shape(x)  m = Gather(s, two)  h = Div(m, two)  a = Slice(x, v0, h, two) "
        "q = Mod(m, two)  b = Slice(x, h, far, two)"
    ),
    "negative slices": (
        "a = Slice(x, minus, far, two)  b = Slice(x, v0, minus, v1) "
        "f = Slice(x, far, minus, v1, minus)"
    ),
    "reversed shape": "s = Shape(x)  q = Slice(s, minus, least, v0, minus)",
    "expand": (
        "s = Shape(x)  m = Slice(s, two, far, v0)  t = Concat <axis = 0> (v1, m) "
        "f = Reshape(w, v1)  a = Expand(f, t)  e = ConstantOfShape(t)"
    ),
    "mask for expand": (
        "s = Shape(z)  f = ConstantOfShape <value = int64[1] {-1}> (two)  e = Equal(s, f) "
        "t = Where(e, ones, s)  a = Expand(w, t)"
    ),
    "range": "s = Shape(z)  m = Gather(s, one)  a = Range(zero, m, one)  b = Cast <to = 1> (a)",
    "unsqueeze and squeeze": (
        "a = Unsqueeze(x, v1)  b = Squeeze(a, v1)  d = Flatten <axis = 2> (a)  e = Squeeze(u, v1)"
    ),
    "tile and concat": "a = Tile(x, r)  d = Concat <axis = -1> (x, x)",
    "casts": (
        "s = Shape(x)  a = Cast <to = 6> (s)  b = Cast <to = 6> (far)  e = Mul(far, two) "
        "f = Cast <to = 9> (two)"
    ),
    "by schema": (
        "t = Transpose <perm = [0, 2, 1]> (x)  a = MatMul(x, t)  b = Softmax(a) "
        "d = ReduceSum <keepdims = 0> (a, v1)"
    ),
    "branches": (
        "a = If (c) <then_branch = t () => (float[] p) { p = Relu(x) }, "
        "else_branch = e () => (float[] q) { q = Neg(x) }>"
    ),
    "known branch": (
        "s = Shape(x)  n = Gather(s, one)  k = Cast <to = 9> (n)  l = Not(k)  a = If (l) "
        "<then_branch = t () => (float[] p) { p = Flatten(x) }, "
        "else_branch = e () => (float[] q) { q = Neg(x) }>"
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_agrees_with_what_the_runtime_computes(body):
    proto = onnx.parser.parse_model(f"{HEADER} {{ {body}  y = Identity(w) }}")
    made = [name for node in proto.graph.node for name in node.output if name != "y"]
    for name in made:
        proto.graph.output.append(onnx.ValueInfoProto(name=name))
    model = ir.from_proto(onnx.parser.parse_model(f"{HEADER} {{ {body}  y = Identity(w) }}"))
    facts = SymbolicShapes().compute(model, None)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    for sizes in ({"N": 2, "M": 4, "K": 3}, {"N": 5, "M": 6, "K": 1}):
        n, m, k = sizes["N"], sizes["M"], sizes["K"]
        feeds = {"x": np.zeros((n, 3, m)), "z": np.zeros((n, m)), "u": np.zeros((k, 1, 4))}
        feeds = {name: array.astype(np.float32) for name, array in feeds.items()}
        arrays = session.run(made, feeds | {"c": np.array(True)})
        for name, array in zip(made, arrays, strict=True):
            value = next(v for node in model.graph for v in node.outputs if v.name == name)
            known = facts.dims.get(value)
            assert known is not None, f"nothing is known of {name}"
            bound = dict(sizes)
            assert len(known) == array.ndim
            for dim, size in zip(known, array.shape, strict=True):
                assert evaluate(dim, bound) in (size, None)
            numbers = facts.numbers.get(value)
            if numbers is not None:
                elements = numbers if isinstance(numbers, tuple) else (numbers,)
                for number, element in zip(elements, array.reshape(-1), strict=True):
                    assert evaluate(number, bound) in (element, None)
            if value.dtype is None and array.dtype != bool:
                assert facts.dtypes[value].numpy() == array.dtype


def evaluate(number, sizes):
    """The number in one run; ``None`` if it has symbols that are not of the signature."""
    if isinstance(number, int):
        return number
    total = 0
    for monomial, coefficient in number.terms:
        for name in monomial:
            if name not in sizes:
                return None
            coefficient *= sizes[name]
        total += coefficient
    return total


def find(text, name):
    model = ir.from_onnx_text(text)
    facts = SymbolicShapes().compute(model, None)
    values = {v.name: v for node in model.graph for v in node.outputs}
    return facts, values[name]


def test_declarations_are_believed_only_of_unknown_operators():
    text = (
        '<ir_version: 9, opset_import: ["" : 18, "own" : 1]> g (float[N,4] x) => (float[] y) '
        "<float[1,4] a, float[1,4] b> { a = Relu(x)  b = own.op(x)  y = Add(a, b) }"
    )
    facts, a = find(text, "a")
    assert str(facts.dims[a][0]) == "N"
    facts, b = find(text, "b")
    assert facts.dims[b] == (1, 4)


def test_iterations_of_a_loop_are_not_confused():
    facts, y = find(
        '<ir_version: 9, opset_import: ["" : 18]> g (int64 n, bool c, float[2] x) => (float[] y) {'
        "y = Loop (n, c, x) <body = b (int64 i, bool k, float[2] v) => (bool l, float[] w) "
        "{ l = Identity(k)  w = Concat <axis = 0> (v, v) }> }",
        "y",
    )
    assert y not in facts.dims


def test_malformed_attributes_are_left_to_the_schema():
    model = ir.from_onnx_text(
        '<ir_version: 9, opset_import: ["" : 11]> g (float[2,1] x) => (float[] y) '
        "{ y = Squeeze <axes = 1> (x) }"
    )
    facts = SymbolicShapes().compute(model, None)
    assert model.graph[0].outputs[0] not in facts.dims
