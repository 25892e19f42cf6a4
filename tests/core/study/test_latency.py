"""Timing in turn, by a clock that the contenders move themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from passmgr.core.study.latency import SAMPLE_SECONDS, interleave


class Machine:
    """A clock, and work that takes as long as it says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[str] = []

    def work(self, name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds
            self.done.append(name)

        return run

    def clock(self) -> float:
        return self.now


def test_each_takes_its_turn_in_every_round() -> None:
    machine = Machine()
    calls = {name: machine.work(name, 1.0) for name in "abc"}
    rounds = list(interleave(calls, 20, clock=machine.clock))
    assert machine.done[:6] == list("aabbcc")  # before the first round
    orders = ["".join(machine.done[6 + 3 * r : 9 + 3 * r]) for r in range(20)]
    assert {"".join(sorted(order)) for order in orders} == {"abc"}
    assert len(set(orders)) > 3
    assert rounds == [{"a": 1.0, "b": 1.0, "c": 1.0}] * 20


def test_the_seed_sets_the_order() -> None:
    def order(seed: int) -> list[str]:
        machine = Machine()
        calls = {name: machine.work(name, 1.0) for name in "abcd"}
        list(interleave(calls, 5, seed, machine.clock))
        return machine.done

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_what_is_short_is_repeated() -> None:
    machine = Machine()
    calls = {"short": machine.work("short", SAMPLE_SECONDS / 10), "long": machine.work("long", 1)}
    rounds = list(interleave(calls, 3, clock=machine.clock))
    assert machine.done.count("short") == 2 + 3 * 10
    assert machine.done.count("long") == 2 + 3
    assert rounds[0] == {"short": pytest.approx(SAMPLE_SECONDS / 10), "long": 1}


def test_what_takes_no_time_ends() -> None:
    machine = Machine()
    assert list(interleave({"none": machine.work("none", 0)}, 2, clock=machine.clock)) == [
        {"none": 0},
        {"none": 0},
    ]


def test_an_interruption_within_a_sample_does_not_count() -> None:
    machine = Machine()

    def run() -> None:
        machine.done.append("x")
        machine.now += SAMPLE_SECONDS / 10 if len(machine.done) % 7 else 1.0

    seconds = [taken["x"] for taken in interleave({"x": run}, 5, clock=machine.clock)]
    assert seconds == [pytest.approx(SAMPLE_SECONDS / 10)] * 5
