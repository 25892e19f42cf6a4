"""``passmgr compare``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .verb import Settings, Verb, present, working

if TYPE_CHECKING:
    from rich.console import RenderableType

DIFFERENT = 1


@click.command(cls=Verb)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option(
    "--inputs",
    metavar="FILE|MODULE:FUNCTION",
    help="Sample inputs: .npz, a folder of .npy or .pb, or a function. Synthesized by default.",
)
@click.option("--layers", is_flag=True, help="Compare inner values of the same name too.")
@click.option(
    "--rtol",
    metavar="X",
    type=click.FloatRange(min=0),
    help="Tolerance relative to the largest magnitude of an output; 1e-4 by default.",
)
@click.option(
    "--atol",
    metavar="X",
    type=click.FloatRange(min=0),
    help="Absolute tolerance; 0 by default. With both 0, every bit must be equal.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of synthesized inputs.")
@click.pass_obj
def command(settings: Settings, /, a: str, b: str, **options: Any) -> int:
    """Run the same inputs through the models A and B; the exit code is 1 where they differ."""
    from ..verbs.compare import compare

    given = {name: value for name, value in options.items() if value is not None}
    with working():
        found = compare(a, b, registry=settings.registry(), **given)

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.comparison(a, b, found)

    present(settings, found.to_json, layout)
    return 0 if found.equal else DIFFERENT
