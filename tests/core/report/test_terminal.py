"""Tables: where the screen is narrow, text wraps and nothing of it is lost."""

from __future__ import annotations

import pytest

from passmgr.core.report.console import show
from passmgr.core.report.terminal import table


def test_long_text_in_any_column_is_shown_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    grid = table("output", "status", "relative", "reason", right=["relative"])
    grid.add_row("encoder/" * 12, "undecided", "1.5e-07", "nan in both " * 8)
    show(grid)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 40
    assert (shown.count("encoder/"), shown.count("both")) == (12, 8)
    assert "1.5e-07" in shown
