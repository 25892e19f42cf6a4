"""The default pipeline on every shipped model: fewer nodes, equal numbers, nothing left to do."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import passmgr

ROOT = Path(__file__).parents[2]
MODELS = sorted(
    [*ROOT.glob("tests/models/*.onnxtxt"), *ROOT.glob("core/testing/models/*.onnxtxt")],
    key=lambda path: path.name,
)
CLEAN = ("quantized", "random", "shadows", "unknown")
"""Models from which nothing can be left out."""
INVALID = ("shadows",)
"""Models that no runtime takes before their names are made unique."""


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_default_cleans_up_and_is_done(path: Path, tmp_path: Path) -> None:
    first = passmgr.run(path, output=tmp_path / "one.onnx", guard="each", verify="each")
    assert first.guard is not None
    if path.stem not in INVALID:
        assert first.guard.status == "passed", first.guard.reason
    if path.stem not in CLEAN:
        assert first.records[-1].nodes_after < first.records[0].nodes_before
    onnx.checker.check_model(tmp_path / "one.onnx", full_check=True)
    again = passmgr.run(tmp_path / "one.onnx", output=tmp_path / "two.onnx")
    # Inference may know more of a dimension once the node is gone that hid it.
    changed = {record.name for record in again.records if record.status == "changed"}
    assert changed <= {"infer-shapes"}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_same_run_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    for name in ("one.onnx", "two.onnx"):
        passmgr.run(path, output=tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
