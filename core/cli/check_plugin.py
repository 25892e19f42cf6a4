"""``passmgr check-plugin``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .verb import Settings, Verb, complete_names, present, working

if TYPE_CHECKING:
    from rich.console import RenderableType

BROKEN = 3
"""Exit code where a pass does not keep the contract."""


@click.command(cls=Verb)
@click.argument("name", shell_complete=complete_names("passes"))
@click.option(
    "--model",
    "models",
    metavar="FILE",
    multiple=True,
    help="A further model to try the passes on; may be given several times.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How many generated models each pass is tried on.",
)
@click.pass_obj
def command(settings: Settings, /, name: str, models: tuple[str, ...], examples: int) -> int:
    """Hold the passes of the distribution NAME, or the pass NAME, to the contract of passes.

    Every pass is tried on models with subgraphs, functions, symbolic dimensions, old and new
    opsets; a check that fails says what was expected, two ways to get there, and which line is to
    blame. The exit code is 3 where one fails.
    """
    from ..verbs.check_plugin import check_plugin

    with working() as progress:
        results = check_plugin(
            name, models=models, examples=examples, registry=settings.registry(), progress=progress
        )

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.checks(results)

    def data() -> list[dict[str, Any]]:
        return [dataclasses.asdict(result) for result in results]

    present(settings, data, layout)
    return BROKEN if any(result.problem for result in results) else 0
