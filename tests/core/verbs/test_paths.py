"""Output paths that are refused before any work; links are covered by the tests of the verbs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from passmgr.core.errors import OutputError
from passmgr.core.verbs.paths import check_output


def test_new_and_old_files_are_fine(tmp_path: Path) -> None:
    source = tmp_path / "in.onnx"
    source.touch()
    old = tmp_path / "out.onnx"
    check_output(old, source)
    old.touch()
    check_output(old, source, tmp_path / "missing.onnx")


def test_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(OutputError, match="is not writable"):
        check_output(tmp_path / "out.onnx")


def test_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        check_output(tmp_path / f"{'long' * 100}.onnx")


def test_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as caught:
        check_output(tmp_path / "file" / "out.onnx")
    assert str(caught.value) == (
        f"the folder '{tmp_path / 'file'}' of the output 'out.onnx' does not exist"
    )
