"""The verb ``plan``: loads, plans, writes the lock, runs nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.errors import ModelError, ScheduleError, UnknownNameError, UsageError
from passmgr.core.registry import hookimpl, load_registry
from passmgr.core.schedule import Plan, check_lock, read_lock

UNSORTED = """<ir_version: 9, opset_import: ["" : 18]>
g (float[2] x) => (float[2] y) { y = Relu(h)  h = Neg(x) }
"""


class StrictTarget:
    """Brings a target that takes models with numbers for shapes only."""

    @hookimpl
    def passmgr_register(self, registry):
        registry.add_target("strict", SimpleNamespace(requires=("sorted",)))


@pytest.fixture
def model() -> ir.Model:
    return ir.from_onnx_text(UNSORTED)


def names(plan: Plan) -> list[str]:
    return [f"{step.pass_.name}:{step.origin}" for step in plan.passes()]


def test_facts_of_the_model_decide(model: ir.Model) -> None:
    plan = passmgr.plan(model, "fold-constants")
    assert names(plan) == ["sort:inserted", "fold-constants:written"]
    assert [node.op_type for node in model.graph] == ["Relu", "Neg"]


def test_a_file_and_a_lock(tmp_path: Path, model: ir.Model) -> None:
    ir.save(model, tmp_path / "model.onnx")
    plan = passmgr.plan(tmp_path / "model.onnx", "sort, fold-constants", lock=tmp_path / "lock")
    assert names(plan) == ["sort:written", "fold-constants:written"]
    check_lock(plan, read_lock(tmp_path / "lock"))
    with pytest.raises(ModelError):
        passmgr.plan(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="is the input"):
        passmgr.plan(tmp_path / "model.onnx", lock=tmp_path / "model.onnx")


def test_order_and_names(model: ir.Model) -> None:
    with pytest.raises(ScheduleError, match="'sort' is not inserted: it is disabled"):
        passmgr.plan(model, "fold-constants", disable=("sort",))
    with pytest.raises(UnknownNameError, match="unknown target 'none'"):
        passmgr.plan(model, "", target="none")


def test_a_target_requires_facts(model: ir.Model) -> None:
    registry = load_registry(extra=(StrictTarget(),))
    assert names(passmgr.plan(model, "", target="strict", registry=registry)) == ["sort:inserted"]
