"""Exact traces of the scheduler with dummy passes: ``x<`` was moved, ``x+`` inserted."""

from __future__ import annotations

import pytest
from dummies import DummyRegistry, dummy, schedule, trace

from passmgr.core.contract import Approximate, Lossy, Order
from passmgr.core.pipeline import Pipeline, load_pipeline
from passmgr.core.schedule import make_plan

FREE = [dummy(name) for name in "uvw"]
ORDERED = DummyRegistry(
    *FREE,
    dummy("early", before=("u",)),
    dummy("late", after=("u",)),
    dummy("first", before=("*",)),
    dummy("last", after=("*",)),
    dummy("soft", before=("u?",)),
    dummy("against", after=("soft",), before=("u",)),
    dummy("wish", after=("u?",), before=("v",)),
    dummy("lossy", effect=Lossy(), before=("w",)),
    dummy("near", effect=Approximate(1e-3)),
)
FACTS = DummyRegistry(
    *FREE,
    dummy("use", requires=("f",)),
    dummy("use-g", requires=("g",)),
    dummy("use-both", requires=("f", "g")),
    dummy("make", establishes=("f",)),
    dummy("make-g", establishes=("g",)),
    dummy("make-from-g", requires=("g",), establishes=("f",)),
    dummy("make-after-u", establishes=("f",), after=("u",)),
    dummy("make-before-w", establishes=("f",), before=("w",)),
    dummy("make-breaks-g", establishes=("f",), breaks=("g",)),
    dummy("make-wish", establishes=("f",), after=("use?",)),
    dummy("spoil", breaks=("f",)),
    dummy("spoil-all", breaks=("*",)),
    dummy("owe", followed_by=("f",)),
    dummy("pay", establishes=("f", "h")),
    dummy("lossy", effect=Lossy()),
    dummy("lossy-use", effect=Lossy(), requires=("f",)),
    dummy("lossy-make", effect=Lossy(), establishes=("f",)),
)
NORMALIZED = DummyRegistry(
    *FACTS.classes.values(),
    dummy("normal-f", establishes=("f",)),
    dummy("normal-g", requires=("f",), establishes=("g",)),
    dummy("normal-h", establishes=("h",), breaks=("f",)),
    dummy("use-fh", requires=("f", "h")),
    dummy("use-no-f", requires=("g",), breaks=("f",)),
    normalizers={"f": "normal-f", "g": "normal-g", "h": "normal-h"},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("u, v, w", "u v w"),
        ("u, u, u", "u u u"),
        ("early, u", "early u"),
        ("u, early", "early< u"),
        ("late, u", "u late<"),
        ("u, v, early", "early< u v"),
        ("u, v, w, early", "early< u v w"),
        ("late, late, late, u", "u< late late late"),
        ("u, u, u, early", "early< u u u"),
        ("early, u, early", "early early< u"),
        ("u, v, first", "first< u v"),
        ("last, u, v", "u v last<"),
        ("u, soft", "soft< u"),
        ("u, soft, against", "soft against u<"),
        ("wish, v, u", "u< wish v"),
        ("u, repeat{max=3}(v, late)", "u (v late)"),
        ("repeat(late, v, u)", "(v u late<)"),
        ("v, lossy, u, early", "v lossy early< u"),
        ("u, near, early", "early< u near"),
        ("repeat{max=2}()", ""),
        ("repeat(u, repeat(v))", "(u (v))"),
    ],
)
def test_constraints(text: str, expected: str) -> None:
    assert trace(schedule(text, ORDERED)) == expected


