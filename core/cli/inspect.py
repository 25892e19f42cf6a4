"""``passmgr inspect``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .verb import Settings, Verb, present

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=Verb)
@click.argument("model", type=click.Path())
@click.pass_obj
def command(settings: Settings, /, model: str) -> None:
    """Show the signature, opsets, ops and parameters of MODEL; no weights are read."""
    from ..verbs.inspect import inspect

    found = inspect(model, registry=settings.registry())

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.inspection(model, found)

    present(settings, found.to_json, layout)
