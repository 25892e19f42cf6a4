"""``passmgr inspect``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .verb import Settings, Verb, present

if TYPE_CHECKING:
    from rich.console import RenderableType


def _read_dims(
    _: click.Context, _parameter: click.Parameter, given: Sequence[str]
) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for text in given:
        name, equals, number = text.rpartition("=")
        digits = number.isascii() and number.isdigit() and len(number) < 19  # an int64 holds it
        if not name or not equals or not digits or not int(number):
            raise click.BadParameter(
                f"'{text}' is not of the form NAME=NUMBER with a whole number from 1, "
                "such as batch=8"
            )
        if sizes.setdefault(name, int(number)) != int(number):
            raise click.BadParameter(f"'{name}' is given as {sizes[name]} and as {int(number)}")
    return sizes


@click.command(cls=Verb)
@click.argument("model", type=click.Path())
@click.option(
    "--dim",
    "dims",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_read_dims,
    help="Size of an open dimension, for MACs and memory; others are 1. May be repeated.",
)
@click.pass_obj
def command(settings: Settings, /, model: str, dims: dict[str, int]) -> None:
    """Show the signature, ops, parameters, MACs and peak memory of MODEL.

    MACs are multiply-accumulates of convolutions, matrix products and the like. Peak memory is that
    of activations, each in a place of its own. No weights are read.
    """
    from ..verbs.inspect import inspect

    found = inspect(model, dims=dims, registry=settings.registry())

    def layout() -> Sequence[RenderableType]:
        from ..report import terminal

        return terminal.inspection(model, found)

    present(settings, found.to_json, layout)
