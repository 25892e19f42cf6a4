"""Verb: what all verbs of the command line share - global options, --json, completion of names."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..registry import Registry
    from ..report.console import TerminalProgress

JSON_TO_STDOUT = "--json=-"


@dataclass
class Settings:
    """What the global options say.

    Attributes:
        debug: Show tracebacks.
        plugins: Load plugins of other distributions.
        json: Where JSON goes: a file, ``-`` for stdout, ``None`` for no JSON.
    """

    debug: bool = False
    plugins: bool = True
    json: str | None = None

    def registry(self) -> Registry:
        """Load the plugins; what went wrong without harm is told on stderr."""
        from ..registry import load_registry
        from ..report.console import message

        registry = load_registry(plugins=self.plugins)
        for warning in registry.warnings:
            message(f"warning: {warning}", "yellow")
        return registry


def global_options(*, hidden: bool) -> list[click.Parameter]:
    """Return the options that may stand before the verb and, not shown in its help, after it."""

    def debug(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        ctx.ensure_object(Settings).debug |= wanted

    def no_plugins(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        ctx.ensure_object(Settings).plugins &= not wanted

    return [
        click.Option(
            ["--debug"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            hidden=hidden,
            callback=debug,
            help="Show the traceback of an error.",
        ),
        click.Option(
            ["--no-plugins"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            hidden=hidden,
            callback=no_plugins,
            help="Load no plugins but the built-in ones.",
        ),
    ]


def _json_target(ctx: click.Context, _: click.Parameter, target: str | None) -> None:
    if target not in (None, "-") and not target.endswith(".json"):
        raise click.BadParameter(f"'{target}' does not end with .json")
    ctx.ensure_object(Settings).json = target


class Verb(click.Command):
    """A verb with the global options and ``--json [FILE]``."""

    def __init__(self, *args: Any, json: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if json:
            option = click.Option(
                ["--json"],
                metavar="[FILE]",
                expose_value=False,
                callback=_json_target,
                help="Write the result as JSON to FILE (*.json), or to stdout instead of the text.",
            )
            self.params.append(option)
        self.params += global_options(hidden=True)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell ``--json`` from ``--json FILE``: a model that follows is not the file to write."""
        args = [
            JSON_TO_STDOUT if arg == "--json" and not after.endswith(".json") else arg
            for arg, after in zip_longest(args, args[1:], fillvalue="")
        ]
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click leaves out whose help to look at
            if JSON_TO_STDOUT in args:  # What is wrong may stand before it, and it is not read.
                ctx.ensure_object(Settings).json = "-"
            raise


def present(
    settings: Settings, data: Callable[[], Any], layout: Callable[[], Sequence[RenderableType]]
) -> None:
    """Write a result as JSON where that was asked for, and as text unless JSON took its place."""
    if settings.json != "-":
        from ..report.console import show

        show(*layout())
    if settings.json:
        from ..report import json

        json.write(data(), settings.json)


@contextlib.contextmanager
def working() -> Iterator[TerminalProgress]:
    """Show progress, and keep what passes and plugins print out of the results on stdout."""
    from ..report.console import TerminalProgress

    with contextlib.redirect_stdout(sys.stderr), TerminalProgress() as progress:
        yield progress


def complete_names(*kinds: str) -> Callable[..., list[CompletionItem]]:
    """Return a completer for names of these kinds, which completes what follows the last comma."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from ..registry import KINDS, load_registry

        registry = load_registry()
        head, comma, tail = incomplete.rpartition(",")
        return [
            CompletionItem(f"{head}{comma}{name}", help=entry.summary)
            for kind in KINDS
            if kind in kinds
            for name, entry in sorted(registry.entries(kind).items())
            if name.startswith(tail.lstrip())
        ]

    return complete
