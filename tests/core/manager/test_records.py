"""What a run leaves behind: the model after each step, diffs between steps, a table."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.contract import PassContext, pass_
from passmgr.core.errors import PassFailed, UsageError
from passmgr.core.manager import RunResult

MODEL = """
<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  a = Identity (x)
  b = Add (a, w)
  c = Relu (b)
  y = Dropout (c)
}
"""
UNSORTED = """<ir_version: 9, opset_import: ["" : 18]>
g (float[2] x) => (float[2] y) { y = Relu(h)  h = Neg(x) }
"""
PIPELINE = "eliminate-identity, remove-unused, eliminate-no-ops"


@pass_()
def rounded(model: ir.Model, ctx: PassContext) -> None:
    """Change the numbers, and say nothing of it."""
    weight = model.graph.initializers["w"]
    ctx.edit.set_const_value(weight, ir.Tensor(np.ones(4, np.float32), name="w"))


@pass_()
def failing(model: ir.Model, ctx: PassContext) -> None:
    """Change something, then raise."""
    ctx.edit.remove(model.graph.node(0))
    raise ValueError("no")


def kept(pipeline: Any = PIPELINE, **options: Any) -> RunResult:
    model = ir.from_onnx_text(MODEL)
    array = np.arange(1, 5, dtype=np.float32)
    model.graph.initializers["w"].const_value = ir.Tensor(array, name="w")
    return passmgr.run(model, pipeline, keep_models=True, **options)


def op_types(model: ir.Model) -> list[str]:
    return [node.op_type for node in model.graph]


def test_the_model_after_each_step() -> None:
    result = kept()
    assert [record.status for record in result.records] == ["changed", "unchanged", "changed"]
    before = ["Identity", "Add", "Relu", "Dropout"]
    steps = [before, before[1:], before[1:], before[1:3]]
    assert [op_types(result.after(step)) for step in range(4)] == steps
    assert op_types(result.model) == steps[-1]


def test_a_copy_is_made_where_something_changed() -> None:
    models = kept().kept
    assert models[1] is models[2]
    assert len({id(model) for model in models}) == 3


def test_editing_one_model_changes_no_other_one() -> None:
    result = kept()
    texts = [ir.to_onnx_text(result.after(step)) for step in range(4)]
    edited = result.after(1)
    node = edited.graph.node(0)
    node.outputs[0].name = "renamed"
    node.outputs[0].dtype = ir.DataType.DOUBLE
    edited.graph.inputs[0].dtype = ir.DataType.DOUBLE
    edited.graph.inputs[0].shape[0] = 7  # type: ignore[index]
    edited.graph.initializers["w"].dtype = ir.DataType.DOUBLE
    edited.graph.node(1).op_type = "Tanh"
    edited.metadata_props["who"] = "me"
    assert [ir.to_onnx_text(result.after(step)) for step in range(4)] == texts
    assert ir.to_onnx_text(result.model) == texts[-1]


def test_weights_are_shared_and_cannot_be_written_to() -> None:
    result = kept()
    first, last = (result.after(step).graph.initializers["w"].const_value for step in (0, 3))
    assert first is last
    with pytest.raises(ValueError, match="read-only"):
        first.numpy()[0] = 5  # type: ignore[union-attr]


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_does_not_exist(step: int) -> None:
    with pytest.raises(UsageError, match=rf"no step {step}; the last one is 3, and 0 stands"):
        kept().after(step)


def test_what_was_not_kept_says_how_to_keep_it() -> None:
    result = passmgr.run(ir.from_onnx_text(MODEL), PIPELINE)
    with pytest.raises(UsageError, match=r"not kept; run\(\.\.\., keep_models=True\) keeps it"):
        result.after(1)


def test_a_model_out_of_order_cannot_be_copied_but_the_sorted_one_can() -> None:
    result = passmgr.run(ir.from_onnx_text(UNSORTED), "sort", keep_models=True)
    with pytest.raises(UsageError, match="after step 0 could not be copied: its nodes are not in"):
        result.after(0)
    assert op_types(result.after(1)) == ["Neg", "Relu"]


def test_a_run_that_fails_has_the_models_and_diffs_up_to_there() -> None:
    with pytest.raises(PassFailed) as failed:
        kept(["eliminate-identity", failing], print_ir="changed")
    result = failed.value.result
    assert result is not None
    assert [len(op_types(result.after(step))) for step in range(3)] == [4, 3, 3]
    assert len(result.diffs) == 1


def test_a_run_that_is_gone_over_again_has_the_models_of_its_records() -> None:
    result = kept([rounded, "eliminate-identity"], on_failure="skip", print_ir="changed")
    assert [record.status for record in result.records] == ["failed", "changed"]
    assert result.after(1).graph.initializers["w"].const_value.numpy()[3] == 4  # type: ignore[union-attr]
    assert [len(op_types(result.after(step))) for step in range(3)] == [4, 4, 3]
    assert len(result.diffs) == 1


def test_the_diff_between_two_steps() -> None:
    result = kept()
    lines = result.diff(0, 1).splitlines()
    assert lines[:2] == ["--- after step 0", "+++ after step 1"]
    assert [line[1:].strip() for line in lines if line.startswith("-  ")] == [
        "%a = Identity(%x)",
        "%b = Add(%a, %w)",
    ]
    assert result.diff(1, 2) == ""


TYPES = {
    "index": "int64",
    "name": "string",
    "origin": "string",
    "status": "string",
    "reason": "string",
    "seconds": "float64",
    "nodes_before": "int64",
    "nodes_after": "int64",
    "bytes_before": "int64",
    "bytes_after": "int64",
    "edits": "int64",
    "rewrites": "int64",
    "nodes_removed": "int64",
    "bytes_saved": "int64",
}


def test_the_table_has_a_row_for_each_step() -> None:
    frame = kept("eliminate-identity, eliminate-no-ops, deduplicate-initializers").frame()
    assert frame["name"].tolist() == [
        "eliminate-identity",
        "eliminate-no-ops",
        "deduplicate-initializers",
    ]
    assert frame["nodes_removed"].tolist() == [1, 1, 0]
    assert frame["bytes_saved"].tolist() == [0, 0, 0]
    assert frame["nodes_before"].tolist() == [4, 3, 2]


@pytest.mark.parametrize("pipeline", ["", "eliminate-identity"])
def test_the_table_has_the_same_types_whatever_is_in_it(pipeline: str) -> None:
    result = kept(pipeline)
    assert {name: str(kind) for name, kind in result.frame().dtypes.items()} == TYPES
    assert [name for name in TYPES if f"``{name}``" not in str(RunResult.frame.__doc__)] == []


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"pip install 'passmgr\[notebook\]'"):
        kept().frame()
