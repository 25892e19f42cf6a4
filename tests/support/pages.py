"""Runs the examples of a Markdown page in an empty folder, and compares what they print.

A block of code may have a comment right before it:

- ``<!-- file: NAME -->``: it becomes that file; with ``, at most N lines``, it is no longer;
- ``<!-- output -->``: it is what the block of Python before it prints.

Blocks of ``python`` without one are executed, those of ``console`` are played: ``$ command``, then
what it prints. A line ``...`` stands for any lines. ``python tests/support/pages.py`` writes into
the pages what their examples print now.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import linecache
import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from passmgr.core.cli.app import main

PAGES = Path(__file__).parents[2] / "core" / "docs" / "pages"
ANY = "..."

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_VARIABLE = (
    (re.compile(r"\b[\d.]+ ?(µs|ms|s)\b"), "TIME"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"\b(\d+) of \1\b"), "ALL"),
    (re.compile(r"^[.]+ +\[ *\d+%\]$\n?", re.M), ""),
    (re.compile(r"\b\d+ passed"), "N passed"),
)
"""What differs from one run, release or machine to the next, as in '22 of 22' and '24 passed'."""


@dataclass
class Block:
    """One block of code of a page."""

    mark: str
    language: str
    text: str
    start: int
    end: int


@dataclass
class Page:
    """What became of the examples of a page.

    Attributes:
        problems: Where something printed is not what the page shows.
        text: The page with what is printed now.
        namespace: The names that the blocks of Python defined.
    """

    text: str
    problems: list[str] = field(default_factory=list)
    namespace: dict[str, object] = field(default_factory=lambda: {"__name__": "__main__"})


def blocks(text: str) -> list[Block]:
    """Return the blocks of code of a page."""
    return [
        Block(m["mark"] or "", m["language"], m["text"], m.start("text"), m.end("text"))
        for m in _BLOCK.finditer(text)
    ]


def file_of(block: Block) -> tuple[str, int | None]:
    """Return the file that a block becomes, empty for none, and how many lines it may have."""
    found = re.fullmatch(r"file: (\S+?)(?:, at most (\d+) lines)?", block.mark)
    if found is None:
        return "", None
    return found[1], int(found[2]) if found[2] else None


def run_page(text: str, folder: Path) -> Page:
    """Run the examples of a page in ``folder``."""
    page, printed, shift = Page(text), "", 0
    with Workspace(folder) as workspace:
        for block in blocks(text):
            name, _ = file_of(block)
            now = block.text
            if name:
                target = Path(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
                importlib.invalidate_caches()
            elif block.mark == "output":
                now = printed if not same(block.text, printed) else block.text
            elif block.language == "python":
                printed = workspace.execute(block.text, page.namespace)
            elif block.language == "console":
                now = "".join(workspace.play(block.text))
            if now != block.text:
                page.problems.append(f"the page shows:\n{block.text}\nbut it is:\n{now}")
                page.text = page.text[: block.start + shift] + now + page.text[block.end + shift :]
                shift += len(now) - len(block.text)
    return page


class Workspace(contextlib.AbstractContextManager["Workspace"]):
    """A folder in which commands run in this process; plugins are installed without pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.site = folder / "site"
        self.code = 0

    def __enter__(self) -> Self:
        self._before = Path.cwd(), list(sys.path), set(sys.modules)
        self.folder.mkdir()
        self.site.mkdir()
        os.chdir(self.folder)
        sys.path[:0] = [str(self.folder), str(self.site)]
        return self

    def __exit__(self, *_: object) -> None:
        folder, path, modules = self._before
        os.chdir(folder)
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.folder)):
                del sys.modules[name]
        importlib.invalidate_caches()

    def execute(self, code: str, namespace: dict[str, object]) -> str:
        """Execute a block of Python and return what it prints."""
        out, name = io.StringIO(), f"<page {len(linecache.cache)}>"
        # Where a notebook leaves its cells, too: the identity of a pass is its source.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        with contextlib.redirect_stdout(out):
            exec(compile(code, name, "exec", dont_inherit=True), namespace)
        return out.getvalue()

    def play(self, text: str) -> Iterator[str]:
        """Yield the session with what its commands print now, where that differs."""
        parts = re.split(r"^(\$ .*\n)", text, flags=re.M)
        commands = list(zip(parts[1::2], parts[2::2], strict=True))
        for position, (line, shown) in enumerate(commands):
            printed = self.run(shlex.split(line[2:], comments=True))
            yield line
            yield shown if same(shown, printed) else printed
            asked = position + 1 < len(commands) and commands[position + 1][0] == "$ echo $?\n"
            assert not self.code or asked, f"'{line.strip()}' fails:\n{printed}"

    def run(self, words: list[str]) -> str:
        """Run one command and return what it prints to both outputs."""
        match words:
            case ["echo", "$?"]:
                code, self.code = self.code, 0
                return f"{code}\n"
            case ["cd", folder]:
                os.chdir(folder)
                return ""
            case ["pip", "install", package] if package.startswith((".", "passmgr")):
                return ""  # passmgr itself is there
            case ["pip", "install", "-e", _]:
                self.install(Path.cwd())
                return ""
            case ["pytest", *arguments]:
                return self._pytest(arguments)
            case ["python", script]:
                return self._in_process(lambda: runpy.run_path(script, run_name="__main__"))
            case ["python", "-m", module, *arguments]:
                sys_argv, sys.argv = sys.argv, [module, *arguments]
                sys.modules.pop(f"{module}.__main__", None)  # a test may have imported it
                try:
                    return self._in_process(lambda: runpy.run_module(module, run_name="__main__"))
                finally:
                    sys.argv = sys_argv
            case ["passmgr", *arguments]:
                return self._in_process(lambda: main(arguments))
        raise AssertionError(f"a page runs '{shlex.join(words)}', which is not known here")

    def install(self, project: Path) -> None:
        """Let the plugin in the folder ``project`` be found, as an editable installation does."""
        told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = self.site / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {told['name']}", f"Version: {told['version']}"]
        lines += [f"Requires-Dist: {line}" for line in told.get("dependencies", ())]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        points = told["entry-points"]["passmgr"].items()
        text = "[passmgr]\n" + "".join(f"{name} = {target}\n" for name, target in points)
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        sys.path.insert(0, str(project))
        importlib.invalidate_caches()

    def _in_process(self, function: object) -> str:
        out = io.StringIO()
        self.code = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                function()  # type: ignore[operator]
            except SystemExit as stopped:
                self.code = int(stopped.code or 0)
        return out.getvalue().replace(f"{self.folder}/", "")

    def _pytest(self, arguments: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.code = done.returncode
        return done.stdout


def same(shown: str, printed: str) -> bool:
    """Tell whether a page shows what was printed, but for what varies and for ``...``."""
    if shown.strip() == ANY:
        return False  # it would tell nothing
    wanted = [re.escape(line) for line in _lines(shown)]
    pattern = "".join(r"(?:.*\n)*?" if line == re.escape(ANY) else rf"{line}\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    for pattern, word in _VARIABLE:
        text = pattern.sub(word, text)
    return [" ".join(line.split()) for line in text.rstrip().splitlines()]


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or sorted(PAGES.glob("*.md")):
        with tempfile.TemporaryDirectory() as made:
            found = run_page(path.read_text(encoding="utf-8"), Path(made))
        path.write_text(found.text, encoding="utf-8")
        print(f"{path.name}: {len(found.problems)} blocks written")
