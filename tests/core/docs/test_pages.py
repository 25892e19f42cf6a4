"""The pages: their examples run and print what is shown; their tables say what the code says."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pages import PAGES, Workspace, blocks, file_of, run_page, same

from passmgr.core.contract import Pass
from passmgr.core.registry import load_registry
from passmgr.core.testing import bound_checks

ROOT = Path(__file__).parents[3]
ALL = sorted(path.name for path in PAGES.glob("*.md"))

PASSES = {
    "write-a-pass.md": {"costly.py": ["TagCostly"]},
    "rules.md": {"transposes.py": ["MergeTransposes"], "halves.py": ["MultiplyByInverse"]},
    "facts-and-scheduling.md": {"named.py": ["name_nodes", "tag_outputs"]},
}
"""Passes that are meant to be right; the page on testing itself checks that of its own."""


def text_of(page: str) -> str:
    return (PAGES / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ALL)
def test_page_shows_what_its_examples_print(page: str, tmp_path: Path) -> None:
    found = run_page(text_of(page), tmp_path)
    assert not found.problems, found.problems[0]
    assert found.text == text_of(page)


@pytest.mark.parametrize("page", ALL)
def test_no_block_is_left_out(page: str) -> None:
    text = text_of(page)
    assert text.count("```") == 2 * len(blocks(text))
    for block in blocks(text):
        name, _ = file_of(block)
        assert name or block.mark in ("", "output"), block.mark
        legal = {"python", "console"} if not block.mark else {"python", "toml", "text"}
        assert block.language in legal, block.text


@pytest.mark.parametrize(
    ("page", "name", "most"),
    [
        ("write-a-pass.md", "dropout.py", 12),
        ("write-a-pass.md", "costly.py", 40),
        ("rules.md", "transposes.py", 25),
    ],
)
def test_example_is_as_short_as_it_says(page: str, name: str, most: int) -> None:
    found = {file_of(block): block.text for block in blocks(text_of(page))}
    assert len(found[name, most].splitlines()) <= most
    for (_, limit), text in found.items():
        assert limit is None or len(text.splitlines()) <= limit


def passes_of(page: str, folder: Path) -> Iterator[tuple[ModuleType, Pass | type[Pass]]]:
    for block in blocks(text_of(page)):
        name, _ = file_of(block)
        if name in PASSES[page]:
            (folder / name).write_text(block.text)
            module = importlib.import_module(Path(name).stem)
            for attribute in PASSES[page][name]:
                yield module, getattr(module, attribute)


@pytest.mark.parametrize("page", PASSES)
def test_example_keeps_the_contract(page: str, tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        importlib.invalidate_caches()
        found = list(passes_of(page, workspace.folder))
        assert len(found) == sum(map(len, PASSES[page].values()))
        plugins = [module for module, _ in found if hasattr(module, "passmgr_register")]
        registry = load_registry(plugins=False, extra=list(dict.fromkeys(plugins)))
        models = [] if page != "rules.md" else [ROOT / "tests/core/docs/quotients.onnxtxt"]
        for check in bound_checks(
            [pass_ for _, pass_ in found], examples=2, models=models, registry=registry
        ):
            check()


def test_figures_are_those_of_the_readme() -> None:
    readme, page = (ROOT / "README.md").read_text(), text_of("comparison.md")
    rows = re.findall(r"^\| [^|]+ \| \d.*MiB \|$", page, re.MULTILINE)
    assert len(rows) > 5
    assert [row for row in rows if row not in readme] == []
    told = " ".join(readme.split())
    for tool, count in (("onnxscript", 2), ("onnxslim", 10), ("onnxsim", 22)):
        assert re.search(rf"\b{tool} {count}\b", told)
        assert re.search(rf"## {tool}\n.*?\b{count} (of its )?results", page, re.DOTALL)
    for figure in ("116 public models", "10,486 nodes", "20 models"):
        assert figure in told
        assert figure in " ".join(page.split())


def test_messages_explained_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)`.* \| .* \| .* \|$", text_of("troubleshooting.md"), re.M)
    assert len(rows) > 25
    # Without the quotes and the line breaks that cut a message in the source.
    source = "\n".join(path.read_text() for path in sorted((ROOT / "core").rglob("*.py")))
    source = (
        re.sub(r'"\s*\n\s*f?"', "", source)
        + (ROOT / "plugins/emitters/onnx_file/text.py").read_text()
    )
    for message in rows:
        for part in re.split(r"'?\.\.\.'?", message):
            assert part.strip(" :'") in source, message


def test_other_output_is_noticed(tmp_path: Path) -> None:
    page = "```python\nprint(1)\n```\n\n<!-- output -->\n```text\n2\n```\n"
    found = run_page(page, tmp_path)
    assert len(found.problems) == 1
    assert found.text == page.replace("2\n", "1\n")


def test_other_session_is_noticed(tmp_path: Path) -> None:
    page = "```console\n$ passmgr list targets\nno target\n```\n"
    found = run_page(page, tmp_path)
    assert found.text == page.replace("no target", "no targets")


@pytest.mark.parametrize("command", ["passmgr list nonsense", "rm -rf /tmp/nothing"])
def test_command_that_fails_or_is_unknown_is_noticed(command: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"nonsense|not known"):
        run_page(f"```console\n$ {command}\n...\n```\n", tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a 0.3 ms\nb\n", "a   12 s\nb\n", True),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\nc\n", "a\nb\nd\n", False),
        ("...\n", "a\n", False),
        ("22 of 22\n", "23 of 23\n", True),
        ("22 of 22\n", "22 of 23\n", False),
        ("...  [100%]\n3 passed in 1.2s\n", ".... [100%]\n4 passed in 3s\n", True),
        ("3 passed in 1.2s\n", "1 failed, 3 passed in 1.2s\n", False),
    ],
)
def test_what_varies_is_left_out(shown: str, printed: str, equal: bool) -> None:
    assert same(shown, printed) == equal
