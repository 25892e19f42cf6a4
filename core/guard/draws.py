"""Draws: outputs that are drawn at random, and whether they still are."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any

from ..contract import Exact, Session
from .compare import compare_outputs

DRAWS = 4
"""Runs that must all differ for an output to count as drawn: one of few values does not."""

MOST_RUNS = 8
"""Runs that must all be equal for an output to count as settled."""


def drawn_outputs(
    session: Session, feed: Mapping[str, Any], names: Collection[str]
) -> frozenset[str]:
    """Return those of the outputs ``names`` that come out otherwise in each of some runs."""
    if not names:
        return frozenset()
    runs = [session.run(feed) for _ in range(DRAWS)]
    drawn = set(names)
    for one, two in itertools.combinations(runs, 2):
        drawn &= _different(session, one, two)
    return frozenset(drawn)


def settled_outputs(
    session: Session, feed: Mapping[str, Any], names: Collection[str]
) -> frozenset[str]:
    """Return those of the outputs ``names`` that come out the same in all of some runs."""
    left, first = frozenset(names), session.run(feed)
    for _ in range(MOST_RUNS - 1):
        if not left:
            break
        left -= _different(session, first, session.run(feed))
    return left


def _different(session: Session, one: list[Any], two: list[Any]) -> set[str]:
    names = [info.name for info in session.outputs]
    found = compare_outputs(one, two, Exact(), names)
    return {difference.name for difference in found if difference.status != "equal"}
