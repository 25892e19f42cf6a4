"""A run from file to file: what is proved, who is blamed, what is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.cli.app import main
from passmgr.core.contract import Approximate, Exact, PassContext, from_function, pass_
from passmgr.core.errors import CheckFailed, ModelError, OutputError, PassFailed, UsageError
from passmgr.core.pipeline import load_pipeline_file, parse
from passmgr.core.registry import hookimpl, load_registry
from passmgr.core.schedule import write_lock

MODEL = """
<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  a = Identity (x)
  b = Add (a, w)
  y = Relu (b)
}
"""


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(MODEL), path)
    return path


def scale(factor: float, name: str = "scale", **declarations: Any) -> passmgr.Pass:
    """Return a pass that scales the weight, for which it declares too little."""

    @pass_(name=name, **declarations)
    def run(model: ir.Model, ctx: PassContext) -> None:
        weight = model.graph.initializers["w"]
        array = weight.const_value.numpy() * np.float32(factor)
        ctx.edit.set_const_value(weight, ir.Tensor(array, name="w"))

    return run


@pass_()
def drop_identity(model: ir.Model, ctx: PassContext) -> None:
    """Remove Identity nodes."""
    for node in list(model.graph):
        if node.op_type == "Identity":
            ctx.edit.replace(node.outputs[0], node.inputs[0])
            ctx.edit.remove(node)


def test_the_default_pipeline_cleans_up_and_proves_it(model_file: Path, tmp_path: Path) -> None:
    result = passmgr.run(model_file, output=tmp_path / "out.onnx")
    assert result.guard is not None
    assert result.guard.status == "passed"
    assert all(difference.status == "equal" for difference in result.guard.differences)
    written = onnx.load(tmp_path / "out.onnx")
    assert [node.op_type for node in written.graph.node] == ["Add", "Relu"]
    json.dumps(result.to_json())


def test_the_second_run_finds_nothing_to_do(model_file: Path, tmp_path: Path) -> None:
    passmgr.run(model_file, output=tmp_path / "one.onnx")
    result = passmgr.run(tmp_path / "one.onnx", output=tmp_path / "two.onnx")
    assert not result.changed
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_a_model_in_memory_is_edited_in_place() -> None:
    model = ir.from_onnx_text(MODEL)
    result = passmgr.run(model)
    assert result.model is model
    assert len(model.graph) == 2
    assert result.guard is not None
    assert result.guard.status == "passed"


def test_an_empty_pipeline_compares_nothing(model_file: Path, tmp_path: Path) -> None:
    result = passmgr.run(model_file, "", output=tmp_path / "out.onnx")
    assert result.guard is None
    assert (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("guard", ["final", "each"])
def test_a_breach_is_named_and_nothing_is_written(
    model_file: Path, tmp_path: Path, guard: Any
) -> None:
    out = tmp_path / "out.onnx"
    with pytest.raises(PassFailed, match=r"culprit \(step 2\)") as caught:
        passmgr.run(
            model_file,
            [drop_identity, scale(1.5, "culprit"), scale(1.0, "innocent")],
            output=out,
            guard=guard,
        )
    assert caught.value.exit_code == 1
    assert "it is declared exact, but output 'y' moved" in str(caught.value)
    assert not out.exists()


def test_a_breach_can_be_skipped_and_the_rest_is_written(model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    result = passmgr.run(
        model_file, [scale(1.5, "culprit"), drop_identity], output=out, on_failure="skip"
    )
    assert [(r.name, r.status) for r in result.records] == [
        ("culprit", "failed"),
        ("drop-identity", "changed"),
    ]
    assert result.guard is not None
    assert result.guard.status == "passed"
    assert len(onnx.load(out).graph.node) == 2


def test_a_foreign_pass_that_changes_the_numbers_is_named(model_file: Path) -> None:
    def wrong(model: ir.Model) -> None:
        model.graph.node(2).op_type = "Tanh"

    with pytest.raises(PassFailed, match=r"foreign \(step 1\).*declared exact"):
        passmgr.run(model_file, from_function(wrong, name="foreign", effect=Exact()))


def test_a_declared_tolerance_is_allowed(model_file: Path) -> None:
    result = passmgr.run(model_file, scale(1 + 1e-5, effect=Approximate(1e-4)))
    assert result.guard is not None
    assert result.guard.status == "passed"
    assert 0 < (result.guard.drift or 0) < 1e-4


def test_drift_over_the_budget_fails_the_check(model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    with pytest.raises(CheckFailed, match=r"the outputs drifted by .* over 1e-06") as caught:
        passmgr.run(model_file, scale(1.001, effect=Approximate(0.1)), output=out, max_drift=1e-6)
    assert caught.value.exit_code == 1
    assert not out.exists()


def test_a_drift_that_cannot_be_measured_is_over_any_budget(
    model_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckFailed, match=r"how far the outputs drifted is unknown: .* the limit"):
        passmgr.run(
            model_file, scale(1.001), output=tmp_path / "o.onnx", max_drift=1, guard_limit=0
        )
    assert not (tmp_path / "o.onnx").exists()


@pytest.mark.parametrize("given", [{"max_drift": 0.1}, {"inputs": {"x": 1}}])
def test_what_only_the_guard_looks_at_needs_the_guard(model_file: Path, given: Any) -> None:
    with pytest.raises(UsageError, match="nothing without the guard"):
        passmgr.run(model_file, "sort", guard="off", **given)


def test_given_inputs_are_used(model_file: Path) -> None:
    # Where everything is negative Relu hides the fault, which shows that these inputs were run.
    hiding = {"x": np.full((2, 4), -100, np.float32)}
    assert passmgr.run(model_file, scale(1.5), inputs=hiding).guard is not None
    with pytest.raises(PassFailed, match="scale"):
        passmgr.run(model_file, scale(1.5), inputs={"x": np.ones((2, 4), np.float32)})


def test_a_failure_leaves_a_reproducer(model_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repro"
    with pytest.raises(PassFailed) as caught:
        passmgr.run(model_file, [drop_identity, scale(1.5, "culprit")], reproducer_dir=folder)
    made = Path(caught.value.reproducer or "")
    assert made == folder / "passmgr-repro-culprit"
    assert len(onnx.load(made / "model.onnx").graph.node) == 2
    assert load_pipeline_file(made / "pipeline.toml") == parse("culprit")
    assert "--guard each" in (made / "command.txt").read_text()
    assert "culprit (step 2)" in (made / "error.txt").read_text()
    assert json.loads((made / "versions.json").read_text())["passmgr"] == passmgr.__version__


def test_reproducer_is_a_command_that_fails_alike(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passmgr.passes.simplify.remove_unused.RemoveUnused.run", lambda *_: 1 / 0)
    pipeline = "eliminate-identity, remove-unused"
    with pytest.raises(PassFailed) as caught:
        passmgr.run(model_file, pipeline, reproducer_dir=tmp_path)
    monkeypatch.chdir(caught.value.reproducer or "")
    command = Path("command.txt").read_text().split()
    assert command[:3] == ["passmgr", "run", "model.onnx"]
    with pytest.raises(SystemExit) as stopped:
        main(command[1:])
    assert stopped.value.code == 3
    assert onnx.load("model.onnx").graph.node[0].op_type == "Add"


def test_reproducer_that_cannot_be_written_hides_no_failure(
    model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PassFailed, match="culprit") as caught:
        passmgr.run(model_file, scale(1.5, "culprit"), reproducer_dir=tmp_path / "file")
    assert caught.value.__notes__[0].startswith("no reproducer: ")
    assert caught.value.reproducer is None


def test_a_second_reproducer_does_not_overwrite_the_first(model_file: Path, tmp_path: Path) -> None:
    names = set()
    for _ in range(2):
        with pytest.raises(PassFailed) as caught:
            passmgr.run(model_file, scale(1.5), reproducer_dir=tmp_path)
        names.add(caught.value.reproducer)
    assert len(names) == 2


def test_a_locked_plan_is_held_to(model_file: Path, tmp_path: Path) -> None:
    lock = tmp_path / "plan.lock"
    write_lock(passmgr.plan(model_file, "eliminate-identity, remove-unused"), lock)
    passmgr.run(model_file, "eliminate-identity, remove-unused", locked=lock)
    with pytest.raises(UsageError, match="differs from the lock"):
        passmgr.run(model_file, "remove-unused, eliminate-identity", locked=lock)


def test_disabled_passes_are_left_out(model_file: Path) -> None:
    result = passmgr.run(model_file, "eliminate-identity, remove-unused", disable=["remove-unused"])
    assert [record.name for record in result.records] == ["eliminate-identity"]


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("before", "before drop-identity\nmodel ir_version 8"),
        ("after", "after drop-identity\nmodel ir_version 8"),
        ("changed", "-  %a = Identity(%x)"),
    ],
)
def test_the_model_is_printed_around_a_pass(model_file: Path, mode: Any, text: str) -> None:
    result = passmgr.run(model_file, [drop_identity, "remove-unused"], print_ir=mode)
    assert text in result.diffs[0]
    assert len(result.diffs) == (1 if mode == "changed" else 2)


class Observer:
    """A plugin that raises when it looks on, and one that verifies."""

    @hookimpl
    def passmgr_after_pass(self, record: Any) -> None:
        raise ValueError("too curious")

    @hookimpl
    def passmgr_verify(self, model: ir.Model) -> list[str]:
        return [] if len(model.graph) > 2 else ["too few nodes"]


def test_an_observer_that_raises_is_told_once_and_a_verifier_is_asked(model_file: Path) -> None:
    registry = load_registry(plugins=False, extra=[Observer()])
    result = passmgr.run(model_file, "fix-names, sort", registry=registry)
    told = [remark for remark in result.remarks if remark.code == "observer-failed"]
    assert len(told) == 1
    assert "too curious" in told[0].message
    with pytest.raises(PassFailed, match=r"drop-identity .*too few nodes"):
        passmgr.run(model_file, drop_identity, registry=registry)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "missing.onnx"}, ModelError, "there is no file 'missing.onnx'"),
        ({"pipeline": "no-such-pass"}, UsageError, "unknown pass 'no-such-pass'"),
        ({"output": "nowhere/out.onnx"}, OutputError, "folder 'nowhere' .*does not exist"),
        ({"output": "model.onnx"}, UsageError, "is the input"),
        ({"output": "out.unknown"}, UsageError, "out.unknown"),
        ({"inputs": {"z": np.ones(3)}}, UsageError, "'z'"),
        ({"guard": "none"}, UsageError, "'guard' is 'none', legal is off or final or each"),
        ({"verify": True}, UsageError, "'verify' is True, legal is off or changed or each"),
        ({"on_failure": "ignore"}, UsageError, "'on_failure' is 'ignore', legal is stop or skip"),
        ({"print_ir": "all"}, UsageError, "'print_ir' is 'all', legal is before or after"),
        ({"print_ir_filter": ["none"]}, UsageError, "unknown pass 'none'"),
        ({"pass_timeout": 0}, UsageError, "'pass_timeout' is 0, in which no pass can end"),
    ],
)
def test_wrong_arguments_are_told_before_any_work(
    model_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    monkeypatch.chdir(model_file.parent)
    before = model_file.read_bytes()
    with pytest.raises(error, match=message):
        passmgr.run(**{"model": "model.onnx", **arguments})
    assert model_file.read_bytes() == before
    assert [path.name for path in model_file.parent.iterdir()] == ["model.onnx"]
