"""Registrar: what a plugin registers with; a staging area until all of it is proved sound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..contract import PASS_NAME
from ..errors import PluginError
from .entries import SINGULAR, Entry, Kind, PluginInfo

FAMILY_PREFIX = re.compile(rf"{PASS_NAME.pattern}(:|>=|<=|==)")
TARGET_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
SUFFIX = re.compile(r"\.[A-Za-z0-9_.]+")


class Registrar:
    """Takes the registrations of one plugin.

    Every ``target`` is a lazy path ``"package.module:attribute"``, loaded on first use, or the
    object itself. Every ``summary`` is one sentence for ``passmgr list``.

    Args:
        plugin: The plugin that registers.
    """

    def __init__(self, plugin: PluginInfo) -> None:
        self.plugin = plugin
        self._entries: dict[tuple[Kind, str], Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def add_pass(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a subclass of ``Pass``, or what ``@pass_`` made of a function."""
        self._add("passes", name, target, summary)

    def add_analysis(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a subclass of ``Analysis``."""
        self._add("analyses", name, target, summary)

    def add_fact(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a ``Fact``."""
        self._add("facts", name, target, summary)

    def add_fact_family(self, prefix: str, target: Any, *, summary: str = "") -> None:
        """Register a ``FactFamily`` under its prefix, such as ``opset>=`` or ``no-op:``."""
        if not FAMILY_PREFIX.fullmatch(prefix):
            raise PluginError(
                f"'{prefix}' is no prefix of a family of facts; write kebab-case and a separator, "
                "such as 'opset>=' or 'no-op:'"
            )
        self._insert(Entry("facts", prefix, _checked_target(prefix, target), summary, self.plugin))

    def add_frontend(
        self, name: str, target: Any, *, suffixes: Sequence[str], summary: str = ""
    ) -> None:
        """Register a front end for files that end in one of ``suffixes``."""
        self._add("frontends", name, target, summary, suffixes)

    def add_emitter(
        self, name: str, target: Any, *, suffixes: Sequence[str], summary: str = ""
    ) -> None:
        """Register an emitter for files that end in one of ``suffixes``."""
        self._add("emitters", name, target, summary, suffixes)

    def add_runtime(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a runtime."""
        self._add("runtimes", name, target, summary)

    def add_target(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a deployment target."""
        self._add("targets", name, target, summary)

    def add_pipeline(self, name: str, text: str, *, summary: str = "") -> None:
        """Register a named pipeline by its text; it is parsed on first use."""
        _check_name("pipelines", name)
        self._insert(Entry("pipelines", name, text, summary, self.plugin))

    def _add(
        self, kind: Kind, name: str, target: Any, summary: str, suffixes: Sequence[str] = ()
    ) -> None:
        _check_name(kind, name)
        if isinstance(suffixes, str) or not all(SUFFIX.fullmatch(suffix) for suffix in suffixes):
            raise PluginError(
                f"{SINGULAR[kind]} '{name}': suffixes are a list such as ['.onnx'], "
                f"not {suffixes!r}"
            )
        self._insert(
            Entry(kind, name, _checked_target(name, target), summary, self.plugin, tuple(suffixes))
        )

    def _insert(self, entry: Entry) -> None:
        if (entry.kind, entry.name) in self._entries:
            raise PluginError(f"registers the {entry} twice")
        self._entries[entry.kind, entry.name] = entry


def _check_name(kind: Kind, name: str) -> None:
    if not isinstance(name, str) or not PASS_NAME.fullmatch(name):
        raise PluginError(
            f"{SINGULAR[kind]} {name!r}: a name is kebab-case, such as 'fold-constants'"
        )


def _checked_target(name: str, target: Any) -> Any:
    if isinstance(target, str) and not TARGET_PATH.fullmatch(target):
        raise PluginError(
            f"'{target}', the target of '{name}', is no path; write 'package.module:attribute'"
        )
    return target
