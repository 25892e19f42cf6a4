"""Choices: what a generated model is made of, as numbers that can be made fewer and smaller.

A model is written by a function that asks for integers; the answers, as distances from the smallest
legal one, are its choices. Fewer and smaller choices make a simpler model, and every list of
numbers makes some model: what is missing counts as 0, what is too large as the largest. So a model
is reduced without looking at it (MacIver and Donaldson, 2020, "Test-Case Reduction via Test-Case
Generation", section 3).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

    Write = Callable[[Callable[[int, int], int]], ir.Model]

MOST_TRIES = 1000
"""Models that are tried to reduce one."""


class Choices:
    """Answers a generator, and remembers what it has answered.

    Args:
        given: The first answers; then ``rest`` decides.
        rest: Decides on what is not given; by default it is the smallest.
    """

    def __init__(self, given: Sequence[int] = (), rest: random.Random | None = None) -> None:
        self.made: list[int] = []
        self._given = given
        self._rest = rest

    def draw(self, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``."""
        position = len(self.made)
        if position < len(self._given):
            choice = min(self._given[position], high - low)
        else:
            choice = self._rest.randint(0, high - low) if self._rest else 0
        self.made.append(choice)
        return low + choice


def reduce_model(made: Sequence[int], write: Write, fails: Callable[[ir.Model], bool]) -> ir.Model:
    """Return the smallest model that fails, of those that fewer and smaller choices lead to.

    Args:
        made: The choices of a model that fails.
        write: Makes a model of answers.
        fails: Tells whether a model fails.
    """
    reducer = _Reducer(list(made), write, fails)
    before: list[int] = []
    while reducer.best != before and reducer.tries < MOST_TRIES:
        before = reducer.best
        reducer.leave_out()
        reducer.lower()
        reducer.lower_and_leave_out()
    return write(Choices(reducer.best).draw)


class _Reducer:
    def __init__(self, best: list[int], write: Write, fails: Callable[[ir.Model], bool]) -> None:
        self.best = best
        self.tries = 0
        self._write = write
        self._fails = fails
        self._seen: set[tuple[int, ...]] = set()

    def leave_out(self) -> None:
        """Leave out runs of choices, long ones first, from the end."""
        size = len(self.best) // 2
        while size:
            start = len(self.best) - size
            while start >= 0:
                self._try(self.best[:start] + self.best[start + size :])
                start = min(start - 1, len(self.best) - size) if size < 4 else start - size // 2
            size //= 2

    def lower(self) -> None:
        """Make every choice as small as it can be, by bisection."""
        index = 0
        while index < len(self.best):
            low = -1
            while index < len(self.best) and self.best[index] - low > 1:
                middle = 0 if low < 0 else (low + self.best[index]) // 2
                if not self._try([*self.best[:index], middle, *self.best[index + 1 :]]):
                    low = middle
            index += 1

    def lower_and_leave_out(self) -> None:
        """Lower a choice that may be a number of things, and leave one of the things out."""
        index = 0
        while index < len(self.best):
            for size in (1, 2, 3, 4, 6, 8):
                start = index + 1
                while (
                    index < len(self.best) and self.best[index] and start + size <= len(self.best)
                ):
                    best = self.best
                    lowered = [*best[:index], best[index] - 1, *best[index + 1 : start]]
                    if not self._try(lowered + best[start + size :]):
                        start += 1
            index += 1

    def _try(self, candidate: list[int]) -> bool:
        """Take ``candidate`` where it is simpler and fails; tell whether it is."""
        if self.tries >= MOST_TRIES or tuple(candidate) in self._seen:
            return False
        self._seen.add(tuple(candidate))
        choices = Choices(candidate)
        model = self._write(choices.draw)
        if (len(choices.made), choices.made) >= (len(self.best), self.best):
            return False
        self.tries += 1
        if not self._fails(model):
            return False
        self.best = choices.made
        return True
