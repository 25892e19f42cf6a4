"""``passmgr new-plugin``: what it makes, what it says to do next, and what it refuses."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LISTED = {"pass": "passes", "rule": "passes", "frontend": "frontends", "runtime": "runtimes"}

# Sends the process a signal when two of the files are written.
STOPPED_WHILE_WRITING = """
import os, signal
from pathlib import Path
from passmgr.core.cli.start import main
write_text = Path.write_text
def stop(path, *args, **kwargs):
    if path.name == "pyproject.toml":
        os.kill(os.getpid(), signal.SIGTERM)
    return write_text(path, *args, **kwargs)
Path.write_text = stop
main()
"""


@pytest.mark.parametrize("kind", LISTED)
def test_it_says_what_to_do_next(passmgr: Any, tmp_path: Path, kind: str) -> None:
    done = passmgr("new-plugin", "acme-tools", "--kind", kind)
    assert (done.code, done.err) == (0, "")
    first, *steps = done.out.splitlines()
    assert first.startswith("acme-tools: a plugin with a")
    assert (tmp_path / first.partition("(")[2].partition(")")[0]).is_file()
    assert steps == [
        "  cd acme-tools",
        "  pip install -e '.[test]'",
        "  pytest",
        f"  passmgr list {LISTED[kind]}",
    ]


def test_folder_may_be_called_anything(passmgr: Any, tmp_path: Path) -> None:
    folder = tmp_path / "my folder"
    done = passmgr("new-plugin", "acme-tools", "-o", folder)
    assert done.out.splitlines()[1] == f"  cd {shlex.quote(str(folder))}"
    assert (folder / "acme_tools/expand_pow.py").is_file()


def test_json(passmgr: Any, tmp_path: Path) -> None:
    made = json.loads(passmgr("new-plugin", "acme-tools", "--kind", "rule", "--json").out)
    assert made == {
        "name": "acme-tools",
        "kind": "rule",
        "module": "acme_tools",
        "folder": "acme-tools",
        "files": [
            "README.md",
            "acme_tools/__init__.py",
            "acme_tools/plugin.py",
            "acme_tools/py.typed",
            "acme_tools/subtract.py",
            "pyproject.toml",
            "tests/test_contract.py",
            "tests/test_subtract.py",
        ],
        "next": [
            "cd acme-tools",
            "pip install -e '.[test]'",
            "pytest",
            "passmgr list passes",
        ],
    }
    assert all((tmp_path / "acme-tools" / name).is_file() for name in made["files"])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["My Tools"], "'My Tools' is no name for a plugin; "),
        (["onnx"], "a plugin cannot be called 'onnx': "),
        (["acme-tools"], "'acme-tools' exists already; nothing was changed"),
        (["acme-tools", "--kind", "recipe"], "'recipe' is not one of "),
        ([], "Missing argument 'NAME'"),
        (["acme-other", "--json", "none/made.json"], "the folder 'none' of the output"),
    ],
)
def test_refusal_is_one_line(
    passmgr: Any, tmp_path: Path, arguments: list[str], error: str
) -> None:
    (tmp_path / "acme-tools").mkdir()
    done = passmgr("new-plugin", *arguments)
    assert (done.code, done.out) == (2, "")
    assert error in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["acme-tools"]
    assert list((tmp_path / "acme-tools").iterdir()) == []


def test_signal_while_writing_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_WRITING, "new-plugin", "acme-tools"],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, "")
    assert done.stderr == "error: terminated\n"
    assert list(tmp_path.iterdir()) == []


def test_new_plugin_is_listed_and_runs(
    passmgr: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passmgr("new-plugin", "acme-tools", "--kind", "rule")
    folder = tmp_path / "acme-tools"
    info = folder / "acme_tools-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tools\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[passmgr]\nacme-tools = acme_tools.plugin\n")
    monkeypatch.syspath_prepend(folder)
    rows = [line.split() for line in passmgr("list", "plugins").out.splitlines()]
    assert ["acme-tools", "acme-tools", "0.1.0", "loaded"] in [row[:4] for row in rows]
    assert "acme-tools-subtract" in passmgr("list", "passes").out
    done = passmgr("run", model, "-p", "acme-tools-subtract")
    assert done.code == 0
    assert "no Neg" in done.out
    refused = passmgr("new-plugin", "acme-tools", "-o", "other")
    assert "an installed plugin has that name (acme_tools.plugin)" in refused.err
    for name in ("acme_tools", "acme_tools.plugin", "acme_tools.subtract"):
        sys.modules.pop(name, None)