@pytest.mark.parametrize(
    ("text", "holds", "expected"),
    [
        ("use", "f", "use"),
        ("make, use", "", "make use"),
        ("use, make", "f", "use make"),
        ("use, make", "", "make< use"),
        ("use, u, make, make", "", "make< use u make"),
        ("u, use, v, make, w", "", "u make< use v w"),
        ("spoil, use, make", "f", "spoil make< use"),
        ("use, make, spoil, use, make", "", "make< use spoil make< use"),
        ("use, make-from-g, make-g", "", "make-g< make-from-g< use"),
        ("use, make-g, make-from-g", "", "make-g< make-from-g< use"),
        ("use, u, make-after-u", "", "u< make-after-u< use"),
        ("use, w, make-before-w", "", "make-before-w< use w"),
        ("use-both, make, make-g", "", "make< make-g< use-both"),
        ("repeat(use, v, make)", "", "(make< use v)"),
        ("repeat(use, spoil, make)", "f", "(use spoil make)"),
        ("repeat{max=1}(use, spoil)", "f", "(use spoil)"),
        ("repeat(use)", "f", "(use)"),
        ("make, repeat(repeat(use))", "", "make ((use))"),
        ("owe, pay", "", "owe pay"),
        ("owe, owe, pay", "f", "owe owe pay"),
        ("lossy-use, u", "f", "lossy-use u"),
        ("lossy-make, use", "", "lossy-make use"),
        ("spoil-all, make, use", "f", "spoil-all make use"),
    ],
)
def test_facts_without_normalizers(text: str, holds: str, expected: str) -> None:
    assert trace(schedule(text, FACTS, holds)) == expected


@pytest.mark.parametrize(
    ("text", "holds", "expected"),
    [
        ("use", "", "normal-f+ use"),
        ("use, make", "", "make< use"),
        ("use, spoil, use, spoil, use", "f", "use spoil normal-f+ use spoil normal-f+ use"),
        ("use, lossy, make", "", "normal-f+ use lossy make"),
        ("lossy-use, make", "", "normal-f+ lossy-use make"),
        ("use, lossy-make", "", "normal-f+ use lossy-make"),
        ("use, repeat(make)", "", "normal-f+ use (make)"),
        ("use, use-g, make-breaks-g", "g", "normal-f+ use use-g make-breaks-g"),
        ("use-g", "", "normal-f+ normal-g+ use-g"),
        ("use-fh", "", "normal-f+ normal-h+ normal-f+ use-fh"),
        ("repeat(use)", "", "normal-f+ (use)"),
        ("repeat(u, repeat(use))", "", "normal-f+ (u (use))"),
        ("repeat(use, spoil)", "f", "(normal-f+ use spoil)"),
        ("repeat(use, spoil)", "", "(normal-f+ use spoil)"),
        ("repeat{max=1}(use, spoil)", "f", "(use spoil)"),
        ("repeat(repeat(use), spoil)", "f", "(normal-f+ (use) spoil)"),
        ("repeat(repeat(use, u), use-no-f)", "f g", "(normal-f+ (use u) use-no-f)"),
        ("owe", "f", "owe normal-f+"),
        ("repeat(owe, u)", "", "(owe u) normal-f+"),
        ("owe, use", "f", "owe normal-f+ use"),
    ],
)
def test_facts_with_normalizers(text: str, holds: str, expected: str) -> None:
    assert trace(schedule(text, NORMALIZED, holds)) == expected


def test_target_requires_facts_at_the_end() -> None:
    plan = schedule("spoil", NORMALIZED, "f", target_requires=("f", "g"))
    assert trace(plan) == "spoil normal-f+ normal-g+"
    reasons = [step.reason for step in plan.passes()]
    assert reasons == ["as written", "the target requires 'f'", "the target requires 'g'"]


def test_larger_numbers_of_a_family_imply_smaller_ones() -> None:
    registry = DummyRegistry(
        dummy("convert", establishes=("opset>=18",)),
        dummy("new", requires=("opset>=13",)),
    )
    assert trace(schedule("convert, new", registry)) == "convert new"
    assert trace(schedule("new, convert", registry)) == "convert< new"


