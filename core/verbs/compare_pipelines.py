"""Compare pipelines over a set of models: size, drift and latency, with their uncertainty."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckFailed, ModelError, PassFailed, RuntimeFailure, ScheduleError, UsageError
from ..guard import Guard
from ..guard.guard import weight_bytes
from ..ir.clone import clone_model
from ..ir.walk import model_nodes
from ..pipeline import load_pipeline
from ..registry import load_registry
from ..study.latency import interleave
from ..study.records import ORIGINAL, PipelineStudy, StudyRow, timed
from .arguments import check_numbers
from .load import load_model
from .run import run

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..contract import Runtime
    from ..guard import InputSpec
    from ..manager.context import Progress
    from ..pipeline import Pipeline, PipelineSpec
    from ..registry import Registry

    ModelSource = str | Path | ir.Model


def compare_pipelines(
    models: Mapping[str, ModelSource] | Iterable[ModelSource] | ModelSource,
    pipelines: Mapping[str, PipelineSpec] | Iterable[PipelineSpec],
    *,
    baseline: str = ORIGINAL,
    rounds: int = 15,
    inputs: Mapping[str, InputSpec] | None = None,
    latency: bool = True,
    seed: int = 0,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> PipelineStudy:
    """Run every pipeline on every model and compare what comes out.

    The outcomes of one model are timed in interleaved rounds, with ONNX Runtime's own
    optimizations on and one thread, as they would be deployed. What fails on one model is a row
    that says why, and the others go on.

    Args:
        models: Files or models in memory, which are not changed; or those by name. A file is
            called by its stem, a model by the name of its graph.
        pipelines: Pipelines as :func:`passmgr.run` takes them, by name; without names each is
            called by its text.
        baseline: The pipeline to which latencies are relative; ``original`` is the model as it is.
        rounds: How often each outcome is timed.
        inputs: Inputs of models, by name, each as :func:`passmgr.run` takes them. Synthesized
            where there are none.
        latency: Time the outcomes.
        seed: Seed of everything random.
        registry: Where passes and bridges come from; by default all that is installed.
        progress: Shows how far it is.

    Raises:
        UsageError: A pipeline, a name or an argument is wrong.
    """
    check_numbers(seed=seed)
    if not isinstance(rounds, int) or rounds < 1:
        raise UsageError(f"'rounds' is {rounds!r}, legal is a whole number from 1")
    registry = registry or load_registry()
    sources, made = _named_models(models), _named_pipelines(pipelines)
    if baseline not in {ORIGINAL, *made}:
        known = ", ".join(f"'{name}'" for name in (ORIGINAL, *made))
        raise UsageError(f"the baseline '{baseline}' is none of the pipelines {known}")
    for name in inputs or {}:
        if name not in sources:
            known = ", ".join(f"'{known}'" for known in sources)
            raise UsageError(f"there are inputs for '{name}', which is none of the models {known}")
    study = _Study(registry, made, baseline, rounds if latency else 0, seed)
    rows: list[StudyRow] = []

    def work() -> Iterator[None]:
        for name, source in sources.items():
            rows.extend((yield from study.compare(name, source, (inputs or {}).get(name))))

    total = len(sources) * (len(made) + study.rounds)
    for _ in progress.track(work(), "comparing pipelines", total) if progress else work():
        pass
    return PipelineStudy(tuple(rows), baseline, study.rounds, seed)


class _Study:
    """Compares all pipelines on one model at a time."""

    def __init__(
        self,
        registry: Registry,
        pipelines: Mapping[str, Pipeline],
        baseline: str,
        rounds: int,
        seed: int,
    ) -> None:
        self.registry = registry
        self.pipelines = pipelines
        self.baseline = baseline
        self.rounds = rounds
        self.seed = seed
        self.runtime: Runtime = registry.runtime("onnxruntime")

    def compare(
        self, name: str, source: ModelSource, inputs: InputSpec | None
    ) -> Generator[None, None, list[StudyRow]]:
        """Return a row for the original and for each pipeline; yield once a unit of work."""
        try:
            original = self._fresh(source)
        except ModelError as error:
            failed = partial(StudyRow, name, status="failed", reason=str(error))
            return [failed(pipeline) for pipeline in (ORIGINAL, *self.pipelines)]
        rows, outcomes = [_measured(StudyRow(name, ORIGINAL), original)], {ORIGINAL: original}
        for pipeline in self.pipelines:
            row, outcome = self._run(name, pipeline, source, inputs)
            rows.append(row)
            if outcome is not None:
                outcomes[pipeline] = outcome
            yield
        if self.rounds:
            rows = yield from self._time(rows, outcomes, inputs)
        return rows

    def _fresh(self, source: ModelSource) -> ir.Model:
        """Return a model that may be edited.

        Raises:
            ModelError: It cannot be read or copied.
        """
        if isinstance(source, (str, Path)):
            return load_model(source, self.registry)
        try:
            return clone_model(load_model(source, self.registry))
        except RuntimeError as error:  # From a graph whose nodes are out of order.
            raise ModelError(f"it cannot be copied, sort it first: {error}") from error

    def _run(
        self, name: str, pipeline: str, source: ModelSource, inputs: InputSpec | None
    ) -> tuple[StudyRow, ir.Model | None]:
        row = StudyRow(name, pipeline)
        model = self._fresh(source)
        start = time.perf_counter()
        try:
            result = run(
                model,
                self.pipelines[pipeline],
                inputs=inputs,
                seed=self.seed,
                registry=self.registry,
            )
        except (PassFailed, CheckFailed, ScheduleError) as error:
            return replace(row, status="failed", reason=str(error)), None
        row = replace(row, seconds=time.perf_counter() - start)
        if verdict := result.guard:
            row = replace(row, guard=verdict.status, drift=verdict.drift)
        elif not result.changed:
            row = replace(row, guard="unchanged", drift=0.0)
        return _measured(row, model), model

    def _time(
        self, rows: list[StudyRow], outcomes: Mapping[str, ir.Model], inputs: InputSpec | None
    ) -> Generator[None, None, list[StudyRow]]:
        """Time the outcomes of one model in interleaved rounds."""
        reference = Guard(self.runtime, inputs, self.seed).record(outcomes[ORIGINAL])
        if not reference.inputs:
            return [_untimed(row, f"the original {reference.problem}") for row in rows]
        calls: dict[str, Callable[[], object]] = {}
        for index, row in enumerate(rows):
            if row.pipeline not in outcomes:
                continue
            try:
                session = self.runtime.session(outcomes[row.pipeline], optimize=True, threads=1)
                session.run(reference.inputs[0])
            except RuntimeFailure as failure:
                rows[index] = _untimed(row, str(failure))
            else:
                calls[row.pipeline] = partial(session.run, reference.inputs[0])
        samples: dict[str, list[float]] = {pipeline: [] for pipeline in calls}
        for seconds in interleave(calls, self.rounds, self.seed):
            for pipeline, taken in seconds.items():
                samples[pipeline].append(taken)
            yield
        return timed(rows, samples, self.baseline, self.seed)


def _measured(row: StudyRow, model: ir.Model) -> StudyRow:
    nodes = sum(1 for _ in model_nodes(model))
    return replace(row, nodes=nodes, weight_bytes=weight_bytes(model))


def _untimed(row: StudyRow, why: str) -> StudyRow:
    return row if row.status == "failed" else replace(row, reason=f"not timed: {why}")


def _named_models(
    models: Mapping[str, ModelSource] | Iterable[ModelSource] | ModelSource,
) -> dict[str, ModelSource]:
    if isinstance(models, Mapping):
        named = dict(models)
    else:
        is_one = isinstance(models, (str, Path)) or not isinstance(models, Iterable)
        given: Any = [models] if is_one else models
        named = {}
        for source in given:
            named[_free(_name(source), named)] = source
    if not named:
        raise UsageError("there are no models to compare pipelines on")
    return named


def _name(source: ModelSource) -> str:
    if isinstance(source, (str, Path)):
        return Path(source).stem
    return getattr(getattr(source, "graph", None), "name", None) or "model"


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return ``name``, with a number where it is taken."""
    number = 1
    while (free := name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return free


def _named_pipelines(
    pipelines: Mapping[str, PipelineSpec] | Iterable[PipelineSpec],
) -> dict[str, Pipeline]:
    if isinstance(pipelines, Mapping):
        named = {name: load_pipeline(spec) for name, spec in pipelines.items()}
    else:
        given: Any = [pipelines] if isinstance(pipelines, str) else pipelines
        named = {}
        for spec in given:
            pipeline = load_pipeline(spec)
            named[_free(str(pipeline), named)] = pipeline
    if not named:
        raise UsageError("there are no pipelines to compare")
    if ORIGINAL in named:
        raise UsageError(f"'{ORIGINAL}' stands for the model as it is; name the pipeline otherwise")
    return named
