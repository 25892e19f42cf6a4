"""The reference of what is registered: passes, analyses, facts, bridges, pipelines."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from ..contract import PASS_NAME, OptionSpec
from ..errors import PluginError
from ..registry import Entry, Kind, Registry
from ..registry.entries import SINGULAR
from ..verbs.describe import Description, describe
from .markdown import code, docstring, fenced, first_sentence, heading, prose, table

TITLES: dict[Kind, str] = {
    "passes": "Passes",
    "analyses": "Analyses",
    "facts": "Facts",
    "pipelines": "Pipelines",
    "frontends": "Front ends",
    "emitters": "Emitters",
    "runtimes": "Runtimes",
    "targets": "Targets",
}


ANY = "any op"
"""What a pass touches that declares nothing of it."""


def page(kinds: Sequence[Kind], title: str, registry: Registry, only: Collection[str]) -> str:
    """Return a page on all that is registered of ``kinds`` by the distributions ``only``.

    Raises:
        PluginError: Something registered cannot be loaded.
    """
    parts = [f"# {title}"]
    for kind in kinds:
        found = [entry for entry in _entries(registry, kind) if _distribution(entry) in only]
        if not found and len(kinds) > 1:
            continue
        if len(kinds) > 1:
            parts.append(f"## {TITLES[kind]}")
        parts += _listing(kind, found)
        for entry in found:
            parts += _entry(entry, registry, 3 if len(kinds) > 1 else 2)
    return "\n\n".join(parts) + "\n"


def anchor(entry: Entry) -> str:
    """Return the anchor of an entry on its page: no two kinds share one."""
    letters = "".join(c if c.isalnum() else "-" for c in entry.name).strip("-")
    return f"{SINGULAR[entry.kind].replace(' ', '-')}-{letters}"


def _entries(registry: Registry, kind: Kind) -> list[Entry]:
    return sorted(registry.entries(kind).values(), key=lambda entry: entry.name)


def _distribution(entry: Entry) -> str:
    return entry.plugin.distribution


def _listing(kind: Kind, found: Sequence[Entry]) -> list[str]:
    if not found:
        return [f"No {SINGULAR[kind]} is registered."]
    rows = [[f"[`{entry.name}`](#{anchor(entry)})", prose(entry.summary)] for entry in found]
    return [table([SINGULAR[kind], "in short"], rows)]


def _entry(entry: Entry, registry: Registry, level: int) -> Iterator[str]:
    yield heading(level, entry.name, anchor(entry))
    found = next(d for d in describe(entry.name, registry=registry) if d.kind == entry.kind)
    if not found.text:
        raise PluginError(f"{entry} of plugin {entry.plugin} has no documentation")
    if entry.kind == "pipelines":
        yield first_sentence(entry.summary)
        yield fenced(found.text.replace(", ", ",\n"))
    else:
        yield docstring(found.text)
    if found.options:
        yield _options(found.options)
    yield _declarations(found)


def _options(options: Sequence[OptionSpec]) -> str:
    rows = []
    for spec in options:
        required = spec.default is dataclasses.MISSING
        bounds = (f"{spec.minimum:g}" if spec.minimum is not None else "") + ".."
        bounds += f"{spec.maximum:g}" if spec.maximum is not None else ""
        kind = spec.type_text + (f" [{bounds}]" if bounds != ".." else "")
        default = "must be given" if required else code(_default(spec.default))
        rows.append([code(spec.name), code(kind), default, prose(spec.help)])
    return table(["option", "type", "default", "meaning"], rows)


def _default(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)


def _declarations(found: Description) -> str:
    told = {name: _linked(name, text) for name, text in found.declarations.items()}
    plugin = found.plugin
    told["brought by"] = f"{plugin.distribution} {plugin.version}, plugin {code(plugin.name)}"
    return table(["declaration", "value"], [[name, text] for name, text in told.items()])


def _linked(name: str, text: str) -> str:
    """Return a value with its names as links to the pages on facts and passes."""
    if name in ("requires", "establishes", "breaks", "followed by", "done when"):
        return ", ".join(_link("facts.md#fact-", fact) for fact in text.split(", "))
    if name in ("normalizer", "established by"):
        return ", ".join(_link("passes.md#pass-", pass_) for pass_ in text.split(", "))
    literal = name in ("source", "suffixes", "effect") or (name == "touches" and text != ANY)
    return code(text) if literal else prose(text)


def _link(target: str, name: str) -> str:
    # A fact of a family stands under the prefix, another plugin's on no page of this site.
    return f"[`{name}`]({target}{name})" if PASS_NAME.fullmatch(name) else code(name)
