"""``passmgr new-plugin``."""

from __future__ import annotations

import shlex
from typing import Any

import click

from ..scaffold import KINDS
from .verb import Settings, Verb, present


@click.command(cls=Verb)
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="pass",
    show_default=True,
    help="What the plugin brings; a rule is a pass that writes no traversal.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="FOLDER",
    type=click.Path(),
    help="The folder to make; by default NAME in the current one.",
)
@click.pass_obj
def command(settings: Settings, /, name: str, kind: Any, folder: str | None) -> None:
    """Make a plugin: a package called NAME with an example that works, its tests and a README.

    NAME is that of a distribution, such as my-passes. The folder appears whole or not at all, and
    must not exist before.
    """
    from ..scaffold import module_name
    from ..verbs.new_plugin import new_plugin
    from ..verbs.paths import check_output

    if settings.json not in (None, "-"):
        check_output(settings.json)
    path = new_plugin(name, kind, folder)
    made, module = KINDS[kind], module_name(name)
    next_ = [
        f"cd {shlex.quote(str(path))}",
        "pip install -e '.[test]'",
        "pytest",
        f"passmgr list {made.listed}",
    ]

    def data() -> dict[str, Any]:
        files = sorted(
            file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()
        )
        return {
            "name": name,
            "kind": kind,
            "module": module,
            "folder": str(path),
            "files": files,
            "next": next_,
        }

    def layout() -> list[str]:
        example = path / module / made.example
        return [
            f"{path}: a plugin with {made.what} ({example}); next:",
            *(f"  {line}" for line in next_),
        ]

    present(settings, data, layout)
