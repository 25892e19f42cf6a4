"""``passmgr plan``."""

from __future__ import annotations

from typing import Any

import click

from .verb import Settings, Verb, complete_names, present, working


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
    present(settings, found.to_json, lambda: [found.to_text().rstrip()])
