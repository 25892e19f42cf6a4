"""Every error of the scheduler, whole: what, where, who, and what to do."""

# ruff: noqa: E501 - the messages stand here as the user sees them

from __future__ import annotations

from typing import Any

import pytest
from dummies import DummyRegistry, dummy, schedule

from passmgr.core.contract import Lossy, option
from passmgr.core.errors import PassmgrError, ScheduleError, UnknownNameError, UsageError
from passmgr.core.pipeline import parse, parse_toml
from passmgr.core.schedule import make_plan

CLASSES = (
    dummy("u"),
    dummy("v"),
    dummy("use", requires=("f",)),
    dummy("make", establishes=("f",)),
    dummy("make-too", establishes=("f",)),
    dummy("make-late", establishes=("only",), after=("use-only",)),
    dummy("make-behind", establishes=("only",), after=("v",)),
    dummy("v-behind", after=("use-only",), before=("make-last",)),
    dummy("make-last", establishes=("last",)),
    dummy("use-last", requires=("last",)),
    dummy("use-only", requires=("only",)),
    dummy("use-g", requires=("g",)),
    dummy("use-gg", requires=("g",)),
    dummy("make-only-breaks-g", establishes=("only",), breaks=("g",)),
    dummy("use-both", requires=("p", "q")),
    dummy("make-p", establishes=("p",), breaks=("q",)),
    dummy("make-q", establishes=("q",), breaks=("p",)),
    dummy("use-r", requires=("r",)),
    dummy("make-r", requires=("s",), establishes=("r",)),
    dummy("make-s", requires=("r",), establishes=("s",)),
    dummy("spoil", breaks=("*",)),
    dummy("owe", followed_by=("f",)),
    dummy("lossy", effect=Lossy(), before=("u",)),
    dummy("a", before=("b",)),
    dummy("b", before=("c",)),
    dummy("c", before=("a", "d")),
    dummy("d", before=("a",)),
    dummy("e", before=("u",), conflicts=("make*",)),
    dummy("must", required=True),
    dummy("use-unknown", requires=("unknown-fact",)),
    dummy("use-opset", requires=("opset>=18",)),
    dummy("convert", establishes=("opset>=18",)),
    dummy("lossy-h", effect=Lossy(), establishes=("h",)),
    dummy("use-h", requires=("h",)),
    dummy("liar", establishes=()),
    dummy("use-i", requires=("i",)),
    dummy("use-j", requires=("j",)),
    dummy("use-k", requires=("k",)),
    dummy("make-k", establishes=("k",), conflicts=("u",)),
    dummy("use-m", requires=("m",), before=("make-m",)),
    dummy("make-m", establishes=("m",)),
)
REGISTRY = DummyRegistry(
    *CLASSES,
    broken=("broken",),
    normalizers={
        "p": "make-p",
        "q": "make-q",
        "r": "make-r",
        "s": "make-s",
        "h": "lossy-h",
        "i": "liar",
        "j": "broken",
        "k": "make-k",
        "m": "make-m",
        "opset>=18": "convert",
    },
)


