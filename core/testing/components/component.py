"""Component: an analysis, a fact, a bridge or a pipeline under test, with models to try it on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...contract import PASS_NAME
from ...errors import UsageError
from ...guard import Guard
from ...registry import Entry
from ..subject import Case

if TYPE_CHECKING:
    from ...registry import Registry


@dataclass(frozen=True)
class Component:
    """What is under test.

    Args:
        entry: How it is registered; for a fact of a family under the name of that fact.
        target: The object itself: an instance of the analysis or bridge, the fact, or the text of
            the pipeline.
        registry: Where everything else comes from.
        cases: The models to try it on.
        files: Model files of its author, which a front end under test has to read.
        examples: How many generated models it is tried on besides.
    """

    entry: Entry
    target: Any
    registry: Registry
    cases: tuple[Case, ...]
    files: tuple[Path, ...] = ()
    examples: int = 50
    guard: Guard = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guard", Guard(self.registry.runtime("onnxruntime")))

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.entry.name


def components_of(
    entry: Entry,
    registry: Registry,
    cases: Sequence[Case],
    files: Sequence[Path] = (),
    examples: int = 20,
) -> Iterator[Component]:
    """Yield what is to be tested of a registered thing: itself, or the facts of a family.

    Raises:
        PluginError: It cannot be loaded, or is not what it is registered as.
        UsageError: It is a family of facts of which no parameter is known.
    """
    for name, target in _targets(entry, registry):
        named = dataclasses.replace(entry, name=name)
        yield Component(named, target, registry, tuple(cases), tuple(files), examples)


def _targets(entry: Entry, registry: Registry) -> Iterator[tuple[str, Any]]:
    name = entry.name
    if entry.kind == "analyses":
        yield name, registry.analysis(name)()
    elif entry.kind == "facts" and not PASS_NAME.fullmatch(name):
        example = registry.family(name).example
        if not example:
            raise UsageError(
                f"the facts '{name}...' cannot be tested without a parameter; give their "
                "FactFamily an `example`"
            )
        yield name + example, registry.fact(name + example)
    elif entry.kind == "facts":
        yield name, registry.fact(name)
    elif entry.kind == "pipelines":
        yield name, registry.pipeline(name)
    elif entry.kind in ("frontends", "emitters", "runtimes"):
        yield name, registry.bridge(entry)
