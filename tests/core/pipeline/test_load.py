"""What a user gives as a pipeline: text, file, passes or a mix."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from passmgr.core.contract import Pass, option
from passmgr.core.errors import UsageError
from passmgr.core.pipeline import Call, Pipeline, load_pipeline, parse


@dataclass(frozen=True)
class Limited(Pass):
    """A pass with options."""

    name = "limited"
    limit: int = option(3, help="A number.")
    names: tuple[str, ...] = option((), help="Texts.")

    def run(self, model: Any, ctx: Any) -> None:
        pass


def test_text_and_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('passes = ["a", "b{x=1}"]')
    expected = parse("a, b{x=1}")
    assert load_pipeline("a, b{x=1}") == expected
    assert load_pipeline(str(path)) == expected
    assert load_pipeline(path) == expected
    assert load_pipeline(expected) is expected


def test_a_mix_of_passes_and_texts() -> None:
    mine = Limited(limit=5, names=("p", "q r"))
    pipeline = load_pipeline([mine, "a, b", [Limited()], Call("c")])
    assert str(pipeline) == 'limited{limit=5, names=[p, "q r"]}, a, b, limited, c'
    first = pipeline.items[0]
    assert isinstance(first, Call)
    assert first.instance is mine
    assert load_pipeline(mine) == Pipeline((first,))
    assert pipeline != parse(str(pipeline))  # a pass made in Python is not one by that name
    assert hash(pipeline) == hash(load_pipeline([mine, "a, b", [Limited()], Call("c")]))


def test_wrong_options_of_a_pass_made_in_python_are_named() -> None:
    with pytest.raises(UsageError, match="pass 'limited': option 'limit' takes int, not 'x'"):
        load_pipeline([Limited(limit="x")])  # type: ignore[arg-type]


def test_options_without_a_text_form_are_named() -> None:
    @dataclass(frozen=True)
    class Calls(Pass):
        name = "calls"
        function: Any = len

        def run(self, model: Any, ctx: Any) -> None:
            pass

    assert str(load_pipeline(Calls(function=print))) == "calls{function=builtins:print}"
    assert str(load_pipeline(Calls(function=1j))) == 'calls{function="1j"}'


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Limited, "Limited is a class, a pipeline takes a pass: Limited()"),
        (3, "3 is no pipeline; give a text, a pass or a list of those"),
        ([b"a"], "b'a' is no pipeline; give a text, a pass or a list of those"),
        ("a b", "expected ',' or the end of the pipeline"),
        ("missing.toml", "pipeline file 'missing.toml' cannot be read"),
    ],
)
def test_what_is_no_pipeline(spec: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_pipeline(spec)
    assert message in str(caught.value)


def test_pipelines_and_planning_are_light() -> None:
    code = (
        "import sys, passmgr.core.pipeline, passmgr.core.schedule\n"
        "print([m for m in ('numpy', 'onnx_ir', 'networkx', 'onnx') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
