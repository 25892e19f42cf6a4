"""Text files appear whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from passmgr.core.errors import OutputError
from passmgr.core.text_file import write_text_file


def test_writes_and_replaces_also_through_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "a.json", tmp_path / "link.json"
    link.symlink_to(target)
    for text in ("one", "zwei \N{SNOWMAN}"):
        write_text_file(link, text)
        assert target.read_text(encoding="utf-8") == text
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [target, link]


def test_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OutputError) as caught:
            write_text_file(target, "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert str(caught.value) == f"'{target}' cannot be written: File too large; nothing was left"
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == "old"


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
        write_text_file(tmp_path / "none" / "a.json", "text")


def test_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text_file(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert pipe.is_fifo()
