"""Search: the first inputs that a model accepts and whose outputs can show a difference."""

from __future__ import annotations

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
    seen. Outputs that are empty or hold no finite number are kept only for want of others.

    Raises:
        RuntimeFailure: The model accepts no candidate; the reason for the first.
    """
    kept: list[Tried] = []
    poor: list[Tried] = []
    failure: RuntimeFailure | None = None
    tries, left = 0, _MORE_TRIES
    for candidate in candidates:
        if kept:
            if candidate.shapes == kept[0][0].shapes:
                continue
            if not left:
                break
            left -= 1
        tries += 1
        try:
            outputs = tuple(session.run(candidate.feed))
        except RuntimeFailure as error:
            failure = failure or error
            continue
        if _tells_something(outputs):
            kept.append((candidate, outputs))
            if len(kept) == 2:
                break
        elif not poor:
            poor.append((candidate, outputs))
    if not kept and not poor:
        raise failure or RuntimeFailure("no inputs were found that it accepts")
    return tries, kept or poor


def _tells_something(outputs: Iterable[Any]) -> bool:
    """Whether outputs can show a difference: not all empty, and none without a finite number."""
    import numpy as np

    any_value = False
    for output in outputs:
        if isinstance(output, np.ndarray):
            is_float = output.dtype.kind in "fc"
            if output.size and is_float and not np.isfinite(output).any():
                return False
            any_value = any_value or output.size > 0
        else:
            any_value = any_value or bool(output)
    return any_value
