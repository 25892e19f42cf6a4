"""Describe a registered thing by name: what it does, its options and declarations, its source."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..contract import PASS_NAME, OptionSpec, option_specs
from ..registry import KINDS, Entry, Kind, PluginInfo, Registry, load_registry
from ..report.displayed import Displayed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contract import Order, Pass


@dataclass(frozen=True)
class Description:
    """All that is known about a registered thing.

    Args:
        kind: ``passes``, ``facts``, ...
        name: Its name.
        plugin: The plugin that brings it.
        text: Its documentation; for a pipeline its text.
        options: The options of a pass or an analysis.
        declarations: What it declares, such as its effect or what it requires, as text.
    """

    kind: Kind
    name: str
    plugin: PluginInfo
    text: str
    options: tuple[OptionSpec, ...] = ()
    declarations: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The description as JSON data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "plugin": dataclasses.asdict(self.plugin),
            "text": self.text,
            "options": [_option_json(spec) for spec in self.options],
            "declarations": dict(self.declarations),
        }


class Descriptions(tuple[Description, ...], Displayed):
    """Descriptions of all that has one name; a notebook shows them as the terminal does."""

    __slots__ = ()

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.descriptions(self)


def describe(name: str, *, registry: Registry | None = None) -> Descriptions:
    """Return what is known under ``name``: mostly one thing, more where kinds share a name.

    Args:
        name: A name of any kind; a fact with a parameter (``opset>=13``) is described too.
        registry: Where to look; by default what is installed.

    Raises:
        UnknownNameError: Nothing is registered under that name.
        PluginError: It cannot be loaded, or does not keep the contract.
    """
    registry = registry or load_registry()
    kinds = [kind for kind in KINDS if name in registry.entries(kind)]
    if kinds:
        return Descriptions(_describe(registry.entry(kind, name), registry) for kind in kinds)
    for prefix, entry in registry.entries("facts").items():
        if not PASS_NAME.fullmatch(prefix) and name.startswith(prefix):
            return Descriptions([_describe(dataclasses.replace(entry, name=name), registry)])
    raise registry.unknown(None, name)


def _describe(entry: Entry, registry: Registry) -> Description:
    options: tuple[OptionSpec, ...] = ()
    declarations: dict[str, str] = {}
    if entry.kind == "passes":
        cls = registry.pass_class(entry.name)
        text, options, declarations = _doc(cls), option_specs(cls), _pass_declarations(cls)
    elif entry.kind == "analyses":
        analysis = registry.analysis(entry.name)
        text, options = _doc(analysis), option_specs(analysis)
        declarations = {"reads": _aspects(analysis.reads)}
    elif entry.kind == "facts":
        text, declarations = _describe_fact(entry, registry)
    elif entry.kind == "pipelines":
        text = registry.pipeline(entry.name)
    else:
        text, declarations = _doc(entry.load()), {"suffixes": ", ".join(entry.suffixes)}
    return Description(
        entry.kind,
        entry.name,
        entry.plugin,
        text or entry.summary,
        options,
        {key: value for key, value in declarations.items() if value},
    )


def _describe_fact(entry: Entry, registry: Registry) -> tuple[str, dict[str, str]]:
    if entry.name in registry.entries("facts") and not PASS_NAME.fullmatch(entry.name):
        family = registry.family(entry.name)
        example = family.prefix + family.example if family.example else ""
        return family.doc, {"parameter": "after the name", "example": example}
    fact = registry.fact(entry.name)
    providers = [
        name
        for name in registry.entries("passes")
        if fact.name in registry.pass_class(name).establishes
    ]
    return fact.doc, {
        "reads": _aspects(fact.reads),
        "normalizer": fact.normalizer or "",
        "established by": ", ".join(sorted(providers)),
    }


def _pass_declarations(cls: type[Pass]) -> dict[str, str]:
    flags = ("idempotent", "required", "changes_interface")
    return {
        "effect": str(cls.effect),
        "touches": str(cls.touches or "any op"),
        "requires": ", ".join(cls.requires),
        "establishes": ", ".join(cls.establishes),
        "breaks": ", ".join(cls.breaks),
        "followed by": ", ".join(cls.followed_by),
        "done when": ", ".join(cls.done_when),
        "before": _orders(cls.before),
        "after": _orders(cls.after),
        "conflicts": _orders(cls.conflicts),
        "also": ", ".join(flag.replace("_", " ") for flag in flags if getattr(cls, flag)),
        "version": str(cls.version),
        "source": f"{cls.__module__}:{cls.__qualname__}",
    }


def _orders(orders: Sequence[Order]) -> str:
    return "; ".join(
        f"{order.other}{' (soft)' if order.soft else ''}: {order.reason}" for order in orders
    )


def _aspects(aspects: Any) -> str:
    return ", ".join(aspect.name.lower() for aspect in aspects)


def _doc(found: Any) -> str:
    """Return the documentation that an object has itself, not what it inherits."""
    owner = found if isinstance(found, type) else type(found)
    text = vars(owner).get("__doc__") or ""
    # A dataclass without a docstring gets its signature for one.
    return "" if text.startswith(f"{owner.__name__}(") else inspect.cleandoc(text)


def _option_json(spec: OptionSpec) -> dict[str, Any]:
    required = spec.default is dataclasses.MISSING
    return {
        "name": spec.name,
        "type": spec.type_text,
        "required": required,
        "default": None if required else spec.default,
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "help": spec.help,
    }
