"""A study as data: ratios are paired by round, summaries by model."""

from __future__ import annotations

import json

import pytest

from passmgr.core.report.console import show
from passmgr.core.report.study import study_layout
from passmgr.core.study import FEWEST, Estimate, PipelineStudy, StudyRow
from passmgr.core.study.records import timed

ROUNDS = 8
DRIFTING = [1.0 + 0.5 * index for index in range(ROUNDS)]
"""Seconds of a machine that gets slower and slower."""


def study(models: int = FEWEST, ratio: float = 0.5) -> PipelineStudy:
    rows: list[StudyRow] = []
    for index in range(models):
        name = f"m{index}"
        made = [StudyRow(name, "original", nodes=10), StudyRow(name, "fast", nodes=5, drift=1e-7)]
        samples = {"original": DRIFTING, "fast": [ratio * seconds for seconds in DRIFTING]}
        rows += timed(made, samples, "original", 0)
    return PipelineStudy(tuple(rows), rounds=ROUNDS)


def test_a_drift_of_the_machine_does_not_touch_the_ratio() -> None:
    original, fast = study().rows[:2]
    assert (original.latency, original.ratio) == (2.75, None)
    assert fast.samples == tuple(seconds / 2 for seconds in DRIFTING)
    assert (fast.latency, fast.ratio, fast.low, fast.high) == (1.375, 0.5, 0.5, 0.5)


def test_the_summary_is_over_models() -> None:
    original, fast = study().summary
    assert (original.ratio, original.measured, original.ok) == (None, 0, FEWEST)
    assert fast.ratio is not None
    assert fast.ratio.value == pytest.approx(0.5)
    assert fast.ratio.low == pytest.approx(0.5)
    assert (fast.measured, fast.faster, fast.slower, fast.drift) == (FEWEST, FEWEST, 0, 1e-7)
    assert study(ratio=2).summary[1].slower == FEWEST


def test_one_model_has_no_interval_over_models() -> None:
    assert study(models=1).summary[1].ratio == Estimate(pytest.approx(0.5))


def test_without_the_baseline_there_is_no_ratio() -> None:
    rows = [StudyRow("m", "original", "failed", "no"), StudyRow("m", "fast")]
    row = timed(rows, {"fast": DRIFTING}, "original", 0)[1]
    assert (row.latency, row.ratio) == (2.75, None)


def test_the_layout_has_all_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    found = study(models=1)
    failed = StudyRow("m0", "bad", "failed", "it raised <b>")
    unproved = StudyRow("m0", "lossy", guard="unverified", seconds=1.5, weight_bytes=1000)
    found = PipelineStudy((*found.rows, failed, unproved), rounds=ROUNDS)
    show(*study_layout(found))
    assert capsys.readouterr().out.splitlines() == [
        "model  pipeline  nodes  weights     run  drift  latency                 ratio",
        "m0     original     10                           2.75 s                     1",
        "       fast          5                   1e-07   1.38 s  0.500 [0.500, 0.500]",
        "       bad                                                                     failed",
        "       lossy             1.0 kB  1.50 s                                        not "
        "verified",
        "",
        "m0, bad: it raised <b>",
        "",
        "pipeline  models  failed  drift  faster  slower  timed  ratio",
        "original       1       0                                    1",
        "fast           1       0  1e-07       1       0      1  0.500",
        "bad            1       1              0       0      0",
        "lossy          1       0              0       0      0",
        "",
        "latency: median of 8 interleaved rounds on one thread, with the runtime's own "
        "optimizations; ratio: to the original,",
        "with the 95 % interval over rounds, below the geometric mean with that over models",
        "an interval takes at least 6 models",
    ]
    assert "it raised &lt;b&gt;" in found._repr_html_()


def test_many_rows_are_short_in_a_notebook() -> None:
    found = study(models=200)
    assert "... and 200 more" in found._repr_html_()
    assert len(found._repr_html_()) < 100_000


def test_it_is_json_and_a_table() -> None:
    found = study(models=2)
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["rows"][1]["samples"][0] == 0.5
    assert data["summary"][1]["ratio"]["value"] == pytest.approx(0.5)
    rows = (*found.rows, StudyRow("x", "bad", "failed", "no", drift=float("inf")))
    assert PipelineStudy(rows).to_json()["rows"][-1]["drift"] == "inf"
    for part in (PipelineStudy(rows), PipelineStudy(())):
        kinds = {name: str(kind) for name, kind in part.frame().dtypes.items()}
        assert set(kinds) == {
            name for name in kinds if f"``{name}``" in str(type(part).frame.__doc__)
        }
        assert kinds["model"] == "string"
        assert kinds["nodes"] == "Int64"
        assert kinds["low"] == "float64"
