"""Multiply-accumulates of each operator, by the shapes of its inputs and outputs.

The convention is that of fvcore (facebookresearch/fvcore, fvcore/nn/jit_handles.py, where one
multiply-add is one "flop"): a convolution counts every tap of its kernel at every output position,
also those that fall on padding; biases, activations, normalizations and pooling count nothing.
Beyond fvcore: the gates of recurrent layers count their matrix products as a Linear does, and
Attention counts q·k and p·v for all pairs of positions, also where a mask hides one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir

from .einsum_macs import einsum_macs
from .expressions import Number, add, exact_quotient, multiply, product
from .symbolic_access import input_at, int_of

if TYPE_CHECKING:
    from .sizes import Sizes
    from .symbolic_shapes import Dims

MacRule = Callable[["Sizes", ir.Node], Number | None]
"""Returns the MACs of a node, ``None`` where its shapes do not tell."""


def dims_at(sizes: Sizes, node: ir.Node, index: int) -> Dims | None:
    """Return the dimensions of an input."""
    value = input_at(node, index)
    return None if value is None else sizes.dims.get(value)


def _conv(weight: int) -> MacRule:
    def macs(sizes: Sizes, node: ir.Node) -> Number | None:
        """N x out x M x (C / group) x kernel: the weight is [M, C / group, *kernel]."""
        result, taps = sizes.dims.get(node.outputs[0]), dims_at(sizes, node, weight)
        if result is None or taps is None:
            return None
        return product((result[0], *result[2:], *taps))

    return macs


def _conv_transpose(sizes: Sizes, node: ir.Node) -> Number | None:
    """N x C x in x (M / group) x kernel: the weight is [C, M / group, *kernel]."""
    given, taps = dims_at(sizes, node, 0), dims_at(sizes, node, 1)
    return None if given is None or taps is None else product((*given, *taps[1:]))


def _matmul(right: int) -> MacRule:
    def macs(sizes: Sizes, node: ir.Node) -> Number | None:
        """Size of the result x length of the sums."""
        result, a, b = (
            sizes.dims.get(node.outputs[0]),
            dims_at(sizes, node, 0),
            dims_at(sizes, node, right),
        )
        if result is None or not a or not b:
            return None
        length = b[-2] if len(b) > 1 else b[0]
        return multiply(product(result), length if isinstance(length, int) else a[-1])

    return macs


def _gemm(sizes: Sizes, node: ir.Node) -> Number | None:
    a, b = dims_at(sizes, node, 0), dims_at(sizes, node, 1)
    if a is None or b is None or len(b) != 2:
        return None
    return multiply(product(a), b[1 - int_of(node, "transB", 0)])


def _einsum(sizes: Sizes, node: ir.Node) -> Number | None:
    shapes = [dims_at(sizes, node, index) for index in range(len(node.inputs))]
    known = [dims for dims in shapes if dims is not None]
    if len(known) < len(shapes):
        return None
    return einsum_macs(node.attributes["equation"].as_string(), known)


def _recurrent(sizes: Sizes, node: ir.Node) -> Number | None:
    """Steps x batch x (W + R): W is [directions, gates x hidden, input], R the same of hidden."""
    given, inner, outer = (dims_at(sizes, node, index) for index in range(3))
    if given is None or inner is None or outer is None:
        return None
    return product((*given[:2], add(product(inner), product(outer))))


def _attention(sizes: Sizes, node: ir.Node) -> Number | None:
    """B x heads of q x Lq x Lk x (d of q + d of v); keys of the past are read too.

    Inputs are [B, heads, L, d], or [B, L, heads x d] with the heads as attributes. Where k and v
    have fewer heads, groups of heads of q share them.
    """
    q, k, v = (_heads(sizes, node, index) for index in range(3))
    if q is None or k is None or v is None:
        return None
    batch, heads, length, depth = q
    keys = k[2]
    if input_at(node, 4) is not None:
        past = dims_at(sizes, node, 4)
        if past is None:
            return None
        keys = add(keys, past[2])
    return product((batch, heads, length, keys, add(depth, v[3])))


def _heads(sizes: Sizes, node: ir.Node, index: int) -> Dims | None:
    dims = dims_at(sizes, node, index)
    if dims is None or len(dims) == 4:
        return dims
    heads = int_of(node, "kv_num_heads" if index else "q_num_heads", 0)
    depth = exact_quotient(dims[2], heads)
    return None if depth is None else (dims[0], heads, dims[1], depth)


def _linear_model(sizes: Sizes, node: ir.Node) -> Number | None:
    """Rows x coefficients."""
    given = dims_at(sizes, node, 0)
    coefficients = node.attributes["coefficients"].as_floats()
    if not given:
        return None
    return multiply(given[0] if len(given) > 1 else 1, len(coefficients))


_STANDARD: dict[str, MacRule] = {
    "Attention": _attention,
    "Conv": _conv(1),
    "ConvInteger": _conv(1),
    "ConvTranspose": _conv_transpose,
    "DeformConv": _conv(1),
    "Einsum": _einsum,
    "GRU": _recurrent,
    "Gemm": _gemm,
    "LSTM": _recurrent,
    "MatMul": _matmul(1),
    "MatMulInteger": _matmul(1),
    "QLinearConv": _conv(3),
    "QLinearMatMul": _matmul(3),
    "RNN": _recurrent,
}
_CLASSICAL: dict[str, MacRule | None] = {
    "LinearClassifier": _linear_model,
    "LinearRegressor": _linear_model,
    "SVMClassifier": None,
    "SVMRegressor": None,
}
_ELEMENTWISE_DOMAINS = ("ai.onnx.ml", "ai.onnx.preview.training")


def node_macs(sizes: Sizes, node: ir.Node) -> tuple[Number | None, str]:
    """Return the MACs of ``node`` without what is in its subgraphs, or why they are unknown."""
    domain, op_type = node.domain, node.op_type
    if not domain:
        rule = _STANDARD.get(op_type)
        if rule is None:
            return (0, "") if onnx.defs.has(op_type) else (None, "no such operator")
    elif domain in _ELEMENTWISE_DOMAINS:
        if op_type not in _CLASSICAL:
            return 0, ""
        rule = _CLASSICAL[op_type]
    else:
        rule = None
    if rule is None:
        return None, "what the operator computes is not known"
    macs = rule(sizes, node)
    return (macs, "") if macs is not None else (None, "shapes are not known")
