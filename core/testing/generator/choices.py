"""Choices: the small integers that decide what a model becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

Source = Callable[[int, int], int]
"""Chooses an integer between two, both included."""


class Choices:
    """Makes choices; a smaller number means simpler, which is what shrinking minimizes.

    Args:
        source: Where the numbers come from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def integer(self, low: int, high: int) -> int:
        """Draw an integer from ``low``, the simplest, to ``high``."""
        return low if low >= high else self._source(0, high - low) + low

    def choice(self, options: Sequence[T]) -> T:
        """Draw one of ``options``, the first of which is the simplest."""
        return options[self.integer(0, len(options) - 1)]

    def one_in(self, number: int) -> bool:
        """Draw whether something happens that does in one of ``number`` cases."""
        return self.integer(0, number - 1) == number - 1
