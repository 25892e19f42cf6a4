"""The manager: transactions, computed change, facts, analyses, and passes that lie."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import onnx_ir as ir
import pytest

from passmgr.core.contract import (
    Analysis,
    AnalysisContext,
    Aspect,
    Exact,
    Fact,
    Pass,
    PassContext,
    from_function,
    from_onnx_ir,
    ops,
    pass_,
)
from passmgr.core.errors import PassFailed
from passmgr.core.manager import Hooks, Manager, RunResult, Settings
from passmgr.core.schedule import PassIdentity, Plan, PlanItem, RepeatStep, Step

MODEL = """
<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  [id] a = Identity (x)
  [add] b = Add (a, w)
  [relu] y = Relu (b)
}
"""


def make_model() -> ir.Model:
    model = ir.from_onnx_text(MODEL)
    weight = ir.Tensor(np.arange(4, dtype=np.float32), name="w")
    model.graph.initializers["w"].const_value = weight
    return model


def serialized(model: ir.Model) -> bytes:
    return ir.to_proto(model).SerializeToString(deterministic=True)


def no_adds(model: ir.Model) -> str | None:
    return "there is an Add" if any(n.op_type == "Add" for n in model.graph) else None


def sub_named(model: ir.Model) -> str | None:
    names = {n.name for n in model.graph}
    return None if "sub" in names else "no node is called sub"


FACTS = {
    "no-adds": Fact("no-adds", Aspect.STRUCTURE, no_adds),
    "sub-named": Fact("sub-named", Aspect.NAMES, sub_named, normalizer="name-sub"),
    "sorted": Fact("sorted", Aspect.STRUCTURE, lambda model: None),
}


@pass_(idempotent=True)
def drop_identity(model: ir.Model, ctx: PassContext) -> None:
    """Remove Identity nodes."""
    for node in list(model.graph):
        if node.op_type == "Identity" and ctx.action(node):
            ctx.edit.replace(node.outputs[0], node.inputs[0])
            ctx.edit.remove(node)


drop_identity_again = pass_(name="drop-identity-again")(drop_identity.function)


@pass_(establishes=("no-adds",))
def claim_no_adds(model: ir.Model, ctx: PassContext) -> None:
    """Lie."""


@pass_()
def name_sub(model: ir.Model, ctx: PassContext) -> None:
    """Give a node the name that somebody wants."""
    ctx.edit.rename_node(model.graph[0], "sub")


@pass_(requires=("sub-named",))
def want_sub(model: ir.Model, ctx: PassContext) -> None:
    """Require a fact that a normalizer can establish."""


@pass_(requires=("no-adds",))
def want_no_adds(model: ir.Model, ctx: PassContext) -> None:
    """Require a fact that nothing can establish."""
    raise AssertionError("must not run")


def step(p: Pass) -> Step:
    return Step(p, "written", "", 1, 1, PassIdentity("", "", p.name, 1, p.name))


def run(
    model: ir.Model, *passes: Pass | PlanItem, hooks: Hooks | None = None, **settings: Any
) -> RunResult:
    items = tuple(step(p) if isinstance(p, Pass) else p for p in passes)
    return manager(model, hooks, **settings).run(Plan(items))


def manager(model: ir.Model, hooks: Hooks | None = None, **settings: Any) -> Manager:
    return Manager(
        model,
        resolve_fact=FACTS.__getitem__,
        make_pass={"name-sub": name_sub}.__getitem__,
        runtime=lambda name: pytest.fail("no runtime is needed"),
        settings=Settings(**settings),
        hooks=hooks or Hooks(),
    )


def test_change_is_computed_and_recorded() -> None:
    result = run(make_model(), drop_identity, drop_identity_again)
    first, second = result.records
    assert (first.status, first.nodes_before, first.nodes_after) == ("changed", 3, 2)
    assert (first.rewrites, first.edits > 0) == (1, True)
    assert (second.status, second.reason) == ("unchanged", "nothing to do")
    assert second.edits == 0
    assert result.changed


def test_a_pass_without_its_ops_is_skipped() -> None:
    @pass_(touches=ops("Conv", "com.microsoft::Gelu"))
    def fold(model: ir.Model, ctx: PassContext) -> None:
        raise AssertionError("must not run")

    (record,) = run(make_model(), fold).records
    assert (record.status, record.reason) == (
        "skipped",
        "no Conv, com.microsoft::Gelu",
    )


def test_a_remark_says_why_nothing_was_done() -> None:
    @pass_()
    def shy(model: ir.Model, ctx: PassContext) -> None:
        for node in model.graph:
            ctx.remark("too-small", "the node is too small", node=node)

    result = run(make_model(), shy)
    assert result.records[0].reason == "the node is too small (3 places)"
    assert result.remarks[0].node == "Identity 'id'"


def in_place_write(model: ir.Model, ctx: PassContext) -> None:
    model.graph.initializers["w"].const_value.numpy()[:] = 0


def dangling(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.replace_input(model.graph.node("relu"), 0, ir.Value(name="nowhere"))


def renamed_output(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.rename(model.graph.outputs[0], "z")


def frozen_batch(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.set_shape(model.graph.outputs[0], [1, 4])


def dropped_input(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.replace_input(model.graph[0], 0, model.graph.initializers["w"])
    ctx.edit.set_inputs(model.graph, [])


def raising(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.replace_input(model.graph.node("relu"), 0, model.graph.inputs[0])
    raise LookupError("no such thing")


def slow(model: ir.Model, ctx: PassContext) -> None:
    ctx.edit.replace_input(model.graph.node("relu"), 0, model.graph.inputs[0])
    time.sleep(30)


def behind_the_editor(model: ir.Model, ctx: PassContext) -> None:
    model.graph.node("relu").op_type = "Tanh"


def forced_write(model: ir.Model, ctx: PassContext) -> None:
    array = model.graph.initializers["w"].const_value.numpy()
    array = array.base if array.base is not None else array
    array.flags.writeable = True
    array[0] = 7


MISDEEDS: dict[str, tuple[Callable[[ir.Model, PassContext], None], str, dict[str, Any]]] = {
    "in-place write": (in_place_write, "read-only", {}),
    "dangling": (dangling, "left a broken model: Relu 'relu' reads 'nowhere'", {}),
    "renamed output": (
        renamed_output,
        "changed the interface of the model: outputs were y, are z",
        {},
    ),
    "frozen batch": (frozen_batch, "output 'y' was FLOAT [N,4], is FLOAT [1,4]", {}),
    "dropped input": (dropped_input, "inputs were x, are none", {}),
    "raising": (raising, "failed and was rolled back: LookupError: no such thing", {}),
    "slow": (slow, "did not end within 0.2 s", {"pass_timeout": 0.2}),
    "behind": (behind_the_editor, "without going through ctx.edit", {"verify": "each"}),
}


@pytest.mark.parametrize(("body", "message", "settings"), MISDEEDS.values(), ids=MISDEEDS)
def test_misdeed_is_rolled_back_and_named(
    body: Callable[[ir.Model, PassContext], None], message: str, settings: dict[str, Any]
) -> None:
    culprit = pass_(name="culprit")(body)
    model = make_model()
    before = serialized(model)
    with pytest.raises(PassFailed, match=r"culprit \(step 2\)") as caught:
        run(model, drop_identity, culprit, **settings)
    assert message in str(caught.value)
    assert caught.value.exit_code == 3
    assert caught.value.result is not None
    assert [r.status for r in caught.value.result.records] == ["changed", "failed"]
    if body is not behind_the_editor:
        expected = make_model()
        run(expected, drop_identity)
        assert serialized(model) == serialized(expected) != before


def test_a_write_that_forces_its_way_is_caught_when_every_weight_is_rehashed() -> None:
    model = make_model()
    with pytest.raises(PassFailed, match="wrote into the array of a weight"):
        run(model, pass_(name="culprit")(forced_write), verify="each")


def test_a_failed_pass_can_be_skipped() -> None:
    result = run(make_model(), pass_(name="culprit")(raising), drop_identity, on_failure="skip")
    assert [r.status for r in result.records] == ["failed", "changed"]
    assert "culprit (step 1) was rolled back: LookupError: no such thing" in result.warnings[0]


def test_a_required_pass_cannot_be_skipped() -> None:
    with pytest.raises(PassFailed, match="culprit"):
        run(make_model(), pass_(name="culprit", required=True)(raising), on_failure="skip")


def test_an_interrupt_leaves_the_last_commit() -> None:
    @pass_()
    def interrupted(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.replace_input(model.graph[2], 0, model.graph[0].outputs[0])
        raise KeyboardInterrupt

    model = make_model()
    before = serialized(model)
    with pytest.raises(KeyboardInterrupt):
        run(model, interrupted)
    assert serialized(model) == before


# -- foreign passes ------------------------------------------------------------------------------


def test_a_foreign_pass_runs_on_a_clone_and_keeps_the_model_object() -> None:
    from onnx_ir.passes.common import IdentityEliminationPass

    model = make_model()
    graph = model.graph
    result = run(model, from_onnx_ir(IdentityEliminationPass(), name="foreign", effect=Exact()))
    assert result.records[0].status == "changed"
    assert result.model is model
    assert model.graph is not graph
    assert len(graph) == 3
    assert len(model.graph) == 2


def test_what_a_foreign_pass_says_of_itself_is_not_asked() -> None:
    class Liar(ir.passes.InPlacePass):
        def call(self, model: ir.Model) -> ir.passes.PassResult:
            return ir.passes.PassResult(model, modified=True)

    class SilentOne(ir.passes.InPlacePass):
        def call(self, model: ir.Model) -> ir.passes.PassResult:
            model.graph.node("relu").op_type = "Tanh"
            return ir.passes.PassResult(model, modified=False)

    model = make_model()
    result = run(
        model,
        from_onnx_ir(Liar(), name="liar", effect=Exact()),
        from_onnx_ir(SilentOne(), name="silent", effect=Exact()),
    )
    assert [r.status for r in result.records] == ["unchanged", "changed"]
    assert model.graph.node("relu").op_type == "Tanh"


def break_graph(model: ir.Model) -> None:
    node = model.graph.node("add")
    model.graph.remove(node)


def change_interface(model: ir.Model) -> None:
    model.graph.outputs[0].name = "z"


def write_weight(model: ir.Model) -> None:
    model.graph.initializers["w"].const_value.numpy()[:] = 0


def raise_halfway(model: ir.Model) -> None:
    model.graph.node("relu").op_type = "Tanh"
    raise LookupError("halfway")


def sleep(model: ir.Model) -> None:
    time.sleep(30)


FOREIGN_MISDEEDS: dict[str, tuple[Callable[[ir.Model], None], str, dict[str, Any]]] = {
    "breaks the graph": (break_graph, "left a broken model: Relu 'relu' reads 'b'", {}),
    "changes the interface": (change_interface, "outputs were y, are z", {}),
    "writes into a weight": (write_weight, "read-only", {}),
    "raises": (raise_halfway, "LookupError: halfway", {}),
    "too slow": (sleep, "did not end within 0.2 s", {"pass_timeout": 0.2}),
}


@pytest.mark.parametrize(
    ("function", "message", "settings"), FOREIGN_MISDEEDS.values(), ids=FOREIGN_MISDEEDS
)
def test_misdeed_of_a_foreign_pass_leaves_the_original_untouched(
    function: Callable[[ir.Model], None], message: str, settings: dict[str, Any]
) -> None:
    model = make_model()
    graph, before = model.graph, serialized(model)
    with pytest.raises(PassFailed, match=r"foreign \(step 1\)") as caught:
        run(model, from_function(function, name="foreign", effect=Exact()), **settings)
    assert message in str(caught.value)
    assert model.graph is graph
    assert serialized(model) == before


def test_a_foreign_pass_needs_an_effect() -> None:
    with pytest.raises(TypeError, match="effect is Exact"):
        from_function(break_graph, name="foreign", effect=None)  # type: ignore[arg-type]


# -- facts ---------------------------------------------------------------------------------------


def test_a_claimed_fact_is_checked() -> None:
    with pytest.raises(
        PassFailed, match="it claims 'no-adds', which does not hold: there is an Add"
    ):
        run(make_model(), claim_no_adds)


def test_a_missing_fact_is_repaired_by_its_normalizer() -> None:
    result = run(make_model(), want_sub)
    assert [(r.name, r.origin, r.status) for r in result.records] == [
        ("name-sub", "inserted", "changed"),
        ("want-sub", "written", "unchanged"),
    ]
    assert "name-sub inserted for 'sub-named' (required by want-sub)" in result.amendments[0]


def test_an_undeclared_break_is_repaired_and_reported_with_the_pass_that_did_it() -> None:
    @pass_()
    def vandal(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.rename_node(model.graph[0], "other")

    result = run(make_model(), name_sub, want_sub, vandal, want_sub)
    assert "broken by vandal" in result.amendments[0]


def test_a_step_whose_requirement_cannot_be_met_is_skipped() -> None:
    (record,) = run(make_model(), want_no_adds).records
    assert (record.status, record.reason) == ("skipped", "'no-adds' does not hold: there is an Add")


def test_an_obligation_is_met_at_the_end() -> None:
    @pass_(followed_by=("sub-named",))
    def leaves_work(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.rename_node(model.graph[0], "other")

    result = run(make_model(), leaves_work)
    assert [r.name for r in result.records] == ["leaves-work", "name-sub"]


# -- analyses ------------------------------------------------------------------------------------

computed: list[str] = []


@dataclass(frozen=True)
class CountNodes(Analysis[int]):
    """Count nodes."""

    name: ClassVar[str] = "count-nodes"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> int:
        computed.append(self.name)
        return len(model.graph)


@dataclass(frozen=True)
class DoubleCount(Analysis[int]):
    """Count nodes twice."""

    name: ClassVar[str] = "double-count"
    reads: ClassVar[Aspect] = Aspect(0)
    factor: int = 2

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> int:
        computed.append(self.name)
        return self.factor * ctx.get(CountNodes)


def test_analyses_are_kept_until_what_they_read_changes_also_indirectly() -> None:
    computed.clear()
    seen = []

    @pass_()
    def look(model: ir.Model, ctx: PassContext) -> None:
        seen.append((ctx.get(DoubleCount), ctx.get(DoubleCount(factor=3))))

    @pass_()
    def rename(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.rename_node(model.graph[0], "other")
        seen.append((ctx.get(DoubleCount), 0))

    run(make_model(), look, rename, look, drop_identity, look)
    assert seen == [(6, 9), (6, 0), (6, 9), (4, 6)]
    assert computed.count("count-nodes") == 2
    assert computed.count("double-count") == 4


def test_an_analysis_made_during_a_pass_that_fails_is_dropped() -> None:
    @pass_(name="culprit")
    def fails(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.insert_node(model.graph, "Abs", [model.graph.inputs[0]])
        assert ctx.get(CountNodes) == 4
        raise LookupError

    seen = []

    @pass_()
    def look(model: ir.Model, ctx: PassContext) -> None:
        seen.append(ctx.get(CountNodes))

    run(make_model(), fails, look, on_failure="skip")
    assert seen == [3]


# -- repeat --------------------------------------------------------------------------------------


def test_repeat_ends_when_nothing_changes() -> None:
    result = run(make_model(), RepeatStep(5, (step(drop_identity),)))
    assert [r.status for r in result.records] == ["changed", "skipped"]
    assert not result.warnings


def toggle(there: str, back: str) -> Callable[[ir.Model, PassContext], None]:
    def body(model: ir.Model, ctx: PassContext) -> None:
        for node in model.graph:
            if node.op_type == there:
                ctx.edit.set_op(node, back)

    return body


def test_oscillation_is_told_with_the_passes() -> None:
    to, fro = pass_(name="to")(toggle("Relu", "Tanh")), pass_(name="fro")(toggle("Tanh", "Relu"))
    result = run(make_model(), RepeatStep(9, (step(to), step(fro))))
    assert result.warnings == [
        "repeat stopped: round 2 gave the model of round 1 again; to, fro undo each other's work"
    ]


def test_the_limit_of_a_repeat_is_told() -> None:
    @pass_()
    def grow(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.insert_node(model.graph, "Abs", [model.graph.inputs[0]])

    result = run(make_model(), RepeatStep(3, (step(grow),)))
    assert len(result.records) == 3
    assert result.warnings == [
        "repeat stopped at its limit of 3 rounds while grow still changed the model"
    ]


# -- hooks ---------------------------------------------------------------------------------------


def test_observers_see_every_step() -> None:
    class Recorder(Hooks):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def observe(self, hook: str, **arguments: Any) -> None:
            self.seen.append(hook.removeprefix("passmgr_"))

    hooks = Recorder()
    run(make_model(), drop_identity, pass_(name="culprit")(raising), hooks=hooks, on_failure="skip")
    assert hooks.seen == ["before_pass", "after_pass", "before_pass", "after_pass", "pass_failed"]


def test_verifiers_of_plugins_are_asked_and_old_problems_tolerated() -> None:
    class Verifiers(Hooks):
        def verifiers(self, model: ir.Model) -> list[str]:
            old = ["always wrong"]
            return old if len(model.graph) == 3 else [*old, "two nodes are too few"]

    with pytest.raises(PassFailed, match="left a broken model: two nodes are too few"):
        run(make_model(), drop_identity, hooks=Verifiers())


def test_an_idempotent_pass_is_not_run_again_on_the_same_model() -> None:
    result = run(make_model(), drop_identity, want_sub, drop_identity)
    assert [(r.name, r.status) for r in result.records] == [
        ("drop-identity", "changed"),
        ("name-sub", "changed"),
        ("want-sub", "unchanged"),
        ("drop-identity", "unchanged"),
    ]
    result = run(make_model(), drop_identity, drop_identity)
    assert result.records[1].reason == "nothing has changed since it ran before"


def test_a_pass_is_done_when_its_facts_hold() -> None:
    @pass_(done_when=("sub-named",))
    def needless(model: ir.Model, ctx: PassContext) -> None:
        raise AssertionError("must not run")

    result = run(make_model(), name_sub, needless)
    assert (result.records[1].status, result.records[1].reason) == (
        "unchanged",
        "sub-named already",
    )


def test_what_the_verifier_has_proved_is_not_checked_again() -> None:
    asked = []

    def check(model: ir.Model) -> str | None:
        asked.append("order")
        return None

    FACTS["proved"] = Fact("proved", Aspect.STRUCTURE, check, proved_by="order")

    @pass_(requires=("proved",))
    def needs_order(model: ir.Model, ctx: PassContext) -> None:
        """Need it."""

    run(make_model(), needs_order, drop_identity, needs_order)
    assert not asked
    run(make_model(), needs_order, drop_identity, needs_order, verify="off")
    assert len(asked) == 2
