"""A stopwatch for a third party's first pass: from nothing to a pass in a pipeline.

In a fresh environment with passmgr: ``new-plugin``, installing it, its tests with the contract
suite, and a run in which the facts that the pass requires put another pass before it. No file is
edited. Figure: at most 60 s of machine time, without the making of the environment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import write_json

ROOT = Path(__file__).parent.parent
LIMIT = 60.0
NAME = "acme-passes"
MODEL = """<ir_version: 9, opset_import: ["" : 18]>
g (float[n, 4] x) => (float[n, 4] y) <float three = {3}> {
    a = Relu(x)  b = Pow(a, three)  y = Neg(b) }
"""


def main() -> int:
    """Take the time of every step, print them, and tell whether the limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passmgr", default=str(ROOT), help="what pip installs; default: here")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = measure(Path(folder), options.passmgr)
    environment, *timed = steps
    for step, seconds in timed:
        print(f"{seconds:6.1f} s  {step}")
    total = sum(seconds for _, seconds in timed)
    kept = total <= LIMIT
    print(f"{total:6.1f} s  in all: {'within' if kept else 'over'} {LIMIT:g} s")
    print(f"{environment[1]:6.1f} s  before, for {environment[0]}")
    write_json(options.json, {"steps": dict(steps), "total": total, "limit": LIMIT})
    return 0 if kept else 1


def measure(folder: Path, source: str) -> list[tuple[str, float]]:
    """Go the whole way in ``folder`` and return the seconds of every step."""
    python = folder / "venv" / "bin" / "python"
    tool = str(python.with_name("passmgr"))
    plugin, model, out = folder / NAME, folder / "model.onnxtxt", folder / "small.onnx"
    model.write_text(MODEL)
    steps: list[tuple[str, float]] = []

    def step(name: str, *commands: list[str], cwd: Path = folder) -> str:
        start, told = time.perf_counter(), ""
        for command in commands:
            told = run(command, cwd)
        steps.append((name, time.perf_counter() - start))
        return told

    step(
        "a fresh environment with passmgr[test]",
        [sys.executable, "-m", "venv", str(python.parent.parent)],
        [str(python), "-m", "pip", "install", "--quiet", f"{source}[test]"],
    )
    step(f"passmgr new-plugin {NAME}", [tool, "new-plugin", NAME])
    install = [str(python), "-m", "pip", "install", "--quiet", "--editable", ".[test]"]
    step("pip install --editable '.[test]'", install, cwd=plugin)
    assert f"{NAME}-expand-pow" in step("passmgr list passes", [tool, "list", "passes"])
    step("pytest, with the contract suite", [str(python), "-m", "pytest", "-q"], cwd=plugin)
    pipeline = f"{NAME}-expand-pow, remove-unused"
    told = step(
        f"passmgr run model.onnxtxt -p '{pipeline}' -o small.onnx",
        [tool, "run", str(model), "-p", pipeline, "-o", str(out)],
    )
    lines = told.splitlines()
    inserted = next(line for line in lines if "infer-shapes" in line)
    assert lines.index(inserted) < lines.index(next(x for x in lines if "expand-pow" in x))
    assert out.exists()
    return steps


def run(command: list[str], folder: Path) -> str:
    """Run a command and return what it printed; it must succeed."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
