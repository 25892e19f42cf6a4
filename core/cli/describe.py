"""``passmgr describe``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..registry import KINDS
from .verb import Settings, Verb, complete_names, present

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=Verb)
@click.argument("name", shell_complete=complete_names(*KINDS))
@click.pass_obj
def command(settings: Settings, /, name: str) -> None:
    """Describe NAME: what it does, its options and declarations, and which plugin brought it."""
    from ..verbs.describe import describe

    found = describe(name, registry=settings.registry())

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.descriptions(found)

    present(settings, lambda: [description.to_json() for description in found], layout)
