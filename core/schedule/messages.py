"""The error for a missing fact: what lacks it, who broke it, who could provide it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..errors import PassmgrError, ScheduleError
from .facts import establishes
from .identity import identify

if TYPE_CHECKING:
    from .draft import Node
    from .facts import Status
    from .source import PassSource


def missing_fact(
    fact: str,
    wanted: str,
    consumer: Node | None,
    status: Status,
    notes: Sequence[str],
    registry: PassSource,
    disabled: Collection[str],
) -> ScheduleError:
    """Return the error that ``fact`` does not hold where it is needed and cannot be provided.

    Args:
        fact: The fact.
        wanted: Who needs it, as a sentence up to the fact.
        consumer: Who needs it; ``None`` for the end of the pipeline.
        status: What the simulation says.
        notes: Why it could not be provided.
        registry: All passes, to name those that could.
        disabled: Passes that may not.
    """
    if consumer is None:
        place = "at the end of the pipeline"
    else:
        place = "in every round of the repeat" if status.earlier_round else "there"
    lines = [f"{wanted} '{fact}', which does not hold {place}"]
    if status.node is None:
        lines.append("it does not hold on the input, and no pass before establishes it")
    else:
        identity = identify(status.node.pass_, registry)
        source = f", from {identity.distribution} {identity.release}" * bool(identity.distribution)
        lines.append(f"broken by {status.node}{source}")
    lines += notes
    lines.append(_advice(providers(fact, registry), consumer, status, disabled))
    return ScheduleError("\n  ".join(lines))


def providers(fact: str, registry: PassSource) -> dict[str, str]:
    """Return the registered passes that establish ``fact``, each with who brings it.

    Loads every pass, so it is for errors only; a pass that cannot be loaded provides nothing.
    """
    found = {}
    for name, entry in registry.entries("passes").items():
        try:
            if establishes(registry.pass_class(name), fact):
                found[name] = entry.plugin.distribution or entry.plugin.name
        except PassmgrError:
            continue
    return found


def _advice(
    found: dict[str, str], consumer: Node | None, status: Status, disabled: Collection[str]
) -> str:
    if not found:
        return "no registered pass establishes it"
    if consumer is None:
        where = "at the end"
    elif status.earlier_round:
        where = f"at the end of the repeat or before '{consumer.name}' in it"
    else:
        where = f"before '{consumer.name}'"
    shown = [
        f"'{name}' ({by}{', disabled' * (name in disabled)})" for name, by in sorted(found.items())
    ]
    if len(shown) == 1:
        return f"{shown[0]} establishes it: write it {where}"
    return f"{', '.join(shown)} establish it: choose one and write it {where}"
