"""PipelineStudy: what pipelines did to a set of models, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ..guard.results import json_number
from ..report.displayed import Displayed
from .statistics import Estimate, geometric_mean, median

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

ORIGINAL = "original"
"""Stands for the model to which no pipeline was applied."""


@dataclass(frozen=True)
class StudyRow:
    """What one pipeline did to one model.

    Args:
        model: The name of the model.
        pipeline: The name of the pipeline, or ``original``.
        status: ``ok`` or ``failed``.
        reason: Why it failed, or why there is no latency; else empty.
        nodes: Nodes of the outcome, subgraphs and functions included.
        weight_bytes: Bytes of its weights.
        seconds: How long the run took, with the guard and without reading the file.
        guard: What the guard says: ``passed``, ``unverified``, or ``unchanged``.
        drift: The largest relative difference of an output from the original; ``None`` where none
            was measured.
        latency: Median seconds of one call of the runtime.
        ratio: Median over the rounds of the latency relative to that of the baseline in the same
            round; ``None`` for the baseline itself.
        low: Lower end of the 95 % interval of ``ratio``; ``None`` for too few rounds.
        high: Upper end of it.
        samples: The latency in each round.
    """

    model: str
    pipeline: str
    status: Literal["ok", "failed"] = "ok"
    reason: str = ""
    nodes: int | None = None
    weight_bytes: int | None = None
    seconds: float | None = None
    guard: str = ""
    drift: float | None = None
    latency: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    samples: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PipelineSummary:
    """What one pipeline did to all models.

    Args:
        pipeline: Its name.
        ok: Models that came through.
        failed: Models on which it failed.
        drift: The largest drift of all.
        ratio: Geometric mean of the latency ratios, with the 95 % interval over models; ``None``
            where no ratio was measured.
        measured: Over how many models that is.
        faster: Models of which the whole interval is under 1.
        slower: Models of which the whole interval is over 1.
    """

    pipeline: str
    ok: int
    failed: int
    drift: float | None
    ratio: Estimate | None
    measured: int
    faster: int
    slower: int


@dataclass(frozen=True)
class PipelineStudy(Displayed):
    """Pipelines compared over a set of models; a notebook shows it as a table.

    Args:
        rows: One for each model and pipeline, model by model, the original first.
        baseline: The pipeline to which latencies are relative.
        rounds: How often each outcome was timed; 0 where latency was not asked for.
        seed: Seed of inputs, of the order of the rounds and of the intervals.
    """

    rows: tuple[StudyRow, ...]
    baseline: str = ORIGINAL
    rounds: int = 0
    seed: int = 0

    @property
    def summary(self) -> tuple[PipelineSummary, ...]:
        """What each pipeline did to all models, in the order in which they were given."""
        names = dict.fromkeys(row.pipeline for row in self.rows)
        return tuple(
            _summary(name, [row for row in self.rows if row.pipeline == name], self.seed)
            for name in names
        )

    def frame(self) -> pd.DataFrame:
        """Return the rows as a pandas table.

        Columns: ``model``, ``pipeline``, ``status``, ``reason`` and ``guard`` of the type
        ``string``; ``nodes`` and ``weight_bytes`` of ``Int64``; ``seconds``, ``drift``,
        ``latency``, ``ratio``, ``low`` and ``high`` of ``float64``; see :class:`StudyRow`. What
        was not measured is missing.

        Raises:
            UsageError: pandas is missing.
        """
        from ..report.frame import study_frame

        return study_frame(self.rows)

    def to_json(self) -> dict[str, Any]:
        """The study as JSON data."""
        return {
            "baseline": self.baseline,
            "rounds": self.rounds,
            "seed": self.seed,
            "rows": [
                {**asdict(row), "drift": json_number(row.drift), "samples": list(row.samples)}
                for row in self.rows
            ],
            "summary": [
                {**asdict(line), "drift": json_number(line.drift)} for line in self.summary
            ],
        }

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.study(self)


def _summary(pipeline: str, rows: Sequence[StudyRow], seed: int) -> PipelineSummary:
    ratios = [row.ratio for row in rows if row.ratio is not None]
    failed = sum(row.status == "failed" for row in rows)
    return PipelineSummary(
        pipeline,
        ok=len(rows) - failed,
        failed=failed,
        drift=max((row.drift for row in rows if row.drift is not None), default=None),
        ratio=geometric_mean(ratios, seed) if ratios else None,
        measured=len(ratios),
        faster=sum(row.high is not None and row.high < 1 for row in rows),
        slower=sum(row.low is not None and row.low > 1 for row in rows),
    )


def timed(
    rows: Sequence[StudyRow], samples: Mapping[str, Sequence[float]], baseline: str, seed: int
) -> list[StudyRow]:
    """Return the rows of one model with their latencies.

    Args:
        rows: The rows.
        samples: Seconds in each round, by pipeline; the rounds are the same for all.
        baseline: The pipeline to which they are relative.
        seed: Seed of the intervals.
    """
    found = []
    for row in rows:
        own = samples.get(row.pipeline, ())
        if own:
            row = replace(row, latency=median(own, seed).value, samples=tuple(own))
        if own and baseline in samples and row.pipeline != baseline:
            pairs = zip(own, samples[baseline], strict=True)
            ratio = median([mine / base for mine, base in pairs], seed)
            row = replace(row, ratio=ratio.value, low=ratio.low, high=ratio.high)
        found.append(row)
    return found
