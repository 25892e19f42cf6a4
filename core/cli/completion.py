"""``passmgr completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .verb import Verb

INSTALL = """\b
bash: eval "$(passmgr completion bash)"        in ~/.bashrc
zsh:  eval "$(passmgr completion zsh)"         in ~/.zshrc
fish: passmgr completion fish > ~/.config/fish/completions/passmgr.fish
"""


@click.command(cls=Verb, json=False, epilog=INSTALL)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
def command(shell: str) -> None:
    """Print the script that completes commands of passmgr in SHELL: bash, zsh or fish."""
    from .app import COMPLETE_VARIABLE, app

    script = get_completion_class(shell)
    assert script is not None  # one of the choices above
    source = script(app, {}, "passmgr", COMPLETE_VARIABLE).source()
    # click's script for fish takes the second of all words between commas, and loses what a
    # pipeline or a help text has after its first comma.
    click.echo(source.replace('string split ","', 'string split --max 1 ","'))
