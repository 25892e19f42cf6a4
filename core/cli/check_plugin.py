"""``passmgr check-plugin``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..registry.entries import SINGULAR
from .verb import Settings, Verb, complete_names, present, working

if TYPE_CHECKING:
    from rich.console import RenderableType

BROKEN = 3
"""Exit code where the contract is not kept."""


@click.command(cls=Verb)
@click.argument("name", shell_complete=complete_names(*SINGULAR))
@click.option(
    "--model",
    "models",
    metavar="FILE",
    multiple=True,
    help="A further model to try them on; may be given several times.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="How many generated models each of them is tried on.",
)
@click.pass_obj
def command(settings: Settings, /, name: str, models: tuple[str, ...], examples: int) -> int:
    """Hold all that the distribution NAME brings, or what is called NAME, to the contract.

    Passes, analyses, facts, front ends, emitters, runtimes and pipelines are tried on models with
    subgraphs, functions, symbolic dimensions, old and new opsets, and on generated ones; a check
    that fails says what was expected, two ways to get there, and which line is to blame. The exit
    code is 3 where one fails.
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
