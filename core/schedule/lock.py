"""Locks: a plan with all versions in a file, for builds that must not change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ScheduleError, UsageError
from ..text_file import write_text_file
from .plan import Plan, run_of

FORMAT = "passmgr-lock"
VERSION = 1


def lock_of(plan: Plan) -> dict[str, Any]:
    """Return the lock of ``plan`` as JSON-serializable data."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "digest": plan.digest,
        "steps": run_of(plan.steps),
    }


def write_lock(plan: Plan, path: str | Path) -> None:
    """Write the lock of ``plan``.

    Raises:
        ScheduleError: A lock could not tell whether one of the passes changed.
        OutputError: The file cannot be written.
    """
    for step in plan.uncacheable:
        raise ScheduleError(
            f"the plan cannot be locked: whether '{step.pass_.name}' changed could not be told, as "
            f"{step.identity.uncacheable}; pass it what it needs as plain data or an option, or "
            "register it in a plugin"
        )
    write_text_file(path, json.dumps(lock_of(plan), indent=2) + "\n")


def read_lock(path: str | Path) -> dict[str, Any]:
    """Read a lock.

    Raises:
        UsageError: The file is missing or no lock.
    """
    try:
        lock = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"lock '{path}' cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"lock '{path}' is no JSON: {error}") from None
    if not isinstance(lock, dict) or lock.get("format") != FORMAT:
        raise UsageError(f"'{path}' is no lock; 'passmgr plan MODEL --lock FILE' writes one")
    if lock.get("version") != VERSION or not isinstance(lock.get("steps"), list):
        raise UsageError(f"lock '{path}' is of a format that this version does not read")
    return lock


def check_lock(plan: Plan, lock: dict[str, Any]) -> None:
    """Hold ``plan`` to ``lock``.

    Raises:
        ScheduleError: Something else would run; names the first difference.
    """
    planned, locked = list(_flat(run_of(plan.steps))), list(_flat(lock["steps"]))
    for number, (now, then) in enumerate(zip(planned, locked, strict=False), 1):
        if now != then:
            raise ScheduleError(
                f"the plan differs from the lock at line {number}: {now}, locked is {then}"
            )
    if len(planned) > len(locked):
        raise ScheduleError(f"the plan goes on after the end of the lock: {planned[len(locked)]}")
    if len(planned) < len(locked):
        raise ScheduleError(f"the plan ends before the lock does: locked is {locked[len(planned)]}")
    if lock.get("digest") != plan.digest:
        raise ScheduleError("the lock was changed by hand: its digest does not fit its steps")


def _flat(steps: Sequence[Any]) -> Iterator[str]:
    """Yield a line for each step and each begin and end of a repeat."""
    for step in steps:
        if not isinstance(step, dict):
            yield f"{step!r}, which is no step"
        elif isinstance(step.get("steps"), list):
            yield f"the begin of repeat{{max={step.get('repeat')}}}"
            yield from _flat(step["steps"])
            yield "the end of a repeat"
        else:
            by = f"{step.get('distribution')} {step.get('release')}"
            by = by if step.get("distribution") else _made(step)
            yield f"'{step.get('options')}' (version {step.get('version')}, {by})"


def _made(step: dict[str, Any]) -> str:
    if step.get("uncacheable"):
        return f"made in Python, source unknown as {step['uncacheable']}"
    source = step.get("source")
    return f"made in Python, source {source}" if source else "made in Python"
