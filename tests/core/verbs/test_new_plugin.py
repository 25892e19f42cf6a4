"""A new plugin: every kind is well made, passes its own tests and is found; bad names are not."""

from __future__ import annotations

import compileall
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from passmgr.core import scaffold
from passmgr.core.errors import OutputError, UsageError
from passmgr.core.registry import load_registry
from passmgr.core.scaffold import KINDS, PluginKind
from passmgr.core.scaffold import write as writing
from passmgr.core.verbs.new_plugin import new_plugin

REPO = Path(__file__).parents[3]
LONGEST = "a" * 40
EXAMPLES = {
    "pass": ("passes", "acme-tools-expand-pow"),
    "rule": ("passes", "acme-tools-subtract"),
    "frontend": ("frontends", "acme-tools"),
    "runtime": ("runtimes", "acme-tools"),
}


def install(folder: Path, name: str) -> None:
    """Leave beside a plugin what pip would, so that it counts as installed where it is on the path.

    The entry points are those of its own pyproject.toml.
    """
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{name.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    requires = "".join(f"Requires-Dist: {line}\n" for line in project["dependencies"])
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{requires}"
    )
    points = "".join(f"{k} = {v}\n" for k, v in project["entry-points"]["passmgr"].items())
    (info / "entry_points.txt").write_text(f"[passmgr]\n{points}")


