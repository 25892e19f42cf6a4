"""The plan: its text, its JSON, its digest, and locks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dummies import DummyRegistry, dummy, schedule

from passmgr.core.contract import option
from passmgr.core.errors import OutputError, ScheduleError, UsageError
from passmgr.core.pipeline import load_pipeline
from passmgr.core.schedule import check_lock, lock_of, make_plan, read_lock, write_lock

LIMITED = dummy("limited", __annotations__={"x": int}, x=option(1, help="A number."))
REGISTRY = DummyRegistry(
    LIMITED,
    dummy("use", requires=("f",), before=("limited",)),
    dummy("make", establishes=("f",)),
    dummy("owe", followed_by=("f",)),
    dummy("wish", before=("gone",)),
    normalizers={"f": "make"},
)


def test_text() -> None:
    plan = schedule("limited{x=2}, use, repeat{max=3}(wish, owe)", REGISTRY)
    assert plan.to_text() == (
        "  1  make                      inserted  'use' (#2) requires 'f'\n"
        "  2  use                       moved     before 'limited': because\n"
        "  3  limited{x=2}              written   as written\n"
        "     repeat, at most 3 times:\n"
        "  4    wish                    written   as written\n"
        "  5    owe                     written   as written\n"
        "  6  make                      inserted  'owe' (#4) must be followed by 'f'\n"
        "\n"
        "order:\n"
        "  1 before 2: fact 'f' (dummies.Use.requires)\n"
        "  2 before 3: because (dummies.Use.before)\n"
        "  5 before 6: fact 'f' (dummies.Owe.followed_by)\n"
        "\n"
        "warnings:\n"
        "  'wish' declares before 'gone': unknown pass 'gone'; plugin 'lost' is broken\n"
    )


def test_json() -> None:
    plan = schedule("use, repeat{max=3}(limited)", REGISTRY, "f")
    data = json.loads(json.dumps(plan.to_json()))
    assert data == {
        "digest": plan.digest,
        "steps": [
            {
                "number": 1,
                "distribution": "dummies",
                "release": "1.2",
                "name": "use",
                "version": 1,
                "options": "use",
                "origin": "written",
                "written": 1,
                "reason": "as written",
            },
            {"repeat": 3, "steps": [data["steps"][1]["steps"][0]]},
        ],
        "edges": [
            {"first": 1, "second": 2, "reason": "because", "origin": "dummies.Use.before"},
        ],
        "warnings": [],
    }
    assert data["steps"][1]["steps"][0]["number"] == 2


def test_plans_are_values() -> None:
    plan = schedule("use, limited{x=2}", REGISTRY)
    again = schedule("use, limited{x=2}", REGISTRY)
    assert plan == again
    assert len({plan, again}) == 1
    texts = ["use, limited", "limited{x=2}, use, use", "use, repeat(limited{x=2})", "make", ""]
    digests = {schedule(text, REGISTRY).digest for text in texts} | {plan.digest}
    assert len(digests) == 6
    with pytest.raises(AttributeError):
        plan.steps = ()  # type: ignore[misc]


def test_the_digest_is_about_what_runs_and_not_about_why() -> None:
    written = schedule("make, use", REGISTRY)
    inserted = schedule("use", REGISTRY)
    assert written != inserted
    assert written.digest == inserted.digest


def test_a_plan_of_passes_that_cannot_be_hashed_is_hashable() -> None:
    mine = dummy("mine", __annotations__={"x": Any}, x=option(None, help="Anything."))(x=[1])
    plan = make_plan(load_pipeline(mine), REGISTRY)
    assert hash(plan) == hash(make_plan(load_pipeline(mine), REGISTRY))
    assert len({*plan.steps}) == 1


def test_identity() -> None:
    registered, alike = LIMITED(x=2), dummy("limited")()
    plan = make_plan(load_pipeline([registered, alike, "limited"]), REGISTRY)
    assert [str(step.identity) for step in plan.passes()] == [
        "'limited{x=2}' (version 1, dummies 1.2)",
        "'limited' (version 1, made in Python)",
        "'limited' (version 1, dummies 1.2)",
    ]


def test_a_lock_holds_the_plan_that_it_was_made_of(tmp_path: Path) -> None:
    plan = schedule("use, repeat(limited{x=2})", REGISTRY)
    write_lock(plan, tmp_path / "plan.lock")
    lock = read_lock(tmp_path / "plan.lock")
    check_lock(plan, lock)
    with pytest.raises(ScheduleError, match="ends before the lock does"):
        check_lock(plan, {**lock, "steps": lock["steps"] * 2})  # The digest alone says nothing.


def _edited(lock: dict[str, Any], edit: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps({**lock, "digest": "other"}))
    edit(copy["steps"])
    return copy


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            lambda steps: steps[0].update(version=2),
            "the plan differs from the lock at line 1: 'make' (version 1, dummies 1.2), locked is "
            "'make' (version 2, dummies 1.2)",
        ),
        (
            lambda steps: steps[1].update(release="1.1"),
            "the plan differs from the lock at line 2: 'use' (version 1, dummies 1.2), locked is "
            "'use' (version 1, dummies 1.1)",
        ),
        (
            lambda steps: steps[1].update(distribution=""),
            "locked is 'use' (version 1, made in Python)",
        ),
        (
            lambda steps: steps[2].update(repeat=4),
            "at line 3: the begin of repeat{max=10}, locked is the begin of repeat{max=4}",
        ),
        (
            lambda steps: steps[2]["steps"][0].update(options="limited"),
            "at line 4: 'limited{x=2}' (version 1, dummies 1.2), locked is 'limited' (version 1",
        ),
        (lambda steps: steps.append(steps[0]), "ends before the lock does: locked is 'make'"),
        (lambda steps: steps.pop(), "the plan goes on after the end of the lock: the begin of"),
        (lambda steps: steps.insert(0, 3), "locked is 3, which is no step"),
        (lambda steps: None, "the lock was changed by hand: its digest does not fit its steps"),
    ],
)
def test_the_first_difference_from_a_lock_is_named(edit: Any, expected: str) -> None:
    plan = schedule("use, repeat(limited{x=2})", REGISTRY)
    with pytest.raises(ScheduleError) as caught:
        check_lock(plan, _edited(lock_of(plan), edit))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is no JSON: Expecting property name"),
        ("\xff", "is no JSON"),
        ("[]", "is no lock; 'passmgr plan MODEL --lock FILE' writes one"),
        ('{"format": "passmgr-lock", "version": 9}', "is of a format that this version does not"),
        ('{"format": "passmgr-lock", "version": 1}', "is of a format that this version does not"),
    ],
)
def test_what_is_no_lock(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "plan.lock"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=message):
        read_lock(path)


def test_a_lock_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"'.*plan.lock' cannot be written: No such file"):
        write_lock(schedule("use", REGISTRY), tmp_path / "none" / "plan.lock")
