"""Runs a function that optimizes one ONNX file into another, in a process of its own.

An optimizer written in C++ can crash on a model, and takes the process with it. A fresh process
costs half a second for each model; so one process stays, and forks.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from passmgr.core.errors import ModelError, UsageError

from . import worker
from .descriptions import restore

if TYPE_CHECKING:
    import onnx_ir as ir

_SOURCE, _TARGET = "model.onnx", "optimized.onnx"


class OptimizerFailed(RuntimeError):
    """The optimizer raised, crashed or wrote nothing that can be read."""


def need(library: str, extra: str) -> None:
    """Check, without importing it, that ``library`` is installed.

    Raises:
        UsageError: It is not; names the extra that brings it.
    """
    if importlib.util.find_spec(library) is None:
        raise UsageError(
            f"{library} is not installed, which this pass runs: pip install 'passmgr[{extra}]'"
        )


def optimize(
    model: ir.Model, module: str, *, libraries: Sequence[str], options: Mapping[str, Any]
) -> ir.Model:
    """Return what the function ``optimize`` of ``module`` makes of ``model``.

    Doc strings and metadata that it forgets are kept.

    Args:
        model: The model; goes through a file, so that nothing of it is lost and it may be of any
            size.
        module: Where the function is, which takes the path to read, the path to write and
            ``options``.
        libraries: What it imports, which is done only once.
        options: Further arguments of the function, as JSON can hold them.

    Raises:
        OptimizerFailed: The function raised or crashed, or its file cannot be read.
    """
    from ..emitters.onnx_file import OnnxEmitter
    from ..frontends.onnx_file import OnnxFrontend

    with tempfile.TemporaryDirectory(prefix="passmgr-") as name:
        folder = Path(name)
        OnnxEmitter().emit(model, folder / _SOURCE)
        job = {
            "folder": name,
            "source": _SOURCE,
            "target": _TARGET,
            "module": module,
            "function": "optimize",
            "libraries": list(libraries),
            "options": dict(options),
        }
        status = _run(job)
        if status:
            raise OptimizerFailed(_told(folder, status))
        # The files stay open in the tensors that lie in them after the folder is gone.
        try:
            result = OnnxFrontend().load(folder / _TARGET)
        except ModelError as error:
            problem = str(error).replace(f"'{folder / _TARGET}'", "its result")
            raise OptimizerFailed(f"what it wrote cannot be read: {problem}") from error
    restore(result, model)
    return result


def _told(folder: Path, status: int) -> str:
    error, log = (_text(folder / name) for name in (worker.ERROR, worker.LOG))
    if status > 0 and error:
        return error
    last = next((line.strip() for line in reversed(log.split("\n")) if line.strip()), "")
    how = f"it crashed with {signal.Signals(-status).name}" if status < 0 else "it left its process"
    return f"{how}; its last words: {last}" if last else how


def _text(path: Path) -> str:
    """Return the text of a file, if there is one, without the name of its folder."""
    text = path.read_text(errors="replace") if path.exists() else ""
    return text.replace(f"{path.parent}/", "")


class _Worker:
    """The process that forks, as it is seen from here."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )

    @property
    def is_usable(self) -> bool:
        """Whether it is alive, and the child of this process and not of the one that forked it."""
        return self.owner == os.getpid() and self.process.poll() is None

    def run(self, job: Mapping[str, Any]) -> int:
        """Return the exit status of the job."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline() or self.process.wait())

    def stop(self) -> None:
        """End it with the job that it does."""
        if self.owner == os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]


_lock = threading.Lock()
_workers: list[_Worker] = []


def _run(job: Mapping[str, Any]) -> int:
    with _lock:
        if _workers and not _workers[-1].is_usable:
            stop()
        if not _workers:
            _workers.append(_Worker())
        try:
            return _workers[-1].run(job)
        except BaseException:  # a timeout or Ctrl-C: what it does now nobody waits for
            stop()
            raise


@atexit.register
def stop() -> None:
    """End the process, where there is one."""
    while _workers:
        _workers.pop().stop()
