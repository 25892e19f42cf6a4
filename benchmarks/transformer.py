"""A transformer encoder with the shapes of BERT, made from random weights, as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(0)

    def weight(self, name: str, *shape: int) -> str:
        data = self.random.standard_normal(shape, np.float32) * np.float32(0.02)
        self.tensors.append(
            TensorProto(name=name, data_type=1, dims=shape, raw_data=data.tobytes())
        )
        return name

    def constant(self, name: str, array: np.ndarray) -> str:
        self.nodes.append(
            helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(array))
        )
        return name

    def op(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"/{name}", **attributes))
        return name

    def linear(self, name: str, x: str, size_in: int, size_out: int) -> str:
        y = self.op("MatMul", f"{name}.matmul", x, self.weight(f"{name}.weight", size_in, size_out))
        return self.op("Add", f"{name}.add", self.weight(f"{name}.bias", size_out), y)

    def norm(self, name: str, x: str, size: int) -> str:
        scale, bias = self.weight(f"{name}.weight", size), self.weight(f"{name}.bias", size)
        return self.op("LayerNormalization", name, x, scale, bias, axis=-1, epsilon=1e-12)

    def heads(self, name: str, x: str, heads: int, size: int, perm: list[int]) -> str:
        shape = self.constant(f"{name}.shape", np.int64([0, 0, heads, size // heads]))
        split = self.op("Reshape", f"{name}.reshape", x, shape)
        return self.op("Transpose", f"{name}.transpose", split, perm=perm)


def make_transformer(
    path: Path, *, layers: int, size: int, vocabulary: int, external: bool, heads: int = 12
) -> None:
    """Write an encoder of ``layers`` layers to ``path``.

    Args:
        path: The file.
        layers: 12 for BERT-base (438 MB with 768 and 30522).
        size: Hidden size; the feed-forward layers have four times as much.
        vocabulary: Rows of the embedding.
        external: Put the weights into a file beside it.
        heads: Attention heads.
    """
    b = _Builder()
    word = b.op("Gather", "word", b.weight("embedding.word", vocabulary, size), "input_ids")
    kind = b.op("Gather", "type", b.weight("embedding.type", 2, size), "token_type_ids")
    position = b.weight("embedding.position", 512, size)
    length = b.op("Shape", "length", "input_ids", start=1, end=2)
    start = b.constant("start", np.int64([0]))
    places = b.op("Slice", "places", position, start, length, start)
    x = b.op("Add", "sum1", b.op("Add", "sum0", word, kind), places)
    x = b.norm("embedding.norm", x, size)
    axes = b.constant("mask.axes", np.int64([1, 2]))
    mask = b.op("Unsqueeze", "mask.wide", "attention_mask", axes)
    mask = b.op("Cast", "mask.float", mask, to=TensorProto.FLOAT)
    mask = b.op("Sub", "mask.inverse", b.constant("one", np.float32(1)), mask)
    mask = b.op("Mul", "mask", mask, b.constant("low", np.float32(np.finfo(np.float32).min)))
    for index in range(layers):
        x = _layer(b, f"layer.{index}", x, mask, size, heads)
    first = b.op("Gather", "first", x, b.constant("zero", np.int64(0)), axis=1)
    weight, bias = b.weight("pooler.weight", size, size), b.weight("pooler.bias", size)
    pooled = b.op("Gemm", "pooler.gemm", first, weight, bias, transB=1)
    b.op("Tanh", "pooled", pooled)
    b.op("Identity", "hidden", x)
    dims = ["batch", "sequence"]
    names = ("input_ids", "attention_mask", "token_type_ids")
    graph = helper.make_graph(
        b.nodes,
        "transformer",
        [helper.make_tensor_value_info(name, TensorProto.INT64, dims) for name in names],
        [
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [*dims, size]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["batch", size]),
        ],
        b.tensors,
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    location = f"{path.name}.data"
    onnx.save(model, path, save_as_external_data=external, location=location)


def _layer(b: _Builder, name: str, x: str, mask: str, size: int, heads: int) -> str:
    q = b.heads(f"{name}.q", b.linear(f"{name}.query", x, size, size), heads, size, [0, 2, 1, 3])
    k = b.heads(f"{name}.k", b.linear(f"{name}.key", x, size, size), heads, size, [0, 2, 3, 1])
    v = b.heads(f"{name}.v", b.linear(f"{name}.value", x, size, size), heads, size, [0, 2, 1, 3])
    scores = b.op("MatMul", f"{name}.scores", q, k)
    root = b.constant(f"{name}.root", np.float32(np.sqrt(size / heads)))
    scaled = b.op("Div", f"{name}.scaled", scores, root)
    masked = b.op("Add", f"{name}.masked", scaled, mask)
    context = b.op("MatMul", f"{name}.context", b.op("Softmax", f"{name}.softmax", masked), v)
    merged = b.op("Transpose", f"{name}.merged", context, perm=[0, 2, 1, 3])
    shape = b.constant(f"{name}.flat", np.int64([0, 0, size]))
    flat = b.op("Reshape", f"{name}.reshaped", merged, shape)
    attended = b.linear(f"{name}.output", flat, size, size)
    x = b.norm(f"{name}.norm1", b.op("Add", f"{name}.residual1", attended, x), size)
    inner = b.linear(f"{name}.inner", x, size, 4 * size)
    erf = b.op("Div", f"{name}.div", inner, b.constant(f"{name}.sqrt2", np.float32(np.sqrt(2))))
    erf = b.op("Erf", f"{name}.erf", erf)
    erf = b.op("Add", f"{name}.plus", erf, b.constant(f"{name}.one", np.float32(1)))
    half = b.op("Mul", f"{name}.times", inner, erf)
    gelu = b.op("Mul", f"{name}.gelu", half, b.constant(f"{name}.half", np.float32(0.5)))
    outer = b.linear(f"{name}.outer", gelu, 4 * size, size)
    return b.norm(f"{name}.norm2", b.op("Add", f"{name}.residual2", outer, x), size)
