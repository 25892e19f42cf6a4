"""What ``import passmgr`` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import passmgr

HEAVY = ("numpy", "onnx", "onnx_ir", "onnxscript", "onnxruntime", "networkx", "torch")


def loaded_after(*command: str) -> set[str]:
    """Return the heavy modules that a fresh interpreter has loaded after ``command``."""
    probe = (
        "import sys, io, contextlib\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    {'; '.join(command)}\n"
        f"sys.exit(' '.join(m for m in {(*HEAVY, 'rich')} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], stderr=subprocess.PIPE, text=True)
    return set(done.stderr.split())


def cli(*arguments: str) -> str:
    return f"from passmgr.core.cli.app import main; main({list(arguments)})"


@pytest.mark.parametrize("name", passmgr.__all__)
def test_public_name_can_be_imported(name: str) -> None:
    value = getattr(passmgr, name)
    assert value is getattr(passmgr, name)
    assert getattr(value, "__name__", name) == name or not callable(value)


def test_public_names_are_sorted_and_few() -> None:
    assert passmgr.__all__ == sorted(passmgr.__all__)
    assert len(passmgr.__all__) < 25
    assert set(passmgr.__all__) <= set(dir(passmgr))


def test_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert passmgr.__version__ == version("passmgr")


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'passmgr' has no attribute 'nonsense'"):
        _ = passmgr.nonsense


@pytest.mark.parametrize(
    "command",
    [
        "import passmgr",
        "from passmgr import Pass, option, ops, pass_, hookimpl, Exact",
        cli("--version"),
        cli("list", "passes"),
        cli("list", "plugins"),
        cli("list", "--json"),
    ],
)
def test_command_stays_light(command: str) -> None:
    assert loaded_after(command) <= {"rich"}


@pytest.mark.parametrize(
    "verb", ["", "run", "plan", "list", "describe", "inspect", "compare", "new-plugin"]
)
def test_help_loads_not_even_rich(verb: str) -> None:
    assert loaded_after(cli(*verb.split(), "--help")) == set()


def test_the_probe_sees_heavy_modules() -> None:
    assert "numpy" in loaded_after("import numpy")


def test_typed_marker_is_installed() -> None:
    assert (Path(passmgr.__file__).parent / "py.typed").exists()
