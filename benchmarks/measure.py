"""Interleaved measurements in fresh child processes: wall time and peak memory.

Every contender runs once a round, in turn, so that a drift of the machine hits all alike. This
module imports nothing heavy: a child that is forked from a big parent would inherit its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

_PROGRAM = """
import json, sys, time
sys.path.insert(0, {folder!r})
{setup}
_start = time.perf_counter()
{body}
_seconds = time.perf_counter() - _start
with open("/proc/self/status") as _status:
    _peak = next(int(l.split()[1]) for l in _status if l.startswith("VmHWM"))
print("\\n" + json.dumps([_seconds, _peak / 1024]))
"""

_HERE = os.path.dirname(os.path.abspath(__file__))

UNSYNCED = "import os\nos.fsync = lambda descriptor: None\n"
"""A setup after which nobody waits for the disk, whose speed would hide what the tools do."""

OURS = f"""{UNSYNCED}
import tempfile
from pathlib import Path
from passmgr import run
from synthetic import make_chain
with tempfile.TemporaryDirectory() as _folder:
    make_chain(Path(_folder, "in.onnx"), 20)
    run(Path(_folder, "in.onnx"), output=Path(_folder, "out.onnx"))
"""
"""The setup of passmgr: a first run imports what is imported when it is needed, as peers import all
they need at once; what imports cost is in the time of the process."""


@dataclass(frozen=True)
class Contender:
    """One way of doing the work: a Python snippet, or a command.

    Args:
        name: Its name in the table.
        body: Python statements that are timed.
        setup: Python statements before them: imports. The modules of this folder are on the path.
        argv: A command instead of a snippet; the whole process is timed then.
    """

    name: str
    body: str = ""
    setup: str = ""
    argv: tuple[str, ...] = ()


@dataclass
class Result:
    """What the rounds of one contender gave.

    Attributes:
        name: The contender.
        seconds: The timed statements (the whole process for a command), one number a round.
        process_seconds: The whole process, interpreter start and imports included.
        peak_mib: Peak resident memory of the process in MiB.
        error: The last line of what a failed child said; nothing was measured then.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    process_seconds: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    error: str = ""

    def median(self, what: str = "seconds") -> float:
        """Return the median of ``seconds``, ``process_seconds`` or ``peak_mib``."""
        numbers: list[float] = getattr(self, what)
        return statistics.median(numbers) if numbers else float("nan")


def interleave(
    contenders: Sequence[Contender],
    *,
    rounds: int = 5,
    before: Callable[[], None] | None = None,
    timeout: float = 600.0,
) -> dict[str, Result]:
    """Run all ``contenders`` in turn, ``rounds`` times.

    Args:
        contenders: What to compare. One that fails is left out of the later rounds.
        rounds: How often each runs.
        before: Called before each run, outside the measured time: removes outputs, warms caches.
        timeout: Seconds after which a child is ended and counts as failed.

    Returns:
        The result of each, by name.
    """
    results = {contender.name: Result(contender.name) for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            if not results[contender.name].error:
                if before is not None:
                    before()
                _run(contender, results[contender.name], timeout)
    return results


def _run(contender: Contender, result: Result, timeout: float) -> None:
    program = _PROGRAM.format(folder=_HERE, setup=contender.setup, body=contender.body)
    argv = contender.argv or (sys.executable, "-c", program)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(argv, stdout=out, stderr=err)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - start > timeout:
                process.kill()
                os.wait4(process.pid, 0)
                result.error = f"did not end in {timeout:g} s"
                return
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            lines = err.read().decode(errors="replace").strip().splitlines()
            result.error = lines[-1] if lines else f"exit code {process.returncode}"
            return
        inner, peak = seconds, usage.ru_maxrss / 1024
        if not contender.argv:
            inner, peak = json.loads(out.read().splitlines()[-1])
    result.seconds.append(inner)
    result.process_seconds.append(seconds)
    result.peak_mib.append(peak)


def prepare(program: str) -> None:
    """Run a Python snippet in a child, with this folder on its path: makes models, for example."""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=_HERE)


def print_table(title: str, results: Mapping[str, Result], baseline: str | None = None) -> None:
    """Print medians, one contender a line, with the ratio of the times to ``baseline``."""
    print(f"\n{title}")
    print(f"{'':34}{'work':>10}{'process':>10}{'peak':>12}{'ratio':>8}")
    for result in results.values():
        if result.error:
            print(f"{result.name:34}  failed: {result.error}")
            continue
        ratio = result.median() / results[baseline].median() if baseline else 1.0
        print(
            f"{result.name:34}{result.median():8.3f} s{result.median('process_seconds'):8.3f} s"
            f"{result.median('peak_mib'):8.0f} MiB{ratio:8.2f}"
        )


def print_claim(text: str, figure: float, limit: float) -> bool:
    """Print a figure beside what it may be at most; return whether it is within."""
    kept = figure <= limit
    print(f"{text}: {figure:.2f}, {'within' if kept else 'OVER'} {limit:g}")
    return kept


def arguments(description: str, *, rounds: int = 5) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes: ``--json``, ``--rounds``, ``--folder``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=rounds, help="interleaved rounds")
    parser.add_argument("--folder", type=Path, help="where to make the models (default: temporary)")
    return parser


def write_json(path: Path | None, figures: Mapping[str, object]) -> None:
    """Write ``figures`` (results, numbers, texts) to ``path``, if one is given."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1, default=asdict) + "\n")
