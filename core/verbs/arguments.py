"""Checks of the numbers and words that a caller gives, before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ..errors import UsageError


def check_numbers(*, finite: bool = False, **given: float | None) -> None:
    """Check that numbers are not negative and not NaN, which no comparison would ever exceed.

    Args:
        finite: Refuse infinity too.
        given: The numbers by name; ``None`` stands for one that was not given.

    Raises:
        UsageError: One is out of range; names it.
    """
    for name, value in given.items():
        if value is None or 0 <= value < float("inf") or (value == float("inf") and not finite):
            continue
        raise UsageError(f"'{name}' is {value}, legal is a {'finite ' * finite}number from 0")


def check_words(given: Mapping[str, tuple[str | None, Any]]) -> None:
    """Check that each argument is one of the words of its ``Literal``, or ``None`` for not given.

    Raises:
        UsageError: One is something else, which would pass for another word; names it.
    """
    for name, (value, legal) in given.items():
        words = get_args(legal)
        if value is not None and value not in words:
            raise UsageError(f"'{name}' is {value!r}, legal is {' or '.join(words)}")
