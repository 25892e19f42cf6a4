"""``passmgr run``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import PassmgrError
from .verb import Settings, Verb, complete_names, present, working

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..manager.records import RunResult


@click.command(cls=Verb)
@click.argument("model", type=click.Path())
@click.option(
    "-p",
    "--pipeline",
    metavar="TEXT|FILE.toml",
    default="default",
    show_default=True,
    shell_complete=complete_names("passes", "pipelines"),
    help="Passes and named pipelines, such as 'sort, fold-constants{max_growth=1000}'.",
)
@click.option("-o", "--output", type=click.Path(), help="File to write; else none is.")
@click.option(
    "--inputs",
    metavar="FILE|MODULE:FUNCTION",
    help="Sample inputs: .npz, a folder of .npy or .pb, or a function. Synthesized by default.",
)
@click.option(
    "--verify",
    type=click.Choice(["off", "changed", "each"]),
    default="changed",
    show_default=True,
    help="Check the structure of nothing, of what changed, or of everything after each pass.",
)
@click.option(
    "--guard",
    type=click.Choice(["off", "final", "each"]),
    default="final",
    show_default=True,
    help="Compare the outputs never, at the end, or after each pass.",
)
@click.option(
    "--guard-limit",
    metavar="BYTES",
    type=click.IntRange(min=0),
    help="Compare no numbers where the weights are larger; 2 GiB by default.",
)
@click.option(
    "--max-drift",
    metavar="X",
    type=click.FloatRange(min=0),
    help="Fail where an output moves by more than X of its largest magnitude.",
)
@click.option(
    "--on-failure",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="Stop at a pass that fails, or go on without it.",
)
@click.option(
    "--pass-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="How long one pass may take.",
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
    "--locked", metavar="FILE", type=click.Path(), help="Run the plan that 'plan --lock' wrote."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything random.")
@click.option(
    "--print-ir",
    type=click.Choice(["before", "after", "changed"]),
    help="Print the model as text around each pass, or what each pass changed of it.",
)
@click.option(
    "--print-ir-filter",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_names("passes"),
    help="Print it for this pass only; may be given several times.",
)
@click.option(
    "--reproducer-dir",
    metavar="FOLDER",
    type=click.Path(),
    help="Where the means to replay a failure go.",
)
@click.pass_obj
def command(settings: Settings, /, model: str, output: str | None, **options: Any) -> None:
    """Run a pipeline on MODEL, check that the outputs stayed the same, and write the result.

    The output appears whole or not at all; MODEL itself is never changed.
    """
    from ..report.console import message
    from ..verbs.paths import check_output
    from ..verbs.run import run

    for path in (output, settings.json):
        if path not in (None, "-"):
            check_output(path, model)
    given = {name: value for name, value in options.items() if value is not None}
    registry = settings.registry()
    if output is not None:
        registry.emitter_for(output)
    try:
        with working() as progress:
            result = run(model, output=output, registry=registry, progress=progress, **given)
    except PassmgrError as error:
        # The steps up to the failure are a result too; with --json they are part of the error.
        partial: RunResult | None = getattr(error, "result", None)
        if partial is not None and settings.json is None:
            present(settings, partial.to_json, lambda: _layout(partial, stopped=True))
        raise
    for warning in result.warnings:
        if warning not in registry.warnings:  # those are told when the registry is loaded
            message(f"warning: {warning}", "yellow")
    present(settings, result.to_json, lambda: _layout(result))


def _layout(result: RunResult, *, stopped: bool = False) -> Sequence[RenderableType]:
    from ..report.run import summary

    return [*result.diffs, *summary(result, stopped=stopped)]
