"""The mutants that survive and are neither equivalent nor weaker, each with the reason why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mutant_child import Outcome
from mutant_oracle import HARMLESS

FILE = Path(__file__).with_name("survivors.toml")
Key = tuple[str, ...]


def listed(path: Path = FILE) -> dict[Key, str]:
    """Return the reason for each survivor that is listed, by its key.

    The file holds groups of mutants that survive for one reason. Line numbers are left out, as they
    go stale.

    Raises:
        ValueError: A mutant is listed twice, or a group has no reason.
    """
    found: dict[Key, str] = {}
    for group in tomllib.loads(path.read_text()).get("group", ()):
        if not group["reason"].strip():
            raise ValueError(f"a group of survivors of {path.name} has no reason")
        for item in group["mutants"]:
            key = (group["file"], *item)
            if key in found:
                raise ValueError(f"{path.name} lists {key} twice")
            found[key] = group["reason"]
    return found


def compare(caught: Mapping[Key, str], verdicts: Mapping[Key, Outcome]) -> Iterator[str]:
    """Yield what is otherwise than listed.

    Args:
        caught: For every mutant that was tried what caught it; empty for a survivor.
        verdicts: For every survivor what it is.
    """
    known = listed()
    for key, verdict in verdicts.items():
        if verdict.caught not in HARMLESS and key not in known:
            yield f"not listed: {name_of(key)}: {verdict.caught}, {verdict.problem}"
    for key in known:
        if caught.get(key):
            yield f"listed, and caught by '{caught[key]}': {name_of(key)}"


def name_of(key: Key) -> str:
    """Return the key of a mutant as text."""
    file, where, operator, before, after = key
    return f"{operator} in {where or 'the module'} of {file}: {before}  ->  {after}"
