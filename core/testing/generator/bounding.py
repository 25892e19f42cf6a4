"""Bounding: nodes that bring the numbers of a value into an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .kernels import takes
from .values import Val

if TYPE_CHECKING:
    from .builder import Builder


def bounded(b: Builder, val: Val, low: float, high: float) -> Val:
    """Return a float value of the shape of ``val`` whose elements lie between the bounds.

    What is not bounded on both sides gets bounds that are near.
    """
    low, high = max(low, min(high, 0.0) - 8.0), min(high, max(low, 0.0) + 8.0)
    if takes("Clip", b.opset, val.dtype) and b.one_in(3):
        return clip(b, val, low, high)
    squashed = b.node("Tanh", [val], val, bounds=(-1.0, 1.0))
    if low <= -1.0 and high >= 1.0:
        return squashed
    half, middle = (high - low) / 2, (high + low) / 2
    # Rounding must not lead out of the interval.
    half *= 0.99
    scaled = b.node("Mul", [squashed, b.scalar(half, val.dtype)], val, bounds=(-half, half))
    if not middle:
        return scaled
    moved = b.scalar(middle, val.dtype)
    return b.node("Add", [scaled, moved], val, bounds=(middle - half, middle + half))


def clip(b: Builder, val: Val, low: float | None, high: float | None) -> Val:
    """Add a Clip; ``None`` leaves a bound out."""
    ends = (-np.inf if low is None else low, np.inf if high is None else high)
    bounds = (min(max(val.low, ends[0]), ends[1]), min(max(val.high, ends[0]), ends[1]))
    if b.opset < 11:
        return b.node("Clip", [val], val, bounds=bounds, min=low, max=high)
    kind = val.dtype.numpy()
    given = [None if end is None else b.constant(np.array(end, kind)) for end in (low, high)]
    while given and given[-1] is None:
        given.pop()
    return b.node("Clip", [val, *given], val, bounds=bounds)
