"""``passmgr plan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .verb import Settings, Verb, complete_names, present, working

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command(cls=Verb)
@click.argument("model", type=click.Path())
@click.option(
    "-p",
    "--pipeline",
    metavar="TEXT|FILE.toml",
    default="default",
    show_default=True,
    shell_complete=complete_names("passes", "pipelines"),
    help="Passes and named pipelines.",
)
@click.option(
    "--disable",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_names("passes"),
    help="Leave a pass out; may be given several times.",
)
@click.option("--keep-order", is_flag=True, help="Take a pass that must be moved for an error.")
@click.option(
    "--lock", metavar="FILE", type=click.Path(), help="Write the plan for 'run --locked FILE'."
)
@click.pass_obj
def command(settings: Settings, /, model: str, **options: Any) -> None:
    """Show in which order the passes would run on MODEL, and the reason of every step."""
    from ..verbs.plan import plan

    with working():
        found = plan(model, registry=settings.registry(), **options)

    def layout() -> Sequence[RenderableType]:
        from ..report.plan import plan_layout

        return plan_layout(found)

    present(settings, found.to_json, layout)
