"""The command line in this process, and a model to give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from passmgr.core.cli.app import main


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def passmgr(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Return a function that runs ``passmgr`` with arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PASSMGR_PLUGINS", raising=False)

    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Done(stopped.value.code, out, err)

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with an Identity to eliminate and a weight."""
    import onnx
    import onnx.parser

    path = tmp_path / "model.onnx"
    text = """
        <ir_version: 8, opset_import: ["" : 17], producer_name: "tests">
        small (float[n, 2] x) => (float[n, 2] y)
        <float[2] w = {1.0, 2.0}> {
            same = Identity(x)
            sum = Add(same, w)
            y = Relu(sum)
        }
    """
    onnx.save(onnx.parser.parse_model(text), path)
    return path
