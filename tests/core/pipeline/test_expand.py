"""Named pipelines: what they expand to, and what is wrong with some."""

from __future__ import annotations

import pytest
from dummies import DummyRegistry, dummy

from passmgr.core.errors import UnknownNameError, UsageError
from passmgr.core.pipeline import Pipeline, expand, load_pipeline, parse

PIPELINES = {
    "default": "a, repeat{max=2}(clean)",
    "clean": "b, c",
    "empty": "",
    "loop": "a, other",
    "other": "repeat(loop)",
    "wrong": "a b",
    "lost": "a, d",
    "a-too": "a",
}


def registry(**settings) -> DummyRegistry:
    return DummyRegistry(dummy("a"), dummy("b"), dummy("c"), pipelines=PIPELINES, **settings)


def expanded(text: str, **settings) -> str:
    return str(expand(parse(text), registry(**settings))[0])


def test_named_pipelines_expand_inside_out() -> None:
    assert expanded("a, default, clean, empty") == "a, a, repeat{max=2}(b, c), b, c"
    assert expanded("") == ""


def test_a_pass_made_in_python_is_not_looked_up() -> None:
    mine = dummy("default")()
    pipeline = load_pipeline([mine])
    assert expand(pipeline, registry())[0] == pipeline


def test_plugins_add_at_the_ends() -> None:
    additions = {"default:begin": ["c"], "default:end": ["clean", "b"], "clean:end": ["a"]}
    assert expanded("default", additions=additions) == ("c, a, repeat{max=2}(b, c, a), b, c, a, b")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("b c", "plugin 'extra' is left out at clean:end: addition at clean:end, column 3"),
        ("d", "addition at clean:end, column 1: unknown pass 'd'"),
        ("clean", "the pipeline 'clean' contains itself: clean -> clean"),
    ],
)
def test_wrong_additions_are_left_out_with_a_warning(addition: str, message: str) -> None:
    additions = {"clean:end": [addition, "a"]}
    pipeline, warnings = expand(parse("clean"), registry(additions=additions))
    assert str(pipeline) == "b, c, a"
    assert len(warnings) == 1
    assert message in warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, d", "pipeline, column 4: unknown pass 'd'; plugin 'lost' is broken\n  a, d\n     ^"),
        ("default{x=1}", "'default' is a pipeline and takes no options"),
        ("loop", "the pipeline 'loop' contains itself: loop -> other -> loop"),
        ("wrong", "pipeline 'wrong', column 3: expected ',' or the end of the pipeline"),
        ("lost", "pipeline 'lost', column 4: unknown pass 'd'"),
    ],
)
def test_errors_say_where(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        expand(parse(text), registry())
    assert message in str(caught.value)


def test_unknown_names_keep_their_kind() -> None:
    with pytest.raises(UnknownNameError):
        expand(parse("d"), registry())


def test_a_name_that_is_both_is_an_error() -> None:
    both = DummyRegistry(dummy("a"), pipelines={"a": ""})
    with pytest.raises(UsageError, match="'a' is both a pass and a pipeline"):
        expand(parse("a"), both)


def test_the_empty_pipeline_stays_empty() -> None:
    assert expand(Pipeline(), registry()) == (Pipeline(), ())