def tool(*arguments: str, cwd: Path, **environment: str) -> str:
    """Run a module of this Python in ``cwd`` and return what it printed; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_tests_pass(kind: PluginKind, tmp_path: Path) -> None:
    folder = new_plugin("acme-tools", kind, tmp_path / "made")
    install(folder, "acme-tools")
    told = tool("pytest", "-p", "no:cacheprovider", cwd=folder, PYTHONPATH=str(folder))
    assert " passed" in told
    assert "warning" not in told


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_found_where_it_is_installed(
    kind: PluginKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_plugin("acme-tools", kind, tmp_path / "made")
    install(folder, "acme-tools")
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    try:
        registry = load_registry()
        (plugin,) = (plugin for plugin in registry.plugins if plugin.name == "acme-tools")
        assert (plugin.distribution, plugin.state, plugin.reason) == ("acme-tools", "loaded", "")
        listed, name = EXAMPLES[kind]
        assert KINDS[kind].listed == listed
        entry = registry.entries(listed)[name]
        assert entry.summary.endswith(".")
        # What is registered by path is not imported to list it.
        assert {m for m in set(sys.modules) - before if m.startswith("acme_tools")} == {
            "acme_tools",
            "acme_tools.plugin",
        }
        assert entry.load().name == name
    finally:
        for module in set(sys.modules) - before:
            if module.startswith("acme_tools"):
                del sys.modules[module]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", LONGEST])
def test_files_are_code_in_good_style(kind: PluginKind, name: str, tmp_path: Path) -> None:
    folder = new_plugin(name, kind, tmp_path / "made")
    module = scaffold.module_name(name)
    assert (folder / module / KINDS[kind].example).is_file()
    assert (folder / module / "py.typed").is_file()
    assert "$" not in (folder / "README.md").read_text()
    assert compileall.compile_dir(folder, quiet=1, legacy=True)
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    tool("ruff", "check", "--no-cache", ".", cwd=folder)
    tool("ruff", "format", "--no-cache", "--diff", ".", cwd=folder)


def test_types_are_complete(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    packages = tmp_path / "typing" / "passmgr"
    packages.mkdir(parents=True)
    # What mypy does not find in an installation that points to the checkout.
    (packages / "__init__.py").symlink_to(REPO / "core/_root/__init__.py")
    for room in ("core", "passes", "plugins"):
        (packages / room).symlink_to(REPO / room)
    for kind in KINDS:
        folder = tmp_path / kind
        new_plugin(f"acme-{kind}", kind, folder)
        tool(
            "mypy",
            *("--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache")),
            *(str(path) for path in sorted(folder.rglob("*.py"))),
            cwd=tmp_path,
            MYPYPATH=os.pathsep.join([str(packages.parent), str(folder)]),
        )


def test_rule_is_short() -> None:
    files = scaffold.render("acme-tools", "rule")
    (text,) = (text for path, text in files.items() if path.name == "subtract.py")
    assert len(text.splitlines()) <= 25


@pytest.mark.parametrize("kind", KINDS)
def test_settings_are_those_of_passmgr(kind: PluginKind) -> None:
    files = {path.as_posix(): text for path, text in scaffold.render("acme-tools", kind).items()}
    made = tomllib.loads(files["pyproject.toml"])
    ours = tomllib.loads((REPO / "pyproject.toml").read_text())
    assert made["project"]["name"] == "acme-tools"
    assert made["tool"]["setuptools"]["packages"] == ["acme_tools"]
    for key in ("line-length", "target-version"):
        assert made["tool"]["ruff"][key] == ours["tool"]["ruff"][key]
    for key in ("select", "ignore"):
        assert made["tool"]["ruff"]["lint"][key] == ours["tool"]["ruff"]["lint"][key]
    assert made["project"]["dependencies"][0] in files["README.md"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.1.0", "passmgr>=0.1.0,<0.2"),
        ("0.12.3", "passmgr>=0.12.3,<0.13"),
        ("1.4.2", "passmgr>=1.4.2,<2"),
        ("1.5.0.dev3+g12ab", "passmgr>=1.5.0.dev3,<2"),
    ],
)
def test_it_asks_for_versions_like_this_one(
    version: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "version", lambda _: version)
    files = {path.as_posix(): text for path, text in scaffold.render("acme-tools", "pass").items()}
    made = tomllib.loads(files["pyproject.toml"])
    assert made["project"]["dependencies"] == [expected]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "'' is no name for a plugin; .*, such as 'my-passes'"),
        ("My_Passes", "'My_Passes' is no name .*, such as 'my-passes'"),
        ("3-passes", "'3-passes' is no name .*, such as 'passes'"),
        ("-passes", "'-passes' is no name .*, such as 'passes'"),
        ("../passes", "'../passes' is no name .*, such as 'passes'"),
        ("a" * 41, "has 41 letters, legal are 40"),
        ("lambda", "called 'lambda': it is a keyword of Python"),
        ("json", "called 'json': it is a module of Python's standard library"),
        ("onnx", "called 'onnx': the distribution is installed already, version "),
        ("onnx-ir", "called 'onnx-ir': the distribution is installed already, version "),
        ("google", "called 'google': there is a module 'google' already, in "),
        ("passmgr", "called 'passmgr': the name is reserved"),
        ("test", "called 'test': "),
        ("tests", "called 'tests': the name is reserved"),
        ("bridges", "called 'bridges': an installed plugin has that name"),
    ],
)
def test_bad_name_is_refused(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=problem) as refused:
        new_plugin(name)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="legal is pass or rule or frontend or runtime"):
        new_plugin("acme-tools", "recipe", tmp_path / "made")  # type: ignore[arg-type]


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_what_is_there_stays(there: str, tmp_path: Path) -> None:
    target = tmp_path / "acme-tools"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    with pytest.raises(OutputError, match="acme-tools' exists already; nothing was changed"):
        new_plugin("acme-tools", folder=target)
    assert list(tmp_path.iterdir()) == [target]
    assert target.is_symlink() == (there == "link")
    assert not target.is_dir() or list(target.iterdir()) == []


@pytest.mark.parametrize("folder", ["", ".", "..", "/"])
def test_folder_that_always_exists(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        new_plugin("acme-tools", folder=folder)


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("none/made", "the folder '.*none', to hold it, does not exist"),
        ("f" * 300, "cannot be written: File name too long"),
        ("f" * 300 + "/made", "cannot be written: File name too long|does not exist"),
    ],
)
def test_folder_that_cannot_be_made(folder: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=problem):
        new_plugin("acme-tools", folder=tmp_path / folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_interrupted_write_leaves_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text, written = Path.write_text, []

    def fail_at_the_third(path: Path, *args: str, **kwargs: str) -> int:
        if len(written) == 2:
            raise error
        written.append(path)
        return write_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", fail_at_the_third)
    with pytest.raises((OutputError, KeyboardInterrupt)) as failed:
        new_plugin("acme-tools", folder=tmp_path / "made")
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []
    if isinstance(error, OSError):
        assert str(failed.value).endswith("made' cannot be written: No space left on device")