def test_facts_of_the_input_are_asked_for_once_and_only_where_they_matter() -> None:
    asked: list[str] = []

    def holds(fact: str) -> bool:
        asked.append(fact)
        return True

    pipeline = load_pipeline("make, use, use-g, use-g, spoil")
    make_plan(pipeline, FACTS, facts_holding=holds)
    assert asked == ["g"]


def test_only_the_passes_of_the_pipeline_are_loaded() -> None:
    registry = DummyRegistry(*NORMALIZED.classes.values(), normalizers=NORMALIZED.normalizers)
    schedule("use, u, make", registry)
    assert set(registry.loaded) == {"use", "u", "make"}


def test_keep_order_inserts_instead_of_moving() -> None:
    assert trace(schedule("use, make", NORMALIZED, keep_order=True)) == "normal-f+ use make"


def test_disabled_passes_are_left_out() -> None:
    plan = schedule("u, v, repeat(u)", ORDERED, disable=("u", "w"))
    assert trace(plan) == "v"
    assert plan.warnings == ("'w' is disabled, but is not in the pipeline",)
    assert [step.written for step in plan.passes()] == [2]


def test_passes_made_in_python_and_by_name_mix() -> None:
    mine = dummy("mine", requires=("f",), before=("u",))()
    plan = make_plan(load_pipeline([FREE[0](), mine, "make"]), NORMALIZED)
    assert trace(plan) == "make< mine< u"
    assert next(step for step in plan.passes() if step.pass_.name == "mine").pass_ is mine


def test_soft_constraints_give_way_with_a_warning() -> None:
    def warnings(text: str, registry: DummyRegistry, **settings: object) -> tuple[str, ...]:
        return schedule(text, registry, **settings).warnings

    cycle = DummyRegistry(dummy("a", before=("b",)), dummy("b", before=("a?",)))
    assert trace(schedule("b, a", cycle)) == "a< b"
    assert warnings("b, a", cycle) == (
        "a soft constraint gives way to the other constraints: "
        "'b' (#1) before 'a' (#2): because (dummies.B.before)",
    )
    (warning,) = warnings("u, repeat(soft)", ORDERED)
    assert warning.startswith(
        "a soft constraint gives way, no pass is moved across a lossy pass or the border"
    )
    (warning,) = warnings("u, soft", ORDERED, keep_order=True)
    assert warning.startswith("a soft constraint gives way, the order is to be kept: 'soft' (#2)")
    (warning,) = warnings("use, make-wish", FACTS)
    assert warning.startswith("a soft constraint gives way to the fact 'f': 'use' (#1) before")
    shy = DummyRegistry(
        dummy("use", requires=("f",)),
        dummy("n", establishes=("f",), after=("use?",)),
        normalizers={"f": "n"},
    )
    (warning,) = warnings("use", shy)
    assert "gives way to the fact 'f': 'use' (#1) before 'n' (inserted)" in warning


def test_other_warnings() -> None:
    registry = DummyRegistry(
        dummy("a", before=("gone", "b", "none-*"), conflicts=("b?",)),
        dummy("b"),
        additions={"p:end": ["??"]},
        pipelines={"p": "a, b"},
    )
    assert schedule("a", registry).warnings == (
        "'a' declares before 'gone': unknown pass 'gone'; plugin 'lost' is broken",
    )
    warnings = schedule("p", registry).warnings
    assert "plugin 'extra' is left out at p:end" in warnings[0]
    assert warnings[2] == "'a' (#1) goes badly with 'b' (#2): because (dummies.A.conflicts)"


def test_a_pass_does_not_constrain_itself() -> None:
    assert trace(schedule("first, first", ORDERED)) == "first first"
    alone = DummyRegistry(dummy("a", conflicts=("a*", "a")), dummy("b", after=(Order("b", ""),)))
    assert trace(schedule("a, a, b, b", alone)) == "a a b b"


def test_empty_plan() -> None:
    plan = make_plan(Pipeline(), ORDERED)
    assert plan.steps == ()
    assert plan.to_text() == "nothing to run\n"
