"""Latency: contenders timed in turn, so that what happens to the machine happens to all of them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping

from ..ir.collector import gc_paused

SAMPLE_SECONDS = 0.005
"""A shorter call is repeated for so long within one sample, which is the median of the calls: an
interruption by another process takes about as long and would count in full else."""

_MOST_CALLS = 1000


def interleave(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[dict[str, float]]:
    """Time ``calls`` in turn and yield the seconds that each took, once a round.

    Each is called twice before the first round. The order is drawn anew for every round, so that
    none always follows the same other one.

    Args:
        calls: What to time, by name.
        rounds: How many samples to take of each.
        seed: Seed of the order.
        clock: What tells the time in seconds.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    names = list(calls)
    repeats = {}
    for name in names:
        calls[name]()
        repeats[name] = _repeats(_timed(calls[name], 1, clock))
    for _ in range(rounds):
        seconds = {}
        for index in rng.permutation(len(names)):
            name = names[index]
            with gc_paused():
                seconds[name] = _timed(calls[name], repeats[name], clock)
        yield seconds


def _timed(call: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    seconds = []
    for _ in range(repeats):
        start = clock()
        call()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def _repeats(seconds: float) -> int:
    if seconds <= SAMPLE_SECONDS / _MOST_CALLS:
        return _MOST_CALLS
    return max(1, math.ceil(SAMPLE_SECONDS / seconds))
