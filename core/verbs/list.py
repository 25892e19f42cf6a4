"""List what is registered: passes, facts, bridges, pipelines, and the plugins that bring them."""

from __future__ import annotations

from typing import Literal, overload

from ..errors import UsageError
from ..registry import KINDS, Entry, Kind, PluginInfo, Registry, load_registry


@overload
def list(
    kind: Literal["plugins"], *, registry: Registry | None = None
) -> tuple[PluginInfo, ...]: ...


@overload
def list(kind: Kind = "passes", *, registry: Registry | None = None) -> tuple[Entry, ...]: ...


def list(
    kind: Kind | Literal["plugins"] = "passes", *, registry: Registry | None = None
) -> tuple[Entry, ...] | tuple[PluginInfo, ...]:
    """Return everything of a kind, sorted by name; nothing of it is imported.

    Args:
        kind: ``passes``, ``analyses``, ``facts``, ``frontends``, ``emitters``, ``runtimes``,
            ``targets``, ``pipelines``, or ``plugins`` for all plugins found, loaded or not.
        registry: What to list; by default what is installed.

    Raises:
        UsageError: There is no such kind.
    """
    registry = registry or load_registry()
    if kind == "plugins":
        return registry.plugins
    if kind not in KINDS:
        raise UsageError(f"unknown kind '{kind}'; kinds: {', '.join(KINDS)}, plugins")
    return tuple(sorted(registry.entries(kind).values(), key=lambda entry: entry.name))
