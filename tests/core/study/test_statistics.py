"""Intervals hold the true figure as often as they say, and none is made up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from passmgr.core.study.statistics import FEWEST, Estimate, geometric_mean, median

TRIALS = 300
LEAST, MOST = 0.9, 0.995
"""Legal coverage of an interval of 95 %, with what chance moves it in so many trials."""


def coverage(draw: object, estimate: object, true: float, count: int) -> float:
    rng = np.random.default_rng(count)
    held = 0
    for trial in range(TRIALS):
        found: Estimate = estimate(draw(rng, count), trial)  # type: ignore[operator]
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    return held / TRIALS


def quiet(rng: np.random.Generator, count: int) -> list[float]:
    return list(rng.normal(2, 0.1, count))


def disturbed(rng: np.random.Generator, count: int) -> list[float]:
    """Draw times of which some are much too long, as on a busy machine."""
    times = rng.normal(2, 0.1, count)
    late = rng.random(count) < 0.1
    times[late] += rng.exponential(5, late.sum())
    return list(times)


def ratios(rng: np.random.Generator, count: int) -> list[float]:
    return list(np.exp(rng.normal(math.log(0.8), 0.3, count)))


@pytest.mark.parametrize("count", [FEWEST, 15, 40])
def test_the_interval_of_a_median_holds_it(count: int) -> None:
    assert LEAST < coverage(quiet, median, 2.0, count) < MOST
    # The middle of the disturbed ones lies a little higher: of 0.9 of them it is the 0.556.
    assert LEAST < coverage(disturbed, median, 2.014, count) < MOST


@pytest.mark.parametrize("count", [FEWEST, 15, 40])
def test_the_interval_of_a_geometric_mean_holds_it(count: int) -> None:
    assert LEAST < coverage(ratios, geometric_mean, 0.8, count) < MOST


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_few_samples_have_no_interval(count: int) -> None:
    assert median([2.0] * count) == Estimate(2.0)
    assert geometric_mean([0.5] * count).low is None
    assert geometric_mean([0.5] * count).high is None


def test_samples_that_are_all_alike_have_an_interval_without_width() -> None:
    assert median([2.0] * FEWEST) == Estimate(2.0, 2.0, 2.0)
    found = geometric_mean([0.5] * FEWEST)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_figures_are_those_of_the_samples() -> None:
    assert median([1, 9, 2, 8, 3, 100, 4]).value == 4
    assert geometric_mean([0.5, 2, 0.25, 4]).value == pytest.approx(1)
    samples = quiet(np.random.default_rng(0), 10)
    found = median(samples)
    assert found.low is not None
    assert found.high is not None
    assert min(samples) <= found.low < found.value < found.high <= max(samples)


def test_a_seed_gives_the_same_interval_again() -> None:
    samples = ratios(np.random.default_rng(0), 10)
    assert geometric_mean(samples, 1) == geometric_mean(samples, 1)
    assert geometric_mean(samples, 1) != geometric_mean(samples, 2)


def test_which_of_two_is_the_baseline_only_turns_the_ratio_over() -> None:
    samples = ratios(np.random.default_rng(0), 10)
    found, turned = geometric_mean(samples), geometric_mean([1 / ratio for ratio in samples])
    assert found.low is not None
    assert found.high is not None
    assert 1 / turned.value == pytest.approx(found.value)
    assert turned.high == pytest.approx(1 / found.low, rel=0.02)
    assert turned.low == pytest.approx(1 / found.high, rel=0.02)
