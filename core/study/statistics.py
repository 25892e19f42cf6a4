"""Statistics: a figure with the interval that holds the true one in 95 of 100 cases.

Intervals are bootstrapped: the samples are drawn again with replacement, many times. Plain
percentiles are too narrow for few samples, so that they are taken further out, by as much as
Student's t is wider than the normal distribution: expanded percentiles (Hesterberg, 2015,
arXiv:1411.5279).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

FEWEST = 6
"""With fewer samples no interval is given: all lie on one side of a median in 1 of 16 cases and
more, so that not even the smallest and the largest sample would hold it in 95 of 100."""

RESAMPLES = 4000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval.

    Args:
        value: The figure.
        low: Lower end of the interval; ``None`` where there are too few samples for one.
        high: Upper end.
    """

    value: float
    low: float | None = None
    high: float | None = None


def median(samples: Sequence[float], seed: int = 0) -> Estimate:
    """Return the median of ``samples``, of which there is at least one."""
    import numpy as np

    return _estimate(samples, lambda rows: np.median(rows, axis=-1), seed)


def geometric_mean(ratios: Sequence[float], seed: int = 0) -> Estimate:
    """Return the geometric mean of ``ratios``, of which there is at least one, all over 0."""
    import numpy as np

    logs = _estimate(list(np.log(ratios)), lambda rows: rows.mean(axis=-1), seed)
    if logs.low is None or logs.high is None:
        return Estimate(math.exp(logs.value))
    return Estimate(math.exp(logs.value), math.exp(logs.low), math.exp(logs.high))


def _estimate(samples: Sequence[float], statistic: Callable[[Any], Any], seed: int) -> Estimate:
    import numpy as np

    values = np.asarray(samples, dtype=float)
    value = float(statistic(values))
    if len(values) < FEWEST:
        return Estimate(value)
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    outside = _share_outside(len(values))
    low, high = np.quantile(statistic(values[drawn]), [outside, 1 - outside])
    return Estimate(value, float(low), float(high))


def _share_outside(count: int) -> float:
    """Return the share of the resampled figures that lies beyond each end of the interval."""
    z, v = NormalDist().inv_cdf((1 + LEVEL) / 2), count - 1
    # The quantile of Student's t, expanded in 1/v (Abramowitz and Stegun, 26.7.5).
    t = (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
    return NormalDist().cdf(-t * math.sqrt(count / v))
