"""kill -9 and a full disk: the old model or the new one, never another and never a broken one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import onnx
import onnx_models
import pytest

# Kills a forked writer before and after each of its system calls in turn, and looks what is there.
KILLER = """
import os, signal, sys
from pathlib import Path
from passmgr.plugins.emitters.onnx_file import OnnxEmitter
from passmgr.plugins.frontends.onnx_file import OnnxFrontend

out, sources = Path(sys.argv[1]), [Path(source) for source in sys.argv[2:]]
load, emit = OnnxFrontend().load, OnnxEmitter().emit
models = [load(source) for source in sources]

def content(model):
    return model.graph.initializers["w"].const_value.tobytes()

expected = [content(model) for model in models]

def write(model, fatal_call):
    calls = 0
    def deadly(function):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == fatal_call:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            calls += 1
            if calls == fatal_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        return call
    for name in ("open", "fsync", "link", "rename", "replace", "unlink", "copy_file_range"):
        setattr(os, name, deadly(getattr(os, name)))
    emit(model, out)

emit(models[2], out)
files = len(list(out.parent.iterdir()))
seen = set()
for turn in range(2):
    emit(models[1 - turn], out)
    for fatal_call in range(1, 200):
        process = os.fork()
        if not process:
            write(models[turn], fatal_call)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        found = content(load(out))
        assert found in expected
        seen.add((turn, expected.index(found)))
        if status == 0:
            break
        emit(models[2], out)
        assert len(list(out.parent.iterdir())) == files
        emit(models[1 - turn], out)
    else:
        raise AssertionError("the writer never came to its end")
    assert fatal_call > 10
emit(models[0], out)
print(sorted(seen), len(list(out.parent.iterdir())))
"""

FULL = """
import resource, sys, signal
from pathlib import Path
from passmgr.core.errors import OutputError
from passmgr.plugins.emitters.onnx_file import OnnxEmitter
from passmgr.plugins.frontends.onnx_file import OnnxFrontend
model = OnnxFrontend().load(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (100_000, 100, 0):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))
    try:
        OnnxEmitter().emit(model, Path(sys.argv[2]))
    except OutputError as error:
        print(error)
"""


def _run(program: str, folder: Path, external: bool) -> tuple[Path, list[str]]:
    sources = []
    for seed in (1, 2, 3):
        path = folder / f"in{seed}" / "a.onnx"
        path.parent.mkdir()
        proto = onnx_models.dense(200_000, seed)
        onnx.save(proto, path, save_as_external_data=external, location="d", size_threshold=1024)
        sources.append(str(path))
    out = folder / "out" / "out.onnx"
    out.parent.mkdir()
    out.write_text("old")
    arguments = [str(out), *sources] if program is KILLER else [sources[0], str(out)]
    argv = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return out, result.stdout.splitlines()


@pytest.mark.parametrize("external", [False, True])
def test_killed_at_every_step(external: bool, tmp_path: Path) -> None:
    _, lines = _run(KILLER, tmp_path, external)
    assert lines == [f"[(0, 0), (0, 1), (1, 0), (1, 1)] {1 + external}"]


@pytest.mark.parametrize("external", [False, True])
def test_a_disk_that_takes_no_more(external: bool, tmp_path: Path) -> None:
    out, lines = _run(FULL, tmp_path, external)
    assert lines == [f"'{out}' cannot be written: File too large; nothing was left"] * 3
    assert [path.name for path in out.parent.iterdir()] == ["out.onnx"]
    assert out.read_text() == "old"
