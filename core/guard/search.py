"""Search: the first inputs that a model accepts and whose outputs can show a difference."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from ..contract import Session
from ..errors import RuntimeFailure
from .synthesize import Candidate

_MORE_TRIES = 3
"""Further candidates that are tried for a second choice of symbolic dimensions."""

Tried = tuple[Candidate, tuple[Any, ...]]


def search(session: Session, candidates: Iterable[Candidate]) -> tuple[int, list[Tried]]:
    """Return the number of runs, and one or two candidates to keep with their outputs.

    Two where the sizes of inputs can be chosen: a pass that freezes a symbolic dimension is then
    seen. Outputs that are all finite are preferred to others of the same sizes, and outputs that
    are empty or have nothing finite are kept only for want of others.

    Raises:
        RuntimeFailure: The model accepts no candidate; the reason for the first.
    """
    kept: list[Tried] = []
    second_best: dict[_Worth, Tried] = {}
    failure: RuntimeFailure | None = None
    tries, left = 0, _MORE_TRIES
    for candidate in candidates:
        partial = second_best.get(_Worth.PARTIAL)
        if kept:
            if candidate.shapes == kept[0][0].shapes:
                continue
            if not left:
                break
            left -= 1
        elif partial and candidate.shapes != partial[0].shapes:
            continue
        tries += 1
        try:
            outputs = tuple(session.run(candidate.feed))
        except RuntimeFailure as error:
            failure = failure or error
            continue
        worth = _worth(outputs)
        if worth is not _Worth.FULL:
            second_best.setdefault(worth, (candidate, outputs))
            continue
        kept.append((candidate, outputs))
        if len(kept) == 2:
            break
    if not kept and second_best:
        kept = [second_best[max(second_best)]]
    if not kept:
        raise failure or RuntimeFailure("no inputs were found that it accepts")
    return tries, kept


class _Worth(enum.IntEnum):
    """How much of a difference outputs can show."""

    NOTHING = 0
    """All are empty, or one has no finite number."""
    PARTIAL = 1
    """Some numbers are not finite."""
    FULL = 2


def _worth(outputs: Iterable[Any]) -> _Worth:
    import numpy as np

    worth, any_value = _Worth.FULL, False
    for output in outputs:
        if not isinstance(output, np.ndarray):
            any_value = any_value or bool(output)
            continue
        any_value = any_value or output.size > 0
        if output.size and output.dtype.kind in "fc":
            finite = np.isfinite(output)
            if not finite.any():
                return _Worth.NOTHING
            if not finite.all():
                worth = _Worth.PARTIAL
    return worth if any_value else _Worth.NOTHING
