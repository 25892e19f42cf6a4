"""What the registry holds: an entry for each registered thing, a record for each plugin."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import PluginError

Kind = Literal[
    "passes",
    "analyses",
    "facts",
    "frontends",
    "emitters",
    "runtimes",
    "targets",
    "pipelines",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

SINGULAR: dict[Kind, str] = {
    "passes": "pass",
    "analyses": "analysis",
    "facts": "fact",
    "frontends": "front end",
    "emitters": "emitter",
    "runtimes": "runtime",
    "targets": "target",
    "pipelines": "pipeline",
}

PluginState = Literal["loaded", "broken", "incompatible", "disabled"]


@dataclass(frozen=True)
class PluginInfo:
    """One plugin, whether it could be loaded or not.

    Args:
        name: The name of its entry point.
        distribution: The distribution that brings it; empty for one handed over from Python.
        version: The version of that distribution.
        origin: The module or object behind it, as the entry point says.
        state: Whether it takes part, and if not, why in one word.
        reason: Why it does not take part, or what of it was switched off; one line.
        deprecations: What it used while it was loaded that will be removed; one line each.
    """

    name: str
    distribution: str
    version: str
    origin: str
    state: PluginState = "loaded"
    reason: str = ""
    deprecations: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.distribution:
            return f"'{self.name}'"
        return f"'{self.name}' ({self.distribution} {self.version})"


@dataclass(frozen=True)
class Entry:
    """One registered thing.

    Args:
        kind: What it is.
        name: The name it goes by; for a family of facts the prefix, such as ``opset>=``.
        target: ``module:attribute`` or the object itself; for a pipeline its text.
        summary: One sentence for ``passmgr list``.
        plugin: Who registered it.
        suffixes: File suffixes of a front end or an emitter.
    """

    kind: Kind
    name: str
    target: Any
    summary: str
    plugin: PluginInfo
    suffixes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{SINGULAR[self.kind]} '{self.name}'"

    def load(self) -> Any:
        """Return the object behind the entry; imports its module where the target is a path.

        Raises:
            PluginError: The module cannot be imported or has no such attribute.
        """
        if not isinstance(self.target, str) or self.kind == "pipelines":
            return self.target
        module, _, attributes = self.target.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for attribute in attributes.split("."):
                found = getattr(found, attribute)
        except (Exception, SystemExit) as error:  # whatever the plugin's module does on import
            raise PluginError(
                f"{self} of plugin {self.plugin} cannot be loaded from '{self.target}': "
                f"{describe_error(error)}"
            ) from error
        return found


def describe_error(error: BaseException) -> str:
    """Return an error as one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
