"""Results to stdout, messages to stderr; colour and progress on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TypeVar

from ..errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

T = TypeVar("T")
UNLIMITED = 10_000
"""Width where nobody looks at a screen: one line stays one line for grep and for logs."""


def show(*parts: RenderableType) -> None:
    """Print ``parts`` to stdout, below each other; a plain string goes as it is.

    Raises:
        OutputError: What stdout goes to is full.
    """
    with _reported():
        console = _console(stderr=False)
        for part in parts:
            if isinstance(part, str):
                print(part)
                continue
            with console.capture() as captured:
                console.print(part)
            for line in captured.get().splitlines():
                print(line.rstrip())
        sys.stdout.flush()


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # Nobody reads on, which is no error.
        raise
    except OSError as error:
        raise OutputError(f"stdout cannot be written: {error.strerror}") from error


def message(text: str, style: str = "") -> None:
    """Print one line to stderr; ``error`` and ``warning`` at its start are coloured."""
    if style and sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        head, colon, rest = text.partition(":")
        code = {"red": "31", "yellow": "33"}[style]
        text = f"\033[{code}m{head}{colon}\033[0m{rest}"
    print(text, file=sys.stderr, flush=True)


def _console(stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else UNLIMITED
    return Console(stderr=stderr, width=width, soft_wrap=False)


class TerminalProgress:
    """Shows progress bars on stderr while it is entered, and nothing where that is no terminal."""

    def __init__(self) -> None:
        self._live: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
            )

            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=_console(stderr=True),
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def track(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """Yield ``items`` and show them going by."""
        if self._live is None:
            yield from items
            return
        task = self._live.add_task(description, total=total)
        try:
            for item in items:
                yield item
                self._live.advance(task)
        finally:
            self._live.remove_task(task)
