"""Elementwise operators: of one value, of two that broadcast, and of any number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .bounding import clip
from .sizes import broadcast
from .table import operator
from .values import ANY, BOOL, FLOATS, INTS, LARGEST, NUMBERS, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder

Interval = tuple[float, float]

_INF = math.inf


def _monotonic(function: Callable[[float], float]) -> Callable[[float, float], Interval]:
    return lambda low, high: (function(low), function(high))


def _fixed(least: float, most: float) -> Callable[[float, float], Interval]:
    return lambda low, high: (least, most)


def _grown(by: float) -> Callable[[float, float], Interval]:
    """For functions that stay near the identity above zero and near zero below."""
    return lambda low, high: (min(low, 0.0) * by - by, max(high, 0.0) * by + by)


def _magnitude(low: float, high: float) -> Interval:
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return least, max(abs(low), abs(high))


_UNARY: dict[str, tuple[Interval, Callable[[float, float], Interval]]] = {
    "Abs": ((-_INF, _INF), _magnitude),
    "Acos": ((-0.9, 0.9), _fixed(0.0, 3.2)),
    "Acosh": ((1.1, 100.0), _fixed(0.0, 6.0)),
    "Asin": ((-0.9, 0.9), _fixed(-1.6, 1.6)),
    "Asinh": ((-100.0, 100.0), _fixed(-6.0, 6.0)),
    "Atan": ((-_INF, _INF), _fixed(-1.6, 1.6)),
    "Atanh": ((-0.9, 0.9), _fixed(-1.6, 1.6)),
    "Ceil": ((-_INF, _INF), _monotonic(math.ceil)),
    "Cos": ((-100.0, 100.0), _fixed(-1.0, 1.0)),
    "Cosh": ((-3.0, 3.0), _fixed(1.0, 11.0)),
    "Erf": ((-_INF, _INF), _fixed(-1.0, 1.0)),
    "Exp": ((-8.0, 3.0), _monotonic(lambda x: math.exp(x) * (1 + 1e-4))),
    "Floor": ((-_INF, _INF), _monotonic(math.floor)),
    "HardSwish": ((-_INF, _INF), _grown(1.0)),
    "Log": ((0.05, _INF), lambda low, high: (-3.0, 10.0)),
    "Mish": ((-60.0, 60.0), _grown(1.0)),
    "Neg": ((-_INF, _INF), lambda low, high: (-high, -low)),
    "Reciprocal": ((0.1, _INF), _fixed(0.0, 10.1)),
    "Relu": ((-_INF, _INF), lambda low, high: (max(low, 0.0), max(high, 0.0))),
    "Round": ((-_INF, _INF), lambda low, high: (math.floor(low), math.ceil(high))),
    "Sigmoid": ((-_INF, _INF), _fixed(0.0, 1.0)),
    "Sign": ((-_INF, _INF), _fixed(-1.0, 1.0)),
    "Sin": ((-100.0, 100.0), _fixed(-1.0, 1.0)),
    "Sinh": ((-3.0, 3.0), _fixed(-11.0, 11.0)),
    "Softplus": ((-60.0, 60.0), lambda low, high: (0.0, max(high, 0.0) + 1.0)),
    "Softsign": ((-_INF, _INF), _fixed(-1.0, 1.0)),
    "Sqrt": ((0.0, _INF), lambda low, high: (0.0, math.sqrt(high) + 0.01)),
    "Tan": ((-1.0, 1.0), _fixed(-1.6, 1.6)),
    "Tanh": ((-_INF, _INF), _fixed(-1.0, 1.0)),
}
"""By op type: where its operand may lie, and from there where its result lies."""


@operator(*_UNARY)
def unary(b: Builder, op: str) -> Val:
    """``f(x)``."""
    domain, result = _UNARY[op]
    x = b.within(b.pick(b.dtypes(op, NUMBERS)), *domain)
    return b.node(op, [x], x, bounds=result(x.low, x.high))


@operator("Celu", "Elu", "HardSigmoid", "LeakyRelu", "Selu", "Shrink", "ThresholdedRelu", "Swish")
def unary_with_attributes(b: Builder, op: str) -> Val:
    """``f(x)`` with attributes, which may be left out."""
    x = b.within(b.pick(b.dtypes(op, FLOATS)), -60.0, 60.0)
    names = {"HardSigmoid": ("alpha", "beta"), "Selu": ("alpha", "gamma")}.get(op, ("alpha",))
    names = ("bias", "lambd") if op == "Shrink" else names
    attributes: dict[str, Any] = {name: b.choice((None, 0.25, 0.5)) for name in names}
    bounds = (0.0, 1.0) if op == "HardSigmoid" else (-2 * x.bound - 2, 2 * x.bound + 2)
    return b.node(op, [x], x, bounds=bounds, **attributes)


@operator("Gelu")
def gelu(b: Builder, op: str) -> Val:
    """Exact, or by a Tanh."""
    x = b.within(b.pick(b.dtypes(op, FLOATS)), -60.0, 60.0)
    approximate = b.choice((None, "none", "tanh"))
    return b.node(op, [x], x, bounds=(-1.0, max(x.high, 0.0) + 1.0), approximate=approximate)


@operator("PRelu")
def prelu(b: Builder, op: str) -> Val:
    """A slope for each element, or one that broadcasts."""
    x = b.pick(b.dtypes(op, FLOATS), ranks=(1, 4))
    dims = b.static(x.dims) if b.one_in(2) else (b.static(x.dims)[-1],)
    slope = b.constant(b.array(dims, x.dtype, -0.5, 0.5))
    return b.node(op, [x, slope], x, bounds=(-x.bound, x.bound))


@operator("Clip")
def clip_(b: Builder, op: str) -> Val:
    """With both bounds, one or none."""
    x = b.pick(b.dtypes(op, NUMBERS))
    ends = b.choice(((-1.0, 2.0), (0.0, 6.0), (None, 1.0), (0.0, None), (None, None)))
    return clip(b, x, *ends)


@operator("IsInf", "IsNaN")
def is_not_finite(b: Builder, op: str) -> Val:
    """A test that no element passes."""
    x = b.pick(b.dtypes(op, FLOATS))
    return b.node(op, [x], BOOL, x.dims, (0.0, 1.0))


@operator("Not")
def not_(b: Builder, op: str) -> Val:
    """The other truth value."""
    return b.node(op, [x := b.pick(b.dtypes(op, (BOOL,)))], x)


@operator("BitwiseNot")
def bitwise_not(b: Builder, op: str) -> Val:
    """All bits the other way."""
    x = b.pick(b.dtypes(op, INTS))
    return b.node(op, [x], x, bounds=(-x.high - 1, -x.low - 1))


def partner(b: Builder, x: Val, bounds: Interval = (-2.0, 2.0)) -> Val:
    """Return a value of the type of ``x`` that broadcasts with it: at hand, or a constant."""
    found = [
        val
        for val in b.frame.visible()
        if val.dtype is x.dtype and broadcast(x.dims, val.dims) is not None
    ]
    index = b.integer(0, len(found))
    if index < len(found):
        return found[index]
    dims = b.static(x.dims)
    # Cut from the left, or ones: a scalar, a bias, the whole shape.
    dims = dims[b.integer(0, len(dims)) :]
    if dims and b.one_in(4):
        dims = (1,) * len(dims)
    if x.dtype is BOOL:
        return b.constant(b.array(dims, BOOL))
    return b.constant(b.array(dims, x.dtype, *bounds))


def corners(x: Interval, y: Interval, function: Callable[[float, float], float]) -> Interval:
    """Return the interval of a function that is largest and smallest at corners."""
    found = [function(a, c) for a in x for c in y]
    return min(found), max(found)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "Add": lambda a, c: a + c,
    "Sub": lambda a, c: a - c,
    "Mul": lambda a, c: a * c,
}


@operator("Add", "Sub", "Mul")
def arithmetic(b: Builder, op: str) -> Val:
    """``x + y`` and the like; the constant may stand on either side."""
    x = b.pick(b.dtypes(op, NUMBERS))
    y = partner(b, x)
    bounds = corners((x.low, x.high), (y.low, y.high), _ARITHMETIC[op])
    if max(-bounds[0], bounds[1]) > LARGEST[x.dtype] and x.is_float:
        same = y is x
        x = b.within(x, -4.0, 4.0)
        y = x if same else b.within(y, -4.0, 4.0)
        bounds = corners((x.low, x.high), (y.low, y.high), _ARITHMETIC[op])
    dims = broadcast(x.dims, y.dims)
    if b.one_in(3):
        x, y = y, x
        bounds = corners((x.low, x.high), (y.low, y.high), _ARITHMETIC[op])
    return b.node(op, [x, y], x.dtype, dims, bounds)


@operator("Div")
def div(b: Builder, op: str) -> Val:
    """By a positive number."""
    x = b.pick(b.dtypes(op, NUMBERS))
    y = partner(b, x, (1.0, 3.0))
    y = b.within(y, 0.5, math.inf) if x.is_float else y
    if y.low <= 0:
        y = b.constant(b.array((), x.dtype, 1.0, 3.0))
    dims = broadcast(x.dims, y.dims)
    bounds = corners((x.low, x.high), (y.low, y.high), lambda a, c: a / c)
    return b.node(op, [x, y], x.dtype, dims, (bounds[0] - 1, bounds[1] + 1))


@operator("Mod")
def mod(b: Builder, op: str) -> Val:
    """By a positive constant, with the sign of either operand."""
    x = b.pick(b.dtypes(op, NUMBERS))
    y = b.constant(b.array((), x.dtype, 1.0, 4.0))
    fmod = 1 if x.is_float else b.choice((None, 0, 1))
    return b.node(op, [x, y], x, bounds=(-y.high if fmod else 0.0, y.high), fmod=fmod)


@operator("Pow")
def pow_(b: Builder, op: str) -> Val:
    """Positive numbers to small powers, or any to whole ones."""
    x = b.pick(b.dtypes(op, NUMBERS))
    if not x.is_float and x.bound > 30:
        raise UnfitError
    exponent = float(b.choice((2, 1, 3, 0))) if b.one_in(2) or not x.is_float else 0.5
    x = b.within(x, *((0.1, 8.0) if exponent == 0.5 else (-8.0, 8.0))) if x.is_float else x
    power = b.scalar(exponent, x.dtype)
    most = max(x.bound**exponent, 1.0) * 1.001
    return b.node(op, [x, power], x, bounds=(-most, most))


@operator("Max", "Min", "Sum", "Mean")
def variadic(b: Builder, op: str) -> Val:
    """Of one to three values that broadcast (of one shape before opset 8)."""
    operands = [x := b.pick(b.dtypes(op, NUMBERS))]
    dims = x.dims
    for _ in range(b.choice((1, 2, 0))):
        y = partner(b, x)
        joined = broadcast(dims, y.dims)
        if joined is None or (b.opset < 8 and y.dims != x.dims):
            continue
        operands.append(y)
        dims = joined
    most = max(y.bound for y in operands) * (len(operands) if op == "Sum" else 1.001)
    return b.node(op, operands, x.dtype, dims, (-most, most))


@operator("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def comparison(b: Builder, op: str) -> Val:
    """A truth value for each pair."""
    x = b.pick(b.dtypes(op, ANY))
    y = partner(b, x)
    return b.node(op, [x, y], BOOL, broadcast(x.dims, y.dims), (0.0, 1.0))


@operator("And", "Or", "Xor")
def logical(b: Builder, op: str) -> Val:
    """Of truth values."""
    x = b.pick(b.dtypes(op, (BOOL,)))
    y = partner(b, x)
    return b.node(op, [x, y], BOOL, broadcast(x.dims, y.dims), (0.0, 1.0))


@operator("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(b: Builder, op: str) -> Val:
    """Of integers."""
    x = b.pick(b.dtypes(op, INTS))
    y = partner(b, x)
    most = 2.0 ** math.ceil(math.log2(max(x.bound, y.bound) + 2))
    return b.node(op, [x, y], x.dtype, broadcast(x.dims, y.dims), (-most, most))


@operator("Where")
def where(b: Builder, op: str) -> Val:
    """One value or the other."""
    x = b.pick(b.dtypes(op, ANY, position=1))
    y = partner(b, x)
    dims = broadcast(x.dims, y.dims)
    fitting = [
        v for v in b.frame.visible() if v.dtype is BOOL and dims and broadcast(v.dims, dims) == dims
    ]
    index = b.integer(0, len(fitting))
    if index < len(fitting):
        condition = fitting[index]
    else:
        condition = b.constant(b.array(b.static(dims or ()), BOOL))
    bounds = (min(x.low, y.low), max(x.high, y.high))
    return b.node(op, [condition, x, y], x.dtype, dims, bounds)


def constant_like(b: Builder, x: Val, number: float) -> Val:
    """Return a constant of one number that leaves the shape of ``x`` as it is."""
    dims = (1,) * b.integer(0, x.rank)
    return b.constant(np.full(dims, number, x.dtype.numpy()))
