"""Choices of generated models: remembered, and reduced to what still fails."""

from __future__ import annotations

import random
from typing import Any

import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passmgr.core.testing.choices import MOST_TRIES, Choices, reduce_model
from passmgr.core.testing.generate import model_writer


def test_what_was_drawn_is_drawn_again() -> None:
    one = Choices(rest=random.Random(3))
    drawn = [one.draw(-5, 5) for _ in range(20)]
    again = Choices(one.made)
    assert [again.draw(-5, 5) for _ in range(20)] == drawn
    assert again.draw(2, 9) == 2  # what is missing is the smallest


@given(st.lists(st.integers(0, 99)), st.integers(-9, 9), st.integers(0, 9))
def test_every_number_makes_a_legal_answer(given_: list[int], low: int, size: int) -> None:
    choices = Choices(given_)
    for _ in range(len(given_) + 1):
        assert low <= choices.draw(low, low + size) <= low + size
    assert all(0 <= choice <= size for choice in choices.made)


def write_numbers(draw: Any) -> Any:
    return [draw(0, 100) for _ in range(draw(0, 30))]


@pytest.mark.parametrize("seed", range(5))
def test_a_list_is_reduced_to_the_smallest_that_fails(seed: int) -> None:
    rng, tries = random.Random(seed), 0

    def fails(numbers: Any) -> bool:
        nonlocal tries
        tries += 1
        return sum(number > 40 for number in numbers) >= 2

    choices = Choices(rest=rng)
    while not fails(write_numbers(choices.draw)):
        choices = Choices(rest=rng)
    assert reduce_model(choices.made, write_numbers, fails) == [41, 41]
    assert tries <= MOST_TRIES + 20


def test_a_model_is_reduced_to_the_node_that_fails() -> None:
    write = model_writer(emphasize=["Softmax"])

    def fails(model: ir.Model) -> bool:
        return any(node.op_type == "Softmax" for node in model.graph.all_nodes())

    for number in range(50):
        choices = Choices(rest=random.Random(number))
        if fails(write(choices.draw)) and len(write(Choices(choices.made).draw).graph) > 5:
            smallest = reduce_model(choices.made, write, fails)
            assert fails(smallest)
            assert len(smallest.graph) <= 2
            return
    pytest.fail("no model had a Softmax")
