"""Every registered pass leaves the model as it was when it fails, at whichever edit it fails."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from passmgr.core.contract import Exact, from_function
from passmgr.core.errors import PassFailed
from passmgr.core.manager import make_manager, run_passes
from passmgr.core.registry import load_registry
from passmgr.core.schedule import PassIdentity, Plan, Step

MODEL = """
<ir_version: 8, opset_import: ["" : 18, "local" : 1, "unused" : 1]>
g (float[N, 4] x, bool c, int64[2] unused) => (float[N, 4] y, float[N, 4] z, float[1,4] k)
<float[4] w = {1, 2, 3, 4}, float[4] v = {1, 2, 3, 4}, float[4] idle = {0, 0, 0, 0}, int64[1] i = {1}>
{
  late = Relu (early)
  early = Add (x, w)
  twin = Add (x, v)
  one = Constant <value = float {1.0}> ()
  same = Mul (twin, one)
  id = Identity (same)
  zero = Constant <value_ints = [1, 4]> ()
  rows = Reshape (w, zero)
  k = Neg (rows)
  flip = Transpose <perm = [1, 0]> (id)
  back = Transpose <perm = [1, 0]> (flip)
  twice = local.twice (back)
  dead = Sigmoid (late)
  sized = Reshape (twice, size_of)
  size_of = Shape (early)
  columns = Gather (size_of, i)
  flat = Reshape (v, columns)
  flatter = Add (flat, w)
  z = If (c) <
    then_branch = t () => (float[N, 4] t_out) { t1 = Add (x, w) t2 = Identity (t1) t_out = Relu (t2) },
    else_branch = f () => (float[N, 4] f_out) { f1 = Constant <value = float {2.0}> () f_out = Mul (late, f1) }
  >
  total = Sum (late, sized, flatter)
  y = Identity (total)
}
<domain: "local", opset_import: ["" : 18]>
twice (p) => (q) { i = Identity (p) q = Add (i, i) }
<domain: "local", opset_import: ["" : 18]>
never (p) => (q) { q = Add (p, p) }
"""

REGISTRY = load_registry(plugins=False)
PASSES = sorted(REGISTRY.entries("passes"))


def make_model(name: str) -> ir.Model:
    """The model of this test, with what the pass ``name`` requires established."""
    model = ir.from_onnx_text(MODEL)
    for value in model.graph.initializers.values():
        assert value.const_value is not None
        value.const_value = ir.Tensor(value.const_value.numpy().copy(), name=value.name)
    if name == "fix-names":
        model.graph.node(1).outputs[0].name = model.graph.node(0).outputs[0].name
    facts = [REGISTRY.fact(fact) for fact in REGISTRY.pass_class(name).requires]
    normalizers = [REGISTRY.make_pass(fact.normalizer) for fact in facts if fact.normalizer]
    run_passes(model, normalizers, registry=REGISTRY)
    return model


def snapshot(model: ir.Model) -> tuple[bytes, list[object]]:
    """The serialized model, and the identities of its objects with their uses."""
    objects: list[object] = []
    for graph in (model.graph, *model.graph.subgraphs(), *model.functions.values()):
        values = [*graph.inputs, *getattr(graph, "initializers", {}).values()]
        for node in graph:
            objects += [id(node), *map(id, node.inputs), *map(id, node.outputs)]
            values += node.outputs
        for value in values:
            uses = {(id(node), index) for node, index in value.uses()}
            objects.append((id(value), uses, value.is_initializer(), value.is_graph_output()))
            objects.append(id(value.const_value) if value.is_initializer() else None)
    return ir.to_proto(model).SerializeToString(deterministic=True), objects


class InjectedError(RuntimeError):
    """The fault."""


def run(model: ir.Model, name: str, stop: int | None) -> int:
    """Run the pass with a fault at edit number ``stop``; return the number of edits it made."""
    manager = make_manager(model, registry=REGISTRY)
    edit = manager.state.edit

    def fault(count: int) -> None:
        if count == stop:
            raise InjectedError

    edit.before_edit = fault
    pass_ = REGISTRY.make_pass(name)
    identity = PassIdentity("", "", name, 1, name)
    manager.run(Plan((Step(pass_, "written", "", 1, 1, identity),)))
    return edit.count


@pytest.mark.parametrize("name", PASSES)
def test_a_fault_at_any_edit_leaves_the_model_as_it_was(name: str) -> None:
    edits = run(make_model(name), name, None)
    assert edits, f"{name} has nothing to do on the model of this test; give it something"
    for stop in range(1, edits + 1):
        model = make_model(name)
        before = snapshot(model)
        with pytest.raises(PassFailed, match=f"{name}.* InjectedError"):
            run(model, name, stop)
        assert snapshot(model) == before, f"{name} left a trace of edit {stop} of {edits}"


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_as_foreign_code_leaves_the_original_untouched(name: str) -> None:
    def foreign(clone: ir.Model) -> None:
        run(clone, name, None)
        raise InjectedError

    model = make_model(name)
    model.graph.sort()  # a clone is made of a sorted model only
    before = snapshot(model)
    pass_ = from_function(foreign, name="foreign", effect=Exact())
    identity = PassIdentity("", "", "foreign", 1, "foreign")
    with pytest.raises(PassFailed, match="foreign .*InjectedError"):
        make_manager(model, registry=REGISTRY).run(
            Plan((Step(pass_, "written", "", 1, 1, identity),))
        )
    assert snapshot(model) == before
    assert np.array_equal(model.graph.initializers["w"].const_value.numpy(), [1, 2, 3, 4])