@pytest.mark.parametrize(
    ("text", "holds", "settings", "expected"),
    [
        pytest.param(
            "u, use",
            "",
            {},
            """'use' (#2) requires 'f', which does not hold there
  it does not hold on the input, and no pass before establishes it
  'make' (dummies), 'make-too' (dummies) establish it: choose one and write it before 'use'""",
            id="missing-with-ambiguous-providers",
        ),
        pytest.param(
            "spoil, use-only",
            "only",
            {},
            """'use-only' (#2) requires 'only', which does not hold there
  broken by 'spoil' (#1), from dummies 1.2
  'make-behind' (dummies), 'make-late' (dummies), 'make-only-breaks-g' (dummies) establish it: choose one and write it before 'use-only'""",
            id="missing-with-who-broke-it",
        ),
        pytest.param(
            "use-last",
            "",
            {},
            """'use-last' (#1) requires 'last', which does not hold there
  it does not hold on the input, and no pass before establishes it
  'make-last' (dummies) establishes it: write it before 'use-last'""",
            id="missing-with-one-provider",
        ),
        pytest.param(
            "use-g",
            "",
            {},
            """'use-g' (#1) requires 'g', which does not hold there
  it does not hold on the input, and no pass before establishes it
  no registered pass establishes it""",
            id="missing-without-provider",
        ),
        pytest.param(
            "repeat(v, use-last, spoil)",
            "last",
            {},
            """'use-last' (#2) requires 'last', which does not hold in every round of the repeat
  broken by 'spoil' (#3), from dummies 1.2
  'make-last' (dummies) establishes it: write it at the end of the repeat or before 'use-last' in it""",
            id="repeat-loses-its-facts",
        ),
        pytest.param(
            "owe, u",
            "f",
            {"disable": ("make-too",)},
            """'owe' (#1) must be followed by 'f', which does not hold at the end of the pipeline
  broken by 'owe' (#1), from dummies 1.2
  'make' (dummies), 'make-too' (dummies, disabled) establish it: choose one and write it at the end""",
            id="unmet-obligation",
        ),
        pytest.param(
            "u",
            "",
            {"target_requires": ("last",)},
            """the target requires 'last', which does not hold at the end of the pipeline
  it does not hold on the input, and no pass before establishes it
  'make-last' (dummies) establishes it: write it at the end""",
            id="unmet-requirement-of-the-target",
        ),
        pytest.param(
            "use-only, make-late",
            "",
            {},
            """'use-only' (#1) requires 'only', which does not hold there
  it does not hold on the input, and no pass before establishes it
  'make-late' (#2) establishes it too late and is not moved: its constraints form a cycle:
    'make-late' (#2) before 'use-only' (#1): it establishes 'only' (dummies.UseOnly.requires)
    'use-only' (#1) before 'make-late' (#2): because (dummies.MakeLate.after)
  'make-behind' (dummies), 'make-late' (dummies), 'make-only-breaks-g' (dummies) establish it: choose one and write it before 'use-only'""",
            id="cycle-of-fact-and-constraint",
        ),
        pytest.param(
            "use-only, use-g, make-only-breaks-g",
            "g",
            {},
            """'use-only' (#1) requires 'only', which does not hold there
  it does not hold on the input, and no pass before establishes it
  'make-only-breaks-g' (#3) establishes it too late and is not moved: it would break 'g', which 'use-g' (#2) requires ('make-only-breaks-g' (#3) breaks it)
  'make-behind' (dummies), 'make-late' (dummies), 'make-only-breaks-g' (dummies) establish it: choose one and write it before 'use-only'""",
            id="hoist-would-break-something",
        ),
        pytest.param(
            "use-last, make-last",
            "",
            {"keep_order": True},
            """'use-last' (#1) requires 'last', which does not hold there
  it does not hold on the input, and no pass before establishes it
  'make-last' (#2) establishes it too late and is not moved: the order is to be kept
  'make-last' (dummies) establishes it: write it before 'use-last'""",
            id="keep-order-forbids-hoist",
        ),
        pytest.param(
            "use-both",
            "",
            {},
            """'use-both' (#1) requires 'p', which does not hold there
  broken by 'make-q' (inserted), from dummies 1.2
  what establishes the other facts that are needed there breaks it again
  'make-p' (dummies) establishes it: write it before 'use-both'""",
            id="facts-that-exclude-each-other",
        ),
        pytest.param(
            "use-r",
            "",
            {},
            """'make-s' (inserted) requires 'r', which does not hold there
  it does not hold on the input, and no pass before establishes it
  facts are needed to establish each other: 'r' -> 's' -> 'r'
  'make-r' (dummies) establishes it: write it before 'make-s'""",
            id="facts-that-need-each-other",
        ),
        pytest.param(
            "use-opset",
            "",
            {},
            """'use-opset' (#1) requires 'opset>=18', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'convert' is not inserted: the opset is converted only where the pipeline says so
  'convert' (dummies) establishes it: write it before 'use-opset'""",
            id="opset-is-never-converted-by-itself",
        ),
        pytest.param(
            "use-h",
            "",
            {},
            """'use-h' (#1) requires 'h', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'lossy-h' is not inserted: a lossy pass is never inserted
  'lossy-h' (dummies) establishes it: write it before 'use-h'""",
            id="lossy-normalizer",
        ),
        pytest.param(
            "use-i",
            "",
            {},
            """'use-i' (#1) requires 'i', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'liar' is not inserted: it does not declare that it establishes the fact
  no registered pass establishes it""",
            id="normalizer-that-does-not-normalize",
        ),
        pytest.param(
            "use-j",
            "",
            {},
            """'use-j' (#1) requires 'j', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'broken' is not inserted: pass 'broken' cannot be loaded
  no registered pass establishes it""",
            id="broken-normalizer",
        ),
        pytest.param(
            "use-h",
            "",
            {"disable": ("lossy-h",)},
            """'use-h' (#1) requires 'h', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'lossy-h' is not inserted: it is disabled
  'lossy-h' (dummies, disabled) establishes it: write it before 'use-h'""",
            id="disabled-normalizer",
        ),
        pytest.param(
            "u, use-k",
            "",
            {},
            """'use-k' (#2) requires 'k', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'make-k' is not inserted: 'make-k' (inserted) conflicts with 'u' (#1): because
  'make-k' (dummies) establishes it: write it before 'use-k'""",
            id="conflicting-normalizer",
        ),
        pytest.param(
            "use-m",
            "",
            {},
            """'use-m' (#1) requires 'm', which does not hold there
  it does not hold on the input, and no pass before establishes it
  its normalizer 'make-m' is not inserted: 'use-m' (#1) before 'make-m' (inserted): because (dummies.UseM.before)
  'make-m' (dummies) establishes it: write it before 'use-m'""",
            id="constrained-normalizer",
        ),
        pytest.param(
            "c, d, u, b, a",
            "",
            {},
            """the passes cannot be ordered, their constraints form a cycle: 'a' -> 'b' -> 'c' -> 'a'
  'a' (#5) before 'b' (#4): because (dummies.A.before)
  'b' (#4) before 'c' (#1): because (dummies.B.before)
  'c' (#1) before 'a' (#5): because (dummies.C.before)
  leave one of the passes out""",
            id="shortest-cycle",
        ),
        pytest.param(
            "u, e",
            "",
            {"keep_order": True},
            """'e' (#2) must run before 'u' (#1): write it there, the order is to be kept
  'e' (#2) before 'u' (#1): because (dummies.E.before)""",
            id="keep-order",
        ),
        pytest.param(
            "u, v, lossy",
            "",
            {},
            """'lossy' (#3) must run before 'u' (#1): write it there, no pass is moved across a lossy pass or the border of a repeat
  'lossy' (#3) before 'u' (#1): because (dummies.Lossy.before)""",
            id="never-across-a-lossy-pass",
        ),
        pytest.param(
            "u, repeat(e)",
            "",
            {},
            """'e' (#2) must run before 'u' (#1): write it there, no pass is moved across a lossy pass or the border of a repeat
  'e' (#2) before 'u' (#1): because (dummies.E.before)""",
            id="never-across-the-border-of-a-repeat",
        ),
        pytest.param(
            "e, repeat(make-too)",
            "",
            {},
            "'e' (#1) conflicts with 'make-too' (#2): because (dummies.E.conflicts); leave one of them out",
            id="conflict",
        ),
        pytest.param(
            "must",
            "",
            {"disable": ("must",)},
            "'must' is required and cannot be disabled",
            id="required",
        ),
    ],
)
def test_schedule_errors(text: str, holds: str, settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedule(text, REGISTRY, holds, **settings)
    assert str(caught.value) == expected
    assert len(expected.split("\n")) < 20


@pytest.mark.parametrize(
    ("text", "settings", "kind", "expected"),
    [
        (
            "u, fold",
            {},
            UnknownNameError,
            "pipeline, column 4: unknown pass 'fold'; plugin 'lost' is broken\n"
            "  u, fold\n"
            "     ^^^^",
        ),
        ("u", {"disable": ("x",)}, UnknownNameError, "unknown pass 'x'; plugin 'lost' is broken"),
        (
            "use-unknown",
            {},
            UnknownNameError,
            "unknown fact 'unknown-fact'; 'use-unknown' (#1) requires it",
        ),
        (
            "u, v{x=1}",
            {},
            UsageError,
            "pipeline, column 4: pass 'v': unknown option 'x'; options: none\n  u, v{x=1}\n     ^",
        ),
    ],
)
def test_other_errors(text: str, settings: Any, kind: type[PassmgrError], expected: str) -> None:
    with pytest.raises(PassmgrError) as caught:
        schedule(text, REGISTRY, **settings)
    assert type(caught.value) is kind
    assert str(caught.value) == expected


def test_wrong_option_of_a_table_in_a_file() -> None:
    pipeline = parse_toml("passes = ['u', {pass = 'v', options = {x = 1}}]", "p.toml")
    with pytest.raises(UsageError) as caught:
        make_plan(pipeline, DummyRegistry(dummy("u"), dummy("v")))
    assert str(caught.value).splitlines()[0] == (
        "p.toml: passes[2], column 1: pass 'v': unknown option 'x'; options: none"
    )


def test_wrong_option_of_a_tree_without_text() -> None:
    registry = DummyRegistry(dummy("a", __annotations__={"x": int}, x=option(1, help="A number.")))
    pipeline = parse("a{x=b}")
    with pytest.raises(UsageError, match="option 'x' takes int, not 'b'"):
        make_plan(pipeline, registry)
