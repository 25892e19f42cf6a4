"""Layers of networks: convolutions, poolings, normalizations of images, recurrence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .resizing import image
from .sizes import Dim, Dims, is_positive, is_product, least, plus, symbolic, times
from .table import operator
from .values import FLOATS, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder


def _windows(b: Builder, dim: Dim, kernel: int, stride: int, pads: int, up: bool = False) -> Dim:
    """How many windows there are along a dimension.

    Raises:
        UnfitError: For some sizes there is none.
    """
    if least(dim) + pads < kernel:
        raise UnfitError
    if isinstance(dim, int):
        rest = dim + pads - kernel
        return (-(-rest // stride) if up else rest // stride) + 1
    if stride == 1:
        return plus(dim, pads - kernel + 1)
    return symbolic(b.name("size"), (least(dim) + pads - kernel) // stride + 1, True)


def _sliding(b: Builder, x: Val, *, dilates: bool, rounds_up: bool = False) -> Any:
    """Draw kernel, strides, pads and dilations; return them and the dimensions of the result."""
    plane = x.dims[2:]
    kernel = [b.choice((1, 2, 3)) if least(d) > 2 else 1 for d in plane]
    attributes: dict[str, Any] = {"kernel_shape": kernel}
    strides, dilations = [1, 1], [1, 1]
    if b.one_in(3):
        strides = attributes["strides"] = [b.choice((2, 1)), b.choice((1, 2))]
    if dilates and b.one_in(4):
        dilations = attributes["dilations"] = [2, 1]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    auto = b.choice((None, None, None, "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"))
    pads = [0, 0, 0, 0]
    covers = all(s <= k for s, k in zip(strides, kernel, strict=True))
    if auto in ("SAME_UPPER", "SAME_LOWER") and covers and dilations == [1, 1]:
        attributes["auto_pad"] = auto
        dims = tuple(
            -(-d // s) if isinstance(d, int) else d if s == 1 else symbolic(b.name("size"), 1, True)
            for d, s in zip(plane, strides, strict=True)
        )
        return attributes, dims
    if auto in ("VALID", "NOTSET"):
        attributes["auto_pad"] = auto
    up = rounds_up and b.opset >= 10 and covers and b.one_in(4)
    if not up and auto != "VALID" and b.one_in(2):
        pads = attributes["pads"] = [b.choice((1, 0)) if spans[i % 2] > 1 else 0 for i in range(4)]
    if up:
        attributes["ceil_mode"] = 1
        if not all(isinstance(d, int) for d in plane):
            raise UnfitError
    dims = tuple(
        _windows(b, d, spans[i], strides[i], pads[i] + pads[i + 2], up) for i, d in enumerate(plane)
    )
    return attributes, dims


@operator("Conv")
def conv(b: Builder, op: str) -> Val:
    """One group, several, or one for each channel; with or without a bias."""
    x = b.within(image(b, op), -8.0, 8.0)
    channels = x.dims[1]
    assert isinstance(channels, int)
    attributes, plane = _sliding(b, x, dilates=True)
    groups = b.choice([g for g in (1, channels, 2) if channels % g == 0])
    maps = groups * b.choice((1, 2))
    kernel = attributes["kernel_shape"]
    each = channels // groups
    weight = b.constant(b.array((maps, each, *kernel), x.dtype, -1.0, 1.0))
    inputs = [x, weight]
    if not b.one_in(3):
        inputs.append(b.constant(b.array((maps,), x.dtype)))
    if groups > 1 or b.one_in(3):
        attributes["group"] = groups
    if b.one_in(4):
        del attributes["kernel_shape"]
    bound = x.bound * each * kernel[0] * kernel[1] + 2
    dims = (x.dims[0], maps, *plane)
    return b.node(op, inputs, x.dtype, dims, (-bound, bound), **attributes)


@operator("ConvTranspose")
def conv_transpose(b: Builder, op: str) -> Val:
    """With strides, pads or additional rows at the end."""
    x = b.within(image(b, op), -8.0, 8.0)
    channels = x.dims[1]
    assert isinstance(channels, int)
    if not all(map(is_product, x.dims[2:])):
        raise UnfitError
    kernel, stride = b.choice((2, 1, 3)), b.choice((1, 2))
    pad = 1 if kernel == 3 and b.one_in(2) else 0
    extra = 1 if stride == 2 and b.one_in(3) else 0
    groups = b.choice([g for g in (1, channels) if channels % g == 0])
    maps = b.choice((1, 2))
    weight = b.constant(b.array((channels, maps, kernel, kernel), x.dtype, -1.0, 1.0))
    inputs = [x, weight]
    if not b.one_in(3):
        inputs.append(b.constant(b.array((maps * groups,), x.dtype)))
    change = kernel - stride - 2 * pad + extra
    plane = tuple(plus(times(dim, stride), change) for dim in x.dims[2:])
    if min(map(least, plane)) < 1:
        raise UnfitError
    bound = x.bound * channels * kernel * kernel + 2
    return b.node(
        op,
        inputs,
        x.dtype,
        (x.dims[0], maps * groups, *plane),
        (-bound, bound),
        kernel_shape=[kernel, kernel],
        strides=[stride, stride] if stride > 1 or b.one_in(4) else None,
        pads=[pad] * 4 if pad else None,
        output_padding=[extra] * 2 if extra else None,
        group=groups if groups > 1 else None,
    )


@operator("MaxPool", "AveragePool", "LpPool")
def pool(b: Builder, op: str) -> list[Val]:
    """Of windows; MaxPool may say where it found them."""
    x = image(b, op)
    dilates = b.opset >= {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[op]
    attributes, plane = _sliding(b, x, dilates=dilates, rounds_up=op != "LpPool")
    bounds = (x.low, x.high)
    if op == "AveragePool":
        bounds = (min(x.low, 0.0), max(x.high, 0.0))
        attributes["count_include_pad"] = b.choice((None, 1))
    elif op == "LpPool":
        bounds = (0.0, x.bound * 9)
    result = Result(x.dtype, (*x.dims[:2], *plane), *bounds)
    return b.emit(op, [x], [result], attributes)


@operator("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(b: Builder, op: str) -> Val:
    """Of all rows and columns."""
    x = image(b, op)
    if op == "GlobalLpPool":
        x = b.within(x, -1.0, 1.0)
        return b.node(op, [x], x, (*x.dims[:2], 1, 1), (0.0, 5000.0))
    return b.node(op, [x], x, (*x.dims[:2], 1, 1))


def _per_channel(b: Builder, x: Val, low: float = -1.0, high: float = 1.0) -> Val:
    channels = x.dims[1]
    assert isinstance(channels, int)
    return b.constant(b.array((channels,), x.dtype, low, high))


@operator("BatchNormalization")
def batch_normalization(b: Builder, op: str) -> Val:
    """Of an image or of rows, with statistics that are constants."""
    x = image(b, op) if b.one_in(2) else None
    if x is None:
        x = b.pick(
            b.dtypes(op, FLOATS),
            lambda val: isinstance(val.dims[1], int) and is_positive(val.dims),
            ranks=(2, 4),
        )
    scale = _per_channel(b, x, 0.5, 1.5)
    inputs = [x, scale, _per_channel(b, x), _per_channel(b, x), _per_channel(b, x, 0.5, 2.0)]
    attributes: dict[str, Any] = {"epsilon": b.choice((None, 0.001))}
    if b.opset < 9:
        attributes["spatial"] = b.choice((None, 1))
    bound = (x.bound + 1) * 2.2 + 1
    return b.node(op, inputs, x, bounds=(-bound, bound), **attributes)


@operator("InstanceNormalization", "GroupNormalization")
def instance_normalization(b: Builder, op: str) -> Val:
    """Of every channel, or group of channels, by its own mean and variance."""
    x = image(b, op)
    inputs = [x, _per_channel(b, x, 0.5, 1.5), _per_channel(b, x)]
    groups = None
    if op == "GroupNormalization":
        channels = x.dims[1]
        assert isinstance(channels, int)
        groups = b.choice([g for g in (1, channels, 2) if channels % g == 0])
    return b.node(op, inputs, x, bounds=(-200.0, 200.0), epsilon=0.01, num_groups=groups)


@operator("MeanVarianceNormalization")
def mean_variance_normalization(b: Builder, op: str) -> Val:
    """Of a fresh input: its kernel may give NaN where all elements are equal."""
    x = b.fresh(b.choice(b.dtypes(op, FLOATS)), (2, b.choice((2, 1)), 3, 3))
    # The default of the axes is lost where the standard's own body of this function is inlined.
    return b.node(op, [x], x, bounds=(-20.0, 20.0), axes=[0, 2, 3])


@operator("LRN")
def lrn(b: Builder, op: str) -> Val:
    """By the squares of neighbouring channels."""
    x = b.within(image(b, op), -8.0, 8.0)
    return b.node(op, [x], x, bounds=(-x.bound, x.bound), size=b.choice((3, 1)))


@operator("RNN", "GRU", "LSTM")
def recurrent(b: Builder, op: str) -> list[Val]:
    """Over a sequence, with an initial state of zeros, of numbers, or none; outputs left out."""
    dtypes = b.dtypes(op, FLOATS)
    x = b.pick(
        dtypes, lambda val: is_positive(val.dims) and isinstance(val.dims[2], int), ranks=(3, 3)
    )
    x = b.within(x, -8.0, 8.0)
    length, batch, features = x.dims
    hidden, gates = b.choice((2, 1)), {"RNN": 1, "GRU": 3, "LSTM": 4}[op]
    assert isinstance(features, int)
    inputs: list[Val | None] = [
        x,
        b.constant(b.array((1, gates * hidden, features), x.dtype, -1.0, 1.0)),
        b.constant(b.array((1, gates * hidden, hidden), x.dtype, -1.0, 1.0)),
    ]
    way = b.integer(0, 2)
    bias = b.constant(b.array((1, 2 * gates * hidden), x.dtype)) if b.one_in(2) else None
    if way and isinstance(batch, int):
        dims = (1, batch, hidden)
        low = b.choice((0.0, -1.0))
        state = b.constant(
            np.zeros(dims, x.dtype.numpy()) if low == 0 else b.array(dims, x.dtype, low, 1.0)
        )
        inputs += [bias, None, state]
        if op == "LSTM":
            inputs.append(state)
    elif bias is not None:
        inputs.append(bias)
    result = Result(x.dtype, (length, 1, batch, hidden), -1.0, 1.0)
    last: Dims = (1, batch, hidden)
    results: list[Result | None] = [result, Result(x.dtype, last, -1.0, 1.0)]
    if b.one_in(3):
        results[b.integer(0, 1)] = None
    return b.emit(op, inputs, results, {"hidden_size": hidden})
