"""Pipelines over a set of models, in one call; no figure here is a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.contract import Lossy, PassContext, pass_
from passmgr.core.errors import UsageError
from passmgr.core.study import PipelineStudy, StudyRow

T = TypeVar("T")

SMALL = """<ir_version: 8, opset_import: ["" : 18]>
small (float[N, 4] x) => (float[N, 4] y) { a = Identity(x)  y = Relu(a) }
"""
LARGE = """<ir_version: 8, opset_import: ["" : 18]>
large (float[N, 4] x) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}> { a = Identity(x)  b = Add(a, w)  y = Relu(b) }
"""
UNKNOWN_OP = """<ir_version: 8, opset_import: ["" : 18, "org.example" : 1]>
strange (float[2] x) => (float[2] y) { y = org.example.Strange(x) }
"""


def models() -> list[ir.Model]:
    return [ir.from_onnx_text(SMALL), ir.from_onnx_text(LARGE)]


@pass_()
def no_add(model: ir.Model, ctx: PassContext) -> None:
    """Raise where the model has an Add."""
    if any(node.op_type == "Add" for node in model.graph):
        raise ValueError("there is an Add")


@pass_()
def liar(model: ir.Model, ctx: PassContext) -> None:
    """Change the numbers, and say nothing of it."""
    for value in model.graph.initializers.values():
        ctx.edit.set_const_value(value, ir.Tensor(np.full(4, 9, np.float32), name=value.name))


def study(given: Any = None, pipelines: Any = None, **options: Any) -> PipelineStudy:
    pipelines = pipelines or {"clean": "eliminate-identity"}
    return passmgr.compare_pipelines(given or models(), pipelines, **{"rounds": 2, **options})


def by_name(rows: Iterable[StudyRow]) -> dict[tuple[str, str], StudyRow]:
    return {(row.model, row.pipeline): row for row in rows}


def test_each_pipeline_on_each_model() -> None:
    given = models()
    texts = [ir.to_onnx_text(model) for model in given]
    found = study(given)
    rows = by_name(found.rows)
    assert list(rows) == [
        ("small", "original"),
        ("small", "clean"),
        ("large", "original"),
        ("large", "clean"),
    ]
    assert [row.nodes for row in rows.values()] == [2, 1, 3, 2]
    assert [row.weight_bytes for row in rows.values()] == [0, 0, 16, 16]
    clean = rows["large", "clean"]
    assert (clean.status, clean.guard, clean.drift) == ("ok", "passed", 0.0)
    assert len(clean.samples) == 2
    assert clean.ratio is not None
    assert clean.low is None  # of two rounds
    assert rows["large", "original"].ratio is None
    assert [ir.to_onnx_text(model) for model in given] == texts


def test_a_failure_on_one_model_does_not_end_the_study() -> None:
    found = study(pipelines={"picky": [no_add, "eliminate-identity"], "liar": liar})
    rows = by_name(found.rows)
    assert rows["small", "picky"].status == "ok"
    failed = rows["large", "picky"]
    assert (failed.status, failed.nodes, failed.latency) == ("failed", None, None)
    assert failed.reason.endswith("ValueError: there is an Add")
    assert "declared exact, but output 'y' moved" in rows["large", "liar"].reason
    assert rows["small", "liar"].guard == "unchanged"
    assert [(line.ok, line.failed, line.measured) for line in found.summary] == [
        (2, 0, 0),
        (1, 1, 1),
        (1, 1, 1),
    ]


def test_a_model_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    found = study([tmp_path / "bad.onnx", tmp_path / "none.onnx", models()[0]])
    rows = by_name(found.rows)
    assert rows["bad", "original"].status == rows["bad", "clean"].status == "failed"
    assert "there is no file" in rows["none", "clean"].reason
    assert rows["small", "clean"].status == "ok"


def test_a_model_that_does_not_run_is_not_timed() -> None:
    found = study(ir.from_onnx_text(UNKNOWN_OP), ["sort"])
    assert [row.status for row in found.rows] == ["ok", "ok"]
    assert all(row.reason.startswith("not timed: the original does") for row in found.rows)
    assert found.summary[1].ratio is None


def test_latency_can_be_left_out() -> None:
    found = study(latency=False)
    assert found.rounds == 0
    assert all(row.latency is None for row in found.rows)
    assert "latency" not in found._repr_html_()


def test_another_baseline() -> None:
    pipelines = {"clean": "eliminate-identity", "default": "default"}
    rows = by_name(study(pipelines=pipelines, baseline="clean").rows)
    assert rows["small", "clean"].ratio is None
    assert rows["small", "original"].ratio is not None
    assert rows["small", "default"].ratio is not None


def test_names_of_models_and_pipelines(tmp_path: Path) -> None:
    ir.save(models()[0], tmp_path / "a.onnx")
    found = study(
        [tmp_path / "a.onnx", str(tmp_path / "a.onnx"), *models()], ["sort", "sort, sort"]
    )
    assert list(dict.fromkeys(row.model for row in found.rows)) == ["a", "a (2)", "small", "large"]
    assert [line.pipeline for line in found.summary] == ["original", "sort", "sort, sort"]
    named = study({"mine": tmp_path / "a.onnx"}, "sort")
    assert {row.model for row in named.rows} == {"mine"}
    assert {row.model for row in study(tmp_path / "a.onnx").rows} == {"a"}


def test_inputs_are_given_by_model() -> None:
    good = {"x": np.ones((3, 4), np.float32)}
    assert all(row.latency for row in study(inputs={"small": good}).rows)
    with pytest.raises(UsageError, match="x"):
        study(inputs={"small": {"x": np.ones((3, 5), np.float32)}})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"given": {}}, "there are no models"),
        ({"pipelines": []}, "there are no pipelines"),
        ({"pipelines": {"original": "sort"}}, "'original' stands for the model as it is"),
        ({"baseline": "other"}, "the baseline 'other' is none of the pipelines 'original', 'sort'"),
        ({"rounds": 0}, "'rounds' is 0"),
        ({"rounds": 1.5}, "'rounds' is 1.5"),
        ({"seed": -1}, "'seed' is -1"),
        ({"inputs": {"none": []}}, "inputs for 'none', which is none of the models 'small'"),
        ({"pipelines": {"x": "no-such-pass"}}, "unknown pass"),
        ({"pipelines": {"x": "sort("}}, r"sort\("),
        ({"given": [3]}, "a model is a path or an onnx_ir.Model"),
    ],
)
def test_wrong_usage_ends_the_study(options: dict[str, Any], message: str) -> None:
    given = {"given": models()[:1], "pipelines": {"sort": "sort"}, "latency": False, **options}
    with pytest.raises(UsageError, match=message):
        passmgr.compare_pipelines(given.pop("given"), given.pop("pipelines"), **given)


def test_a_failed_schedule_is_a_row() -> None:
    @pass_(requires=("static-shapes",), name="wants-shapes")
    def wants(model: ir.Model, ctx: PassContext) -> None:
        """Need what this model does not have."""

    row = study(models()[:1], {"x": wants}, latency=False).rows[1]
    assert row.status == "failed"
    assert "static-shapes" in row.reason


def test_what_the_guard_cannot_verify_is_told() -> None:
    @pass_(effect=Lossy("accuracy"), name="lossy")
    def lossy(model: ir.Model, ctx: PassContext) -> None:
        """Change the numbers, by design."""
        liar.function(model, ctx)  # type: ignore[attr-defined]

    row = study(models()[1:], {"x": lossy}, latency=False).rows[1]
    assert row.drift is not None
    assert row.drift > 0.1


def test_progress_goes_to_its_end() -> None:
    class Counting:
        def __init__(self) -> None:
            self.seen = self.total = 0

        def track(
            self, items: Iterable[T], description: str, total: int | None = None
        ) -> Iterator[T]:
            self.total = total or 0
            for item in items:
                self.seen += 1
                yield item

    counting = Counting()
    study(progress=counting)
    assert counting.seen == counting.total == 2 * (1 + 2)
