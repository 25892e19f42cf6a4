"""The command ``passmgr``: finds the verb, runs it, turns every error into one line and a code."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

import click

from ..errors import OutputError, PassmgrError
from .start import signal_behind
from .verb import Settings, Verb, global_options

VERBS = {
    "run": "Run a pipeline on a model and prove that it still computes the same.",
    "plan": "Show the schedule and the reason of every step; run nothing.",
    "list": "List passes, facts, bridges, pipelines or plugins.",
    "describe": "Describe a pass, fact, bridge or pipeline by name.",
    "inspect": "Show what a model consists of.",
    "compare": "Run the same inputs through two models and compare the outputs.",
    "check-plugin": "Hold the passes of a plugin to the contract of passes.",
    "new-plugin": "Make a plugin of your own: a package with an example that works.",
    "completion": "Print the script that completes passmgr commands in a shell.",
}
INTERRUPTED = 130
COMPLETE_VARIABLE = "_PASSMGR_COMPLETE"
EXIT_CODES = """\b
Exit codes:
  0  done
  1  the model failed a check
  2  wrong usage or input
  3  a pass, a plugin or passmgr itself failed
"""


class Verbs(click.Group):
    """The verbs, each imported when it is used and not to print the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb."""
        if cmd_name not in VERBS:
            return None
        module = f".{cmd_name.replace('-', '_')}"
        command = importlib.import_module(module, __package__).command
        assert isinstance(command, Verb)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which verbs there are."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            raise click.UsageError(f"unknown verb '{name}'; verbs: {', '.join(VERBS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        from ..contract.compatibility import API_VERSION

        click.echo(f"passmgr {version('passmgr')} (plugin API {API_VERSION})")
        ctx.exit()


@click.group(
    cls=Verbs,
    epilog=EXIT_CODES,
    subcommand_metavar="VERB [ARGUMENTS]...",
    params=global_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
def app() -> None:
    """A compiler-style pass framework that brings neural networks into production."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: What stands after ``passmgr``; by default what the shell gave.
    """
    if COMPLETE_VARIABLE in os.environ:
        app.main(prog_name="passmgr", complete_var=COMPLETE_VARIABLE)  # answers the shell and exits
    settings = Settings()
    with contextlib.suppress(AttributeError):  # A stand-in for stdout takes any text.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments), settings)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough. The interpreter flushes stdout once more on its
        # way out, which must find somewhere to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def _run(arguments: list[str], settings: Settings) -> int:
    try:
        with app.make_context("passmgr", arguments, obj=settings) as context:
            return int(app.invoke(context) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # the border to the shell
        return _explain(error, settings)


def _explain(error: BaseException, settings: Settings) -> int:
    """Tell the user what went wrong in one line, and return the exit code."""
    from ..registry.entries import describe_error
    from ..report.console import message

    if settings.debug:
        import traceback

        traceback.print_exception(error)
    error = signal_behind(error) or error
    if isinstance(error, KeyboardInterrupt):
        code, text = getattr(error, "exit_code", INTERRUPTED), str(error) or "interrupted"
    elif isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "passmgr"
        told = error.format_message().replace("\n\t", " ").rstrip(".")  # click lists choices below
        code, text = error.exit_code, f"{told} (see '{path} --help')"
    elif isinstance(error, PassmgrError):
        code, text = error.exit_code, str(error)
    else:
        code, text = 3, f"{describe_error(error)}; 'passmgr --debug ...' shows where"
    message(f"error: {text}", "red")
    for note in getattr(error, "__notes__", ()):
        message(note)
    if settings.json:
        from ..report import json

        with contextlib.suppress(OutputError):
            json.write(json.failure(error, text, code), settings.json)
    return code
