"""Colour and progress on a terminal only; NO_COLOR holds."""

from __future__ import annotations

import io
import os
import pty
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress

import pytest
from rich.text import Text

from passmgr.core.report.console import TerminalProgress, message, show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which terminals have colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def seen_on_a_terminal() -> str:
    screen = Terminal()
    with redirect_stdout(screen), redirect_stderr(screen):
        message("error: it is: broken", "red")
        show(Text("green", "green"), "plain")
    return screen.getvalue()


@pytest.mark.usefixtures("colours")
def test_terminal_gets_colour() -> None:
    assert seen_on_a_terminal() == (
        "\033[31merror:\033[0m it is: broken\n\033[32mgreen\033[0m\nplain\n"
    )


@pytest.mark.usefixtures("colours")
def test_no_color_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert seen_on_a_terminal() == "error: it is: broken\ngreen\nplain\n"


def test_file_gets_neither_colour_nor_progress(capsys: pytest.CaptureFixture[str]) -> None:
    message("warning: old", "yellow")
    show(Text("green", "green"))
    with TerminalProgress() as progress:
        assert list(progress.track([1, 2], "counting", 2)) == [1, 2]
    assert capsys.readouterr() == ("green\n", "warning: old\n")


def test_progress_is_shown_on_a_terminal_and_removed() -> None:
    reader, writer = pty.openpty()
    before = sys.stderr
    try:
        with os.fdopen(writer, "w") as sys.stderr, TerminalProgress() as progress:
            items = progress.track(iter("ab"), "counting", 2)
            assert next(items) == "a"
            assert progress._live is not None
            progress._live.refresh()
            assert list(items) == ["b"]
            assert progress._live.tasks == []
        shown = ""
        with suppress(OSError):  # There is no more to read.
            while text := os.read(reader, 10_000).decode():
                shown += text
    finally:
        sys.stderr = before
        os.close(reader)
    assert "counting" in shown
