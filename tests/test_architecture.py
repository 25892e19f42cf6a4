"""The shape of the repository: who imports whom, what gets installed, what stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
BELOW: dict[str, set[str]] = {"core": set(), "passes": {"core"}, "plugins": {"core"}}
MODULES = sorted(
    path.relative_to(REPO)
    for room in BELOW
    for path in (REPO / room).rglob("*.py")
    if path.parent.name != "_root"
)
CONTRACT = [path for path in MODULES if path.parts[:2] == ("core", "contract")]
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc"}
TOP_LEVEL = {"core", "passes", "plugins", "tests", "benchmarks", "README.md", "pyproject.toml"}
LINES = 300
LONGER = {
    "core/ir/editor.py": 600,  # every edit stands in one class, beside the log of its inverse
    "core/manager/manager.py": 320,  # the transaction, top to bottom
    "passes/simplify/fold_constants.py": 320,
}


def imports(path: Path, *, at_runtime: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the level and the dotted name of each import of the file."""
    stack: list[ast.AST] = [ast.parse((REPO / path).read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if at_runtime and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
        stack += ast.iter_child_nodes(node)


def test_the_walk_finds_all_rooms() -> None:
    assert {path.parts[0] for path in MODULES} == set(BELOW)
    assert CONTRACT


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_imports_only_from_rooms_below(path: Path) -> None:
    for level, name in imports(path):
        if level:
            assert level < len(path.parts), f"a relative import of '{name}' leaves the room"
            continue
        first, *rest = name.split(".")
        assert first not in BELOW, f"'{name}' is installed under passmgr"
        if first == "passmgr":
            assert rest, "a room imports rooms, not the public names"
            assert rest[0] in BELOW[path.parts[0]], f"'{name}' is not below this room"


@pytest.mark.parametrize("path", CONTRACT, ids=str)
def test_contract_imports_nothing_else_of_core(path: Path) -> None:
    levels = [level for level, _ in imports(path, at_runtime=True)]
    assert all(level <= 1 for level in levels)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = (REPO / path).read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    lines = len(text.splitlines())
    assert lines <= LONGER.get(path.as_posix(), LINES)


def test_no_module_is_a_drawer() -> None:
    parts = {part for path in MODULES for part in path.with_suffix("").parts}
    assert not {part for part in parts if part.rpartition("_")[2] in DRAWERS}


def test_pyproject_lists_every_package() -> None:
    text = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)["tool"]["setuptools"]["packages"]
    folders = {path.parent for path in MODULES}
    assert listed == sorted({".".join(("passmgr", *f.parts)) for f in folders} | {"passmgr"})
    assert {folder for folder in folders if not (REPO / folder / "__init__.py").exists()} == set()


def test_pyproject_lists_every_file_that_is_no_module() -> None:
    text = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    setuptools = tomllib.loads(text)["tool"]["setuptools"]
    listed = set()
    for package, patterns in setuptools["package-data"].items():
        folder = setuptools["package-dir"].get(package, "/".join(package.split(".")[1:]))
        for pattern in patterns:
            listed |= {path for path in (REPO / folder).glob(pattern) if path.is_file()}
    others = {
        path
        for room in BELOW
        for path in (REPO / room).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert listed
    assert listed == others


def test_top_level_is_the_agreed_one() -> None:
    done = subprocess.run(
        ["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    names = {line.split("/")[0] for line in done.stdout.splitlines()}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("name", [*BELOW, "tests", "benchmarks"])
def test_generic_name_is_not_importable(name: str, tmp_path: Path) -> None:
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is not None)"
    done = subprocess.run([sys.executable, "-I", "-c", probe], cwd=tmp_path, check=False)
    assert done.returncode == 0
