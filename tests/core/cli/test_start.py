"""Signals: one line, the exit code that shells expect, nothing left; names that are not UTF-8."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import program

from passmgr.core.cli.start import SIGNALS

# Writes a model, and sends the process a signal when the weights are half on the disk.
STOPPED_WHILE_WRITING = """
import os, sys
from passmgr.core.cli.start import main
from passmgr.plugins.emitters.onnx_file import emitter
number = int(sys.argv.pop())
def finish(file):
    file.flush()
    os.kill(os.getpid(), number)
emitter.finish = finish
main()
"""


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Let the programs under test hear signals that the tests themselves ignore, as under nohup."""
    ignored = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (signal.SIGINT, "error: interrupted\n"),
        (signal.SIGTERM, "error: terminated\n"),
        (signal.SIGHUP, "error: hung up\n"),
    ],
)
@pytest.mark.parametrize("external", [False, True])
def test_signal_while_writing_leaves_the_old_file(
    model: Path, tmp_path: Path, number: signal.Signals, line: str, external: bool
) -> None:
    import numpy as np
    import onnx

    proto = onnx.load(model)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(10_000), "unused"))
    onnx.save(proto, model, save_as_external_data=external, location="model.data")
    out = tmp_path / "out.onnx"
    out.write_text("old")
    before = sorted(tmp_path.iterdir())
    command = [sys.executable, "-c", STOPPED_WHILE_WRITING, "run", str(model), "-p", ""]
    done = subprocess.run(
        [*command, "-o", str(out), str(int(number))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", line)
    assert sorted(tmp_path.iterdir()) == before
    assert out.read_text() == "old"


def test_interrupt_in_the_middle_of_a_run_leaves_nothing(model: Path, tmp_path: Path) -> None:
    (tmp_path / "slow_inputs.py").write_text(
        "import os, signal\ndef make():\n    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    before = sorted(tmp_path.iterdir())
    arguments = ["run", model, "-o", tmp_path / "out.onnx", "--inputs"]
    with program(*arguments, "slow_inputs:make", PYTHONPATH=str(tmp_path)) as done:
        assert done.communicate() == ("", "error: interrupted\n")
        assert done.returncode == 130
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "__pycache__"] == before


@pytest.mark.parametrize("wrapped", [False, True])
def test_interrupt_before_the_command_line_is_there(tmp_path: Path, wrapped: bool) -> None:
    code = "os.kill(os.getpid(), signal.SIGINT)"
    if wrapped:  # As Python 3.11 does where a class is made.
        code = f"try: {code}\nexcept KeyboardInterrupt as error: raise RuntimeError from error"
    (tmp_path / "click.py").write_text(f"import os, signal\n{code}\n")
    with program("list", PYTHONPATH=str(tmp_path)) as done:
        assert done.communicate() == ("", "error: interrupted\n")
        assert done.returncode == 130


def test_interrupt_of_a_destructor_is_not_lost() -> None:
    code = (
        "import os, signal, time\n"
        "from passmgr.core.cli import app, start\n"
        "class Deaf:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(0)\n"
        "def main():\n"
        "    Deaf()\n"
        "    time.sleep(60)\n"
        "app.main = main\n"
        "start.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")


def test_signal_that_is_ignored_stays_ignored() -> None:
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from passmgr.core.cli.start import main\n"
        "from passmgr.core.cli import app\n"
        "app.main = lambda: print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)\n"
        "main()"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True\n"


def test_name_that_is_not_utf8(model: Path, tmp_path: Path) -> None:
    source, out = tmp_path / os.fsdecode(b"in\xe9.onnx"), tmp_path / os.fsdecode(b"o\xe9.onnx")
    model.rename(source)
    arguments = ["run", source, "-o", out, "-p", "eliminate-identity"]
    with program(*arguments, PYTHONIOENCODING="utf-8:strict") as done:
        text, errors = done.communicate()
        assert (done.returncode, errors) == (0, "")
    assert "o\\udce9.onnx: 3 -> 2 nodes, 8 B, verified: outputs bit-equal" in text
    with program(*arguments, "--json") as done:
        assert json.loads(done.communicate()[0])["output"] == str(out)
    with program("inspect", tmp_path / os.fsdecode(b"none\xe9.onnx")) as done:
        assert "there is no file" in done.communicate()[1]
        assert done.returncode == 2
