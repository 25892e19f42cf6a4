"""The reference of the command line: verbs, their arguments and options, exit codes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from .. import errors
from ..cli.app import EXIT_CODES, VERBS, app
from ..cli.start import SIGNALS
from .markdown import code, docstring, fenced, heading, own_doc, prose, table


def commands_page() -> str:
    """Return the page on all verbs of the command line."""
    # With the settings of the real one: click keeps what it makes of them on the command.
    context = click.Context(app, info_name="passmgr", **app.context_settings)
    parts = [
        "# Command line",
        "Results go to stdout, messages to stderr. Each verb is a Python function of the same "
        "name, where it has a result that a program can use ([Python names](python.md)).",
        table(["verb", "in short"], [[f"[`{n}`](#verb-{n})", told] for n, told in VERBS.items()]),
        "## Options of all verbs {#global-options}",
        "They may stand before the verb or after it.",
        _parameters(app.get_params(context)),
    ]
    for name in VERBS:
        command = app.get_command(context, name)
        assert command is not None
        parts += _verb(name, command, context)
    return "\n\n".join(parts) + "\n"


def _verb(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield heading(2, name, f"verb-{name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield fenced(" ".join(usage.split()))
    yield prose(inspect.cleandoc(command.help or ""))
    yield _parameters([p for p in command.get_params(context) if not getattr(p, "hidden", False)])


def _parameters(parameters: list[click.Parameter]) -> str:
    rows = []
    for parameter in parameters:
        if not isinstance(parameter, click.Option):
            continue  # what an argument means stands in the text
        names = ", ".join(code(name) for name in parameter.opts)
        default = code(parameter.default) if parameter.show_default else ""
        rows.append([names, _values(parameter), default, prose(parameter.help or "")])
    return table(["option", "value", "default", "meaning"], rows)


def _values(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return code("|".join(str(choice) for choice in option.type.choices))
    return code(option.metavar or option.type.name.upper())


def exit_codes() -> dict[int, str]:
    """Return what each exit code of the command means."""
    found = re.findall(r"^ +(\d+) +(.+)$", EXIT_CODES, re.MULTILINE)
    told = {int(number): meaning for number, meaning in found}
    return told | {128 + number: f"ended by a signal ({word})" for number, word in SIGNALS.items()}


def error_classes() -> list[type[errors.PassmgrError]]:
    """Return the classes of errors that a user meets, the root first."""
    return [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.PassmgrError)
    ]


def errors_page() -> str:
    """Return the page on exit codes and errors."""
    classes = error_classes()
    rows = []
    for number, meaning in sorted(exit_codes().items()):
        raised = [f"[`{c.__name__}`](#error-{c.__name__})" for c in classes if number == _code(c)]
        rows.append([code(number), prose(meaning), ", ".join(raised)])
    parts = [
        "# Errors and exit codes",
        "An error is one line on stderr: what is wrong, where, and what to do. `passmgr --debug` "
        "shows the traceback too. From Python the same comes as an exception.",
        "## Exit codes {#exit-codes}",
        table(["code", "meaning", "errors"], rows),
        "## Errors {#errors}",
        "All are in `passmgr.core.errors`.",
    ]
    for found in classes:
        parts += _error(found)
    return "\n\n".join(parts) + "\n"


def _code(found: type[errors.PassmgrError]) -> int:
    return found.exit_code


def _error(found: type[errors.PassmgrError]) -> Iterator[str]:
    yield heading(3, found.__name__, f"error-{found.__name__}")
    yield docstring(own_doc(found))
    bases = ", ".join(code(base.__name__) for base in found.__bases__)
    yield f"A subclass of {bases}; exit code {code(found.exit_code)}."
