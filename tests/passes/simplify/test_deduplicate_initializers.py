from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from passmgr.passes.simplify.deduplicate_initializers import DeduplicateInitializers

NAN = np.array([np.nan, 0.0], np.float32)
BIG = np.arange(4096, dtype=np.float32)
MIDDLE = np.where(np.arange(4096) == 2048, np.float32(-1), BIG).astype(np.float32)
INT4 = ir.tensor(np.array([1, -2, 3], np.int8), ir.DataType.INT4)


def model_with(tensors, *, ir_version=9, inputs=(), outputs=()):
    """A model that adds up its initializers w0, w1, ..."""
    values = []
    for index, tensor in enumerate(tensors):
        tensor = ir.tensor(tensor)
        values.append(
            ir.Value(
                name=f"w{index}",
                type=ir.TensorType(tensor.dtype),
                shape=ir.Shape(tuple(tensor.shape)),
                const_value=tensor,
            )
        )
    node = ir.node("Sum", values)
    node.outputs[0].name = "y"
    graph = ir.Graph(
        [values[i] for i in inputs],
        [*node.outputs, *(values[i] for i in outputs)],
        nodes=[node],
        initializers=values,
        opset_imports={"": 18},
        name="g",
    )
    return ir.Model(graph, ir_version=ir_version)


def read(model):
    return [value.name for value in model.graph[0].inputs]


@pytest.mark.parametrize(
    ("tensors", "kept"),
    [
        pytest.param([BIG, BIG.copy(), MIDDLE], ["w0", "w0", "w2"], id="bytes"),
        pytest.param([NAN, NAN.copy()], ["w0", "w0"], id="nan is equal to itself"),
        pytest.param([np.float32(0.0), np.float32(-0.0)], ["w0", "w1"], id="signs of zeros"),
        pytest.param([BIG, BIG.reshape(64, 64)], ["w0", "w1"], id="another shape"),
        pytest.param([np.zeros(2, np.int32), np.zeros(2, np.float32)], ["w0", "w1"], id="type"),
        pytest.param([["a", "b"]] * 2, ["w0", "w0"], id="strings"),
        pytest.param([["a", "b"], ["a", "c"]], ["w0", "w1"], id="other ones"),
        pytest.param([np.zeros(0, np.int64), np.zeros(0, np.int64)], ["w0", "w0"], id="empty"),
        pytest.param([INT4, INT4], ["w0", "w0"], id="int4"),
        pytest.param([BIG.T, BIG.copy(), BIG[::1]], ["w0", "w0", "w0"], id="views"),
    ],
)
def test_merges_what_has_the_same_bytes(run_pass, tensors, kept):
    model = model_with(tensors)
    before = ir.to_proto(model)
    ctx = run_pass(DeduplicateInitializers(), model)
    assert read(model) == kept
    assert list(model.graph.initializers) == list(dict.fromkeys(kept))
    ctx.edit.rollback()
    assert ir.to_proto(model) == before


def test_overridable_initializers_stay(run_pass):
    model = model_with([BIG, BIG, BIG], inputs=[0, 2])
    assert not run_pass(DeduplicateInitializers(), model).edit.edits


def test_before_ir_4_the_input_goes_too(run_pass):
    model = model_with([BIG, BIG], ir_version=3, inputs=[0, 1])
    run_pass(DeduplicateInitializers(), model)
    assert [value.name for value in model.graph.inputs] == ["w0"]
    assert read(model) == ["w0", "w0"]


def test_outputs_stay(run_pass):
    model = model_with([BIG, BIG, BIG], outputs=[1])
    run_pass(DeduplicateInitializers(), model)
    assert read(model) == ["w0", "w1", "w0"]
    assert list(model.graph.initializers) == ["w0", "w1"]


def test_subgraphs_share_with_the_graphs_around_them_only(parse, run_pass):
    model = parse(
        """
        g (bool c, float[2] x) => (float[2] y) <float[2] o = {1, 2}> {
            a = Add(x, o)
            y = If (c) <
                then_branch = t () => (float[2] p) <float[2] u = {1, 2}, float[2] v = {5, 6}>
                    { e = Add(a, u)  p = Mul(e, v) },
                else_branch = e () => (float[2] q) <float[2] w = {5, 6}> { q = Mul(a, w) }>
        }
        """
    )
    run_pass(DeduplicateInitializers(), model)
    then, other = (attribute.value for attribute in model.graph[1].attributes.values())
    assert then[0].inputs[1] is model.graph.initializers["o"]
    assert list(then.initializers) == ["v"]
    assert list(other.initializers) == ["w"]


class Unread(ir.ExternalTensor):
    """A tensor whose contents nobody may look at."""

    def numpy(self):
        raise AssertionError("read")

    tobytes = numpy


def test_reads_nothing_where_the_place_or_the_shape_decides(run_pass):
    def external(offset, *shape):
        length = 4 * int(np.prod(shape))
        return Unread("w.bin", offset, length, ir.DataType.FLOAT, shape=ir.Shape(shape), name="")

    model = model_with([external(0, 8), external(0, 8), external(32, 16)])
    run_pass(DeduplicateInitializers(), model, serialize=False)
    assert read(model) == ["w0", "w0", "w2"]
