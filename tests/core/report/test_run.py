"""The summary of a run, whole, at 80 columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from passmgr.core.contract import Remark
from passmgr.core.guard.results import OutputDifference, Verdict
from passmgr.core.manager.records import RunResult, StepRecord
from passmgr.core.report.console import show
from passmgr.core.report.run import conclusion, summary

RECORDS = [
    StepRecord(1, "sort", "inserted", "skipped", "'sorted' holds already", 0.0, 540, 540, 8, 8),
    StepRecord(2, "fold-constants", "written", "changed", "", 0.0123, 540, 453, 438_000_000,
               437_800_000, 90, 87),
    StepRecord(3, "eliminate-common-subexpressions", "written", "unchanged",
               "no two nodes compute the same from the same inputs, whatever the order of the "
               "inputs", 1.5, 453, 453, 8, 8),
    StepRecord(4, "infer-shapes", "written", "changed", "", 0.002, 453, 453, 8, 437_800_000, 1),
    StepRecord(5, "remove-unused", "moved", "failed", "it broke the graph", 0.1, 453, 453, 8, 8),
]  # fmt: skip
REMARKS = [
    Remark("missed", "output-too-large", "4 MB would be added", "fold-constants", node="a/b"),
    Remark("warning", "slow", "it took long", suggestion="use less"),
    Remark("missed", "output-too-large", "8 MB would be added", "fold-constants", node="a/c"),
]
WHOLE = """\
#  pass                                  nodes   weights   time  result
1  sort                                    540                   skipped
     inserted: 'sorted' holds already
2  fold-constants                   540 -> 453 -200.0 kB  12 ms  87 rewrites
3  eliminate-common-subexpressions         453           1.50 s  unchanged
     no two nodes compute the same from the same inputs, whatever the order of
     the inputs
4  infer-shapes                            453 +437.8 MB 2.0 ms  1 edit
5  remove-unused                           453           100 ms  failed
     moved: it broke the graph

repairs that the plan did not have
  sort inserted for 'sorted'

remarks
  slow: warning: it took long (use less)
  fold-constants/output-too-large: 4 MB would be added; at a/b and 1 other

guard: 2 of 2 outputs compared on synthesized inputs
  output  status     relative  absolute  reason
  z       undecided         -         -  it flipped

out.onnx: 540 -> 453 nodes, 8 B, verified: outputs equal within 2.4e-07, 1
undecided
"""


def result(**values: Any) -> RunResult:
    made = RunResult(SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    for name, value in values.items():
        setattr(made, name, value)
    return made


def test_summary_is_whole_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show(
        *summary(
            result(
                records=RECORDS,
                remarks=REMARKS,
                amendments=["sort inserted for 'sorted'"],
                guard=Verdict(
                    "passed",
                    (
                        OutputDifference("y", "within", 2.4e-7, 1e-6, "rounding"),
                        OutputDifference("z", "undecided", None, None, "it flipped"),
                    ),
                    "2 of 2 outputs compared on synthesized inputs",
                    2.4e-7,
                ),
                output="out.onnx",
            )
        )
    )
    assert capsys.readouterr().out == WHOLE


def test_short_reason_stands_on_the_line_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "61")
    told = "too large (2 places)"
    steps = [
        StepRecord(1, "sort", "written", "unchanged", "nothing to do", 0.001, 9, 9),
        StepRecord(2, "fold-constants", "written", "unchanged", told, 0.001, 9, 9),
        StepRecord(3, "remove-unused", "written", "skipped", "no Conv in the model", 0.0, 9, 9),
        StepRecord(4, "remove-unused", "written", "skipped", "no Convs in the model", 0.0, 9, 9),
    ]
    remarks = [Remark("missed", "size", "too large", "fold-constants", node="a/b")] * 2
    show(*summary(result(records=steps, remarks=remarks)))
    out = capsys.readouterr().out
    assert (
        out
        == """\
#  pass            nodes weights   time  result
1  sort                9         1.0 ms  nothing to do
2  fold-constants      9         1.0 ms  too large (2 places)
3  remove-unused       9                 no Conv in the model
4  remove-unused       9                 skipped
     no Convs in the model

not written (no -o): 9 nodes, 0 B, unchanged
"""
    )


def test_reason_stays_one_line_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show(*summary(result(records=RECORDS)))
    assert f"     {RECORDS[2].reason}" in capsys.readouterr().out.splitlines()


def test_breach_shows_the_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    broken = OutputDifference("y", "breach", 0.5, 1.0, "moved too far")
    fine = OutputDifference("z", "equal")
    show(*summary(result(records=RECORDS, guard=Verdict("breach", (broken, fine), "y moved"))))
    out = capsys.readouterr().out
    assert "  y       breach       0.5         1  moved too far" in out.splitlines()
    assert "  z " not in out
    assert "guard: y moved" in out.splitlines()
    assert out.endswith("outputs BROKEN\n")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "not written (no -o): unchanged"),
        ({"output": "o.onnx"}, "o.onnx: unchanged"),
        ({"records": RECORDS[:1]}, "not written (no -o): 540 nodes, 8 B, unchanged"),
        (
            {"records": RECORDS[1:2]},
            "not written (no -o): 540 -> 453 nodes, 438.0 MB -> 437.8 MB, outputs not checked",
        ),
        (
            {"records": RECORDS[1:2], "guard": Verdict("unverified", reason="the model is large")},
            "not written (no -o): 540 -> 453 nodes, 438.0 MB -> 437.8 MB, outputs not verified",
        ),
        (
            {"records": RECORDS[1:2], "guard": Verdict("passed", drift=0.0)},
            "not written (no -o): 540 -> 453 nodes, 438.0 MB -> 437.8 MB, verified: outputs "
            "bit-equal",
        ),
    ],
)
def test_last_line(values: dict[str, Any], line: str) -> None:
    assert str(conclusion(result(**values))) == line
