"""Checks of the numbers that a caller gives, before any work."""

from __future__ import annotations

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
