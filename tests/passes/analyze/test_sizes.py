"""Sizes of values at open dimensions, against what the runtime computes."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

from passmgr.core.manager.analyses import AnalysisCache
from passmgr.passes.analyze.evaluate import Evaluator
from passmgr.passes.analyze.sizes import ValueSizes

HEADER = (
    '<ir_version: 9, opset_import: ["" : 18]> '
    "g (float[N,2,H,W] x, float[N,H] z) => (float[] y) "
    "<float w = {1.5}, int64 one = {1}, int64[1] v0 = {0}, int64[1] v1 = {1}, int64[1] v2 = {2}, "
    "int64[1] v6 = {6}, int64[1] all = {1000000000}, float[1,30] table = {"
    + ", ".join(["0.0"] * 30)
    + "}, float[3,2,3,2] k = {"
    + ", ".join(["0.0"] * 36)
    + "}, float[2,3,3,2] kt = {"
    + ", ".join(["0.0"] * 36)
    + "}, float[2] p = {1.0, 1.0}, uint8 zero = {0}, float[4] scales = {1.0, 1.0, 2.0, 0.5}, "
    "float[4] odd = {1.0, 1.0, 1.5, 3.0}, int64[4] sizes = {1, 2, 7, 9}, "
    "int64[8] pads = {0, 0, 1, 0, 0, 0, 2, 3}> "
)

BODIES = {
    "conv": "a = Conv <strides = [2, 3], dilations = [2, 1], pads = [1, 0, 0, 2]> (x, k)",
    "conv of the same size": 'a = Conv <auto_pad = "SAME_LOWER", strides = [2, 3]> (x, k)',
    "conv without padding": 'a = Conv <auto_pad = "VALID", strides = [2, 1]> (x, k)',
    "transposed conv": (
        "a = ConvTranspose <strides = [2, 3], dilations = [1, 2], output_padding = [1, 0], "
        "pads = [1, 0, 1, 0]> (x, kt)"
    ),
    "pools": (
        "a = MaxPool <kernel_shape = [2, 3], strides = [2, 2]> (x) "
        "b = AveragePool <kernel_shape = [3, 2], pads = [1, 0, 1, 1]> (a) "
        "c = GlobalAveragePool(b)"
    ),
    "many strides": (
        "a = MaxPool <kernel_shape = [1, 1], strides = [2, 2]> (x) "
        "b = MaxPool <kernel_shape = [1, 1], strides = [2, 3]> (a) "
        "c = MaxPool <kernel_shape = [1, 1], strides = [3, 2]> (b)"
    ),
    "normalizations": "a = BatchNormalization(x, p, p, p, p)  b = InstanceNormalization(a, p, p)",
    "quantization": "a = QuantizeLinear(x, w, zero)  b = DequantizeLinear(a, w, zero)",
    "resizing by scales": 'e = Identity(w)  a = Resize <mode = "nearest"> (x, , scales)',
    "resizing by odd scales": 'a = Resize <mode = "nearest"> (x, , odd)',
    "resizing by sizes": 'c = Slice(x, v0, v1, v0)  a = Resize <mode = "nearest"> (c, , , sizes)',
    "padding": "a = Pad(x, pads)",
    "products": (
        "t = Transpose <perm = [0, 1, 3, 2]> (x)  a = MatMul(x, t)  b = MatMul(z, t) "
        "s = Transpose(z)  c = Gemm(s, z)  d = Gemm <transA = 1> (z, z) "
        "e = Gemm <transB = 1> (z, z)"
    ),
    "part of a table": (
        "s = Shape(z)  h = Slice(s, v1, v2, v0)  a = Slice(table, v0, h, v1)  b = Add(z, a) "
        "c = Add(a, z)  d = Mul(b, z)"
    ),
    "at most six": "a = Slice(z, v0, v6, v1)  b = Add(a, a)",
    "all of it": "a = Slice(x, v0, all, v2)  b = Add(a, x)",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_agrees_with_what_the_runtime_computes(body):
    text = f"{HEADER} {{ {body}  y = Identity(w) }}"
    proto = onnx.parser.parse_model(text)
    made = [name for node in proto.graph.node for name in node.output if name != "y"]
    for name in made:
        proto.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    undecided = set()
    for sizes in ({"N": 2, "H": 9, "W": 8}, {"N": 3, "H": 5, "W": 13}):
        if "MatMul(z" in body:  # z has rows of the length of columns of x
            sizes["W"] = sizes["H"]
        n, h, w = sizes["N"], sizes["H"], sizes["W"]
        feeds = {"x": np.zeros((n, 2, h, w), np.float32), "z": np.zeros((n, h), np.float32)}
        arrays = session.run(made, feeds)
        for bound in (False, True):
            model = ir.from_onnx_text(text)
            given = tuple(f"{name}={size}" for name, size in sizes.items()) if bound else ()
            found = AnalysisCache(model).get(ValueSizes(dims=given))
            values = {v.name: v for node in model.graph for v in node.outputs}
            for name, array in zip(made, arrays, strict=True):
                value = values[name]
                evaluator = Evaluator(found.symbols, sizes)
                dims = [evaluator.value(dim) for dim in found.dims[value]]
                assert len(dims) == array.ndim, name
                if None in dims:
                    undecided.add((name, bound))
                for dim, size in zip(dims, array.shape, strict=True):
                    assert dim in (size, None), name
                assert found.dtypes[value].numpy() == array.dtype, name
    # Half as large again is no polynomial and no quotient, but known at a size.
    assert undecided == ({("a", False)} if "odd" in body else set())


@pytest.mark.parametrize(
    ("case", "name", "dims"),
    [
        ("part of a table", "a", ["1", "min(30, H)"]),
        ("part of a table", "b", ["N", "H"]),
        ("part of a table", "c", ["N", "H"]),
        ("all of it", "a", ["N", "2", "H", "W"]),
        ("pools", "a", ["N", "2", "1 + div(-2 + H, 2)", "1 + div(-3 + W, 2)"]),
    ],
)
def test_sizes_stay_as_plain_as_they_can(case, name, dims):
    """A table is read up to a length that broadcasts with that length only if it has as many."""
    model = ir.from_onnx_text(f"{HEADER} {{ {BODIES[case]}  y = Identity(w) }}")
    found = AnalysisCache(model).get(ValueSizes())
    value = next(v for node in model.graph for v in node.outputs if v.name == name)
    assert [str(dim) for dim in found.dims[value]] == dims


def test_declarations_are_taken_where_nothing_else_is_known():
    text = (
        '<ir_version: 9, opset_import: ["" : 18, "own" : 1]> g (float[N,4] x) => (y) '
        "<float[N,7] a, float[9,9] b> { a = own.Op(x)  b = Relu(x)  y = Relu(a) }"
    )
    model = ir.from_onnx_text(text)
    found = AnalysisCache(model).get(ValueSizes())
    a, b, y = (node.outputs[0] for node in model.graph)
    assert [str(dim) for dim in found.dims[a]] == [str(dim) for dim in found.dims[y]] == ["N", "7"]
    assert [str(dim) for dim in found.dims[b]] == ["N", "4"]
