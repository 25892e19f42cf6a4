"""The text form: what parses to what, what prints how, and where errors point."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import pipelines

from passmgr.core.errors import UsageError
from passmgr.core.pipeline import Call, Pipeline, Repeat, parse


def test_documented_example_parses() -> None:
    text = """
        fold-constants,  # a comment, with a comma
        fold-batchnorm{keep_running_stats=true},
        repeat{max=5}(fuse-gelu, cse,),
        quantize-static{calibrator=mse, ranges=[0.5, -1e-3], skip='a "b"', limit=none,},
    """
    assert parse(text) == Pipeline(
        (
            Call("fold-constants"),
            Call("fold-batchnorm", (("keep_running_stats", True),)),
            Repeat(5, Pipeline((Call("fuse-gelu"), Call("cse")))),
            Call(
                "quantize-static",
                (
                    ("calibrator", "mse"),
                    ("ranges", (0.5, -0.001)),
                    ("skip", 'a "b"'),
                    ("limit", None),
                ),
            ),
        )
    )


@pytest.mark.parametrize("text", ["", " \n\t", "# nothing", "#a\n#b\n"])
def test_empty_text_is_the_empty_pipeline(text: str) -> None:
    assert parse(text) == Pipeline()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("none", None),
        ("True", "True"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-2.5E-3", -0.0025),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("per-channel", "per-channel"),
        ("data/calibration.npz", "data/calibration.npz"),
        ("../a.npz", "../a.npz"),
        ("module:function", "module:function"),
        ("encoder.*", "encoder.*"),
        ("info", "info"),
        (r'"a\"b\\c\nd\u00e9\U0001f600"', 'a"b\\c\ndé😀'),
        ("'it is \"so\"'", 'it is "so"'),
        ("[]", ()),
        ("[1, [a, 'b'],]", (1, ("a", "b"))),
    ],
)
def test_option_values(written: str, value: object) -> None:
    (call,) = parse(f"x{{a={written}}}").items
    assert isinstance(call, Call)
    found = call.options[0][1]
    assert found == value
    assert type(found) is type(value)


def test_values_of_different_types_are_different() -> None:
    assert len({parse(f"x{{a={value}}}") for value in ("1", "1.0", "true", "'1'")}) == 4
    assert parse("x{a=nan}") == parse("x{a=nan}")
    assert parse("x{a=0.0}") != parse("x{a=-0.0}")


def test_canonical_text() -> None:
    text = "a{ x = +1 , y='p' , z=\"q r\" } ,repeat( b ),"
    assert str(parse(text)) == 'a{x=1, y=p, z="q r"}, repeat{max=10}(b)'


@given(pipelines)
def test_print_then_parse_is_the_identity(pipeline: Pipeline) -> None:
    text = str(pipeline)
    again = parse(text)
    assert again == pipeline
    assert str(again) == text


@given(st.text() | st.text("ab{}()[],=#\"'\\ \n1.e-", max_size=30))
@example("x{a=" + "9" * 5000 + "}")
@example("repeat(" * 10_000)
@example("x{a=" + "[" * 10_000)
def test_any_text_parses_or_is_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "caret", "message"),
    [
        ("a, , b", 3, "column 4: expected a pass name, found ','"),
        ("a b", 2, "expected ',' or the end of the pipeline, found 'b'"),
        ("a)", 1, "expected ',' or the end of the pipeline, found ')'"),
        ("a{", 2, "expected an option name or '}', found the end of the text"),
        ("a{x}", 3, "expected '=' and the value of 'x', found '}'"),
        ("a{x=}", 4, "expected a value"),
        ("a{x=8bit}", 4, "needs quotes), found '8'"),
        ("a{x=1.2.3}", 4, "needs quotes), found '1'"),
        ("a{x=1 y=2}", 6, "expected ',' or '}', found 'y'"),
        ("a{x=1, x=2}", 7, "option 'x' is given twice"),
        ("a{x=[1 2]}", 7, "expected ',' or ']', found '2'"),
        ('a{x="b}', 4, 'the text has no closing " on its line'),
        ('a{x="b\\q"}', 6, "unknown escape; there are"),
        ('a{x="\\U00110000"}', 5, "unknown escape; there are"),
        ("a{x=" + "9" * 5000 + "}", 4, "the number has too many digits"),
        ("a(b)", 1, "only 'repeat' takes passes in parentheses"),
        ("repeat", 6, "expected '(' and the passes to repeat, found the end of the text"),
        ("repeat(a", 8, "expected ',' or ')', found the end of the text"),
        ("repeat(a,,)", 9, "expected a pass name, found ','"),
        ("repeat{max=0}(a)", 7, "'max' takes a whole number from 1"),
        ("repeat{max=true}(a)", 7, "'max' takes a whole number from 1"),
        ("repeat{n=2}(a)", 7, "'repeat' has no option 'n', only 'max'"),
        ("repeat(" * 51, 357, "nested more than 50 levels deep"),
        ("\x1b[31m", 0, "expected a pass name, found '\\x1b'"),
    ],
)
def test_errors_point_at_the_place(text: str, caret: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    first, shown, carets = str(caught.value).split("\n")
    assert message in first
    assert shown == "  " + text.replace("\x1b", "\ufffd")
    assert carets == "  " + " " * caret + "^"


def test_error_in_many_lines_shows_all_with_the_caret_between() -> None:
    with pytest.raises(UsageError) as caught:
        parse("a,\n\tb c,\nd")
    assert str(caught.value) == (
        "pipeline, line 2, column 4: expected ',' or the end of the pipeline, found 'c'\n"
        "  a,\n"
        "  \tb c,\n"
        "  \t  ^\n"
        "  d"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Call("a b"), "'a b' cannot be the name of a pass"),
        (lambda: Call("repeat"), "'repeat' cannot be the name of a pass"),
        (lambda: Call("a", (("x y", 1),)), "'x y' cannot be the name of an option of 'a'"),
        (lambda: Call("a", (("x", 1), ("x", 2))), "option 'x' of 'a' is given twice"),
        (lambda: Repeat(0, Pipeline()), "at least once, max=0 is too small"),
    ],
)
def test_trees_that_have_no_text_cannot_be_made(make, message) -> None:
    with pytest.raises(UsageError, match=message):
        make()
