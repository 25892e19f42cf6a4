"""A study of pipelines: what each did to each model, then to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ..study.records import ORIGINAL
from ..study.statistics import FEWEST, Estimate
from .terminal import table
from .units import counted, duration, size

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from ..study.records import PipelineStudy, StudyRow


def study_layout(study: PipelineStudy, *, limit: int | None = None) -> list[RenderableType]:
    """Lay out a study, with at most ``limit`` rows of single models."""
    parts: list[RenderableType] = [_rows(study, limit)]
    more = len(study.rows) - len(study.rows[:limit])
    parts += [Text(f"... and {more:,} more")] if more else []
    if reasons := _reasons(study.rows):
        parts += ["", *reasons[:limit]]
    parts += ["", _summary(study)]
    if study.rounds:
        few = [f"{FEWEST} rounds"] if study.rounds < FEWEST else []
        few += [f"{FEWEST} models"] if any(s.measured < FEWEST for s in study.summary[1:]) else []
        parts += ["", Text(_method(study), "dim")]
        parts += [Text(f"an interval takes at least {' and '.join(few)}", "dim")] if few else []
    return parts


def _method(study: PipelineStudy) -> str:
    base = "the original" if study.baseline == ORIGINAL else f"'{study.baseline}'"
    return (
        f"latency: median of {counted(study.rounds, 'interleaved round')} on one thread, with the "
        f"runtime's own optimizations; ratio: to {base}, with the 95 % interval over rounds, below "
        "the geometric mean with that over models"
    )


def _rows(study: PipelineStudy, limit: int | None) -> Table:
    timing = ["latency", "ratio"] if study.rounds else []
    figures = ["nodes", "weights", "run", "drift", *timing]
    grid = table("model", "pipeline", *figures, "", right=figures)
    before = None
    for row in study.rows[:limit]:
        name = row.model if row.model != before else ""
        before = row.model
        told: list[str | Text] = []
        if timing:
            told = [_latency(row), _row_ratio(row, study.baseline)]
        grid.add_row(
            Text(name),
            Text(row.pipeline),
            "" if row.nodes is None else f"{row.nodes:,}",
            "" if row.weight_bytes is None else size(row.weight_bytes),
            "" if row.seconds is None else duration(row.seconds),
            _drift(row.drift),
            *told,
            _result(row),
        )
    return grid


def _latency(row: StudyRow) -> str:
    if row.latency is None:
        return ""
    return duration(row.latency) if row.latency >= 1e-3 else f"{row.latency * 1e6:.0f} µs"


def _row_ratio(row: StudyRow, baseline: str) -> Text:
    if row.pipeline == baseline:
        return Text("1" if row.latency is not None else "")
    if row.ratio is None:
        return Text("")
    return _ratio(Estimate(row.ratio, row.low, row.high))


def _ratio(found: Estimate) -> Text:
    text = f"{found.value:.3f}"
    if found.low is None or found.high is None:
        return Text(text)
    style = "green" if found.high < 1 else "red" if found.low > 1 else ""
    return Text(f"{text} [{found.low:.3f}, {found.high:.3f}]", style)


def _drift(drift: float | None) -> str:
    return "" if drift is None else f"{drift:.2g}"


def _result(row: StudyRow) -> Text:
    if row.status == "failed":
        return Text("failed", "bold red")
    unproved = "not verified" if row.guard == "unverified" else ""
    untimed = "not timed" if row.reason else ""
    return Text(", ".join(filter(None, (unproved, untimed))), "yellow")


def _reasons(rows: Sequence[StudyRow]) -> list[Text]:
    """Return one line for each reason of each model, with the pipelines that it is of."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.reason:
            found.setdefault((row.model, row.reason), []).append(row.pipeline)
    return [
        Text(f"{model}, {', '.join(pipelines)}: {reason}")
        for (model, reason), pipelines in found.items()
    ]


def _summary(study: PipelineStudy) -> Table:
    timing = ["faster", "slower", "timed", "ratio"] if study.rounds else []
    figures = ["models", "failed", "drift", *timing]
    grid = table("pipeline", *figures, right=figures)
    for line in study.summary:
        told: list[str | Text] = []
        if timing and line.pipeline == study.baseline:
            told = ["", "", "", "1"]
        elif timing:
            ratio = Text("") if line.ratio is None else _ratio(line.ratio)
            told = [str(line.faster), str(line.slower), str(line.measured), ratio]
        grid.add_row(
            Text(line.pipeline),
            str(line.ok + line.failed),
            Text(str(line.failed), "red" if line.failed else ""),
            _drift(line.drift),
            *told,
        )
    return grid
