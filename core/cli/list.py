"""``passmgr list``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..registry import KINDS
from .verb import Settings, Verb, present

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=Verb)
@click.argument("kind", type=click.Choice([*KINDS, "plugins"]), default="passes", metavar="[KIND]")
@click.pass_obj
def command(settings: Settings, /, kind: Any) -> None:
    """List what is registered of KIND: passes (the default), analyses, facts, frontends, ...

    Kinds: passes, analyses, facts, frontends, emitters, runtimes, targets, pipelines, plugins.
    'passmgr list plugins' shows every plugin that was found with its version, origin and state,
    and why one could not be loaded.
    """
    from ..verbs.list import list

    found = list(kind, registry=settings.registry())

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.plugins(found) if kind == "plugins" else terminal.entries(kind, found)

    present(settings, lambda: [_json(item) for item in found], layout)


def _json(item: Any) -> dict[str, Any]:
    data = dataclasses.asdict(item)
    if "target" in data:
        data["target"] = str(item.target)
    return data
