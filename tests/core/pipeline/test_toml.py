"""The TOML form: the same trees as the text form, and errors that say where."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import pipelines

from passmgr.core.errors import UsageError
from passmgr.core.pipeline import Pipeline, load_pipeline_file, parse, parse_toml, to_toml


def test_documented_example_is_the_tree_of_its_text() -> None:
    text = """
        passes = [
            "fold-constants, infer-shapes",
            { pass = "fold-batchnorm", options = { keep_running_stats = true, x = [1, 2.5] } },
            { repeat = 5, passes = ["fuse-gelu", { pass = "cse" }] },
        ]
    """
    assert parse_toml(text) == parse(
        "fold-constants, infer-shapes, fold-batchnorm{keep_running_stats=true, x=[1, 2.5]},"
        "repeat{max=5}(fuse-gelu, cse)"
    )


def test_array_of_tables() -> None:
    text = '[[passes]]\npass = "quantize"\noptions.calibrator = "mse"\n[[passes]]\npass = "cse"\n'
    assert parse_toml(text) == parse("quantize{calibrator=mse}, cse")


def test_to_toml_is_readable() -> None:
    pipeline = parse("a, b{x=1, y='p q'}, repeat{max=2}(c, d{z=true}), e{w=none}")
    assert to_toml(pipeline) == (
        "passes = [\n"
        '    "a",\n'
        '    { pass = "b", options = { x = 1, y = "p q" } },\n'
        '    { repeat = 2, passes = ["c", { pass = "d", options = { z = true } }] },\n'
        '    "e{w=none}",\n'
        "]\n"
    )


@given(pipelines)
def test_to_toml_then_parse_is_the_identity(pipeline: Pipeline) -> None:
    assert parse_toml(to_toml(pipeline)) == pipeline


@given(st.text() | st.text("pases=[]{}\"'\n1.#,", max_size=40))
@example("passes = " + "[" * 100_000)
@example("passes = " + "9" * 5000)
def test_any_text_parses_or_is_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_toml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("passes = [\n 'a',\n oops\n]", "p.toml:3:2: no TOML: Invalid value"),
        ("passes = [", "p.toml:1:11: no TOML: Invalid value"),
        ("passes = " + "9" * 5000, "p.toml: Exceeds the limit"),
        ("", "p.toml: no 'passes', such as passes = [\"fold-constants\"]"),
        ("passes = []\nname = 1", "p.toml: unknown key 'name', a pipeline file has only 'passes'"),
        ("passes = 'a'", "p.toml: passes: expected a list of pipeline texts and tables"),
        ("passes = ['a', 1]", "p.toml: passes[2]: expected a pipeline text or a table"),
        ("passes = ['a b']", "p.toml: passes[1], column 3: expected ',' or the end"),
        ("passes = [{name = 'a'}]", "p.toml: passes[1]: unknown key 'name', there are pass and"),
        ("passes = [{}]", "p.toml: passes[1]: 'pass' takes the name of a pass"),
        ("passes = [{pass = 'a b'}]", "p.toml: passes[1]: 'a b' cannot be the name of a pass"),
        ("passes = [{pass = 'a', options = 1}]", "p.toml: passes[1]: 'options' takes a table"),
        (
            "passes = [{pass = 'a', options = {x = 2020-01-01}}]",
            "p.toml: passes[1]: option 'x' takes a bool, a number, a text or a list",
        ),
        ("passes = [{repeat = 0, passes = []}]", "p.toml: passes[1]: 'repeat' takes a whole"),
        ("passes = [{repeat = 2}]", "p.toml: passes[1].passes: expected a list"),
        (
            "passes = " + "[{repeat=1, passes=" * 52 + "[]" + "}]" * 52,
            "nested more than 50 levels deep",
        ),
    ],
)
def test_errors_say_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_pipeline_file(path)
    told = str(caught.value).replace(f"{tmp_path}/", "")
    assert message in told
    assert "\n" not in told or "^" in told


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pipeline file '.*none.toml' cannot be read: No such"):
        load_pipeline_file(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"passes = ['\xe9']")
    with pytest.raises(UsageError, match=r"latin.toml: no TOML: byte 11 is not UTF-8"):
        load_pipeline_file(tmp_path / "latin.toml")
