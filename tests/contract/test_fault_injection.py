"""Every registered pass leaves the model as it was when it fails, at whichever edit it fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from passmgr.core.contract import Exact, from_function
from passmgr.core.errors import PassFailed
from passmgr.core.manager import make_manager, run_passes
from passmgr.core.registry import load_registry
from passmgr.core.schedule import PassIdentity, Plan, Step

MODELS = sorted((Path(__file__).parents[1] / "models").glob("*.onnxtxt"))

REGISTRY = load_registry(plugins=False)
EVERYTHING = next(path for path in MODELS if path.stem == "everything")
PASSES = sorted(REGISTRY.entries("passes"))


def make_model(path: Path, name: str) -> ir.Model:
    """The model of a file, with what the pass ``name`` requires established."""
    model = ir.from_onnx_text(path.read_text())
    for value in model.graph.initializers.values():
        assert value.const_value is not None
        value.const_value = ir.Tensor(value.const_value.numpy().copy(), name=value.name)
    if name == "fix-names" and path == EVERYTHING:
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
    works = {path: run(make_model(path, name), name, None) for path in MODELS}
    path, edits = max(works.items(), key=lambda item: item[1])
    assert edits, f"{name} has nothing to do on any model in tests/models; add one for it"
    for stop in range(1, edits + 1):
        model = make_model(path, name)
        before = snapshot(model)
        with pytest.raises(PassFailed, match=f"{name}.* InjectedError"):
            run(model, name, stop)
        assert snapshot(model) == before, f"{name} left a trace of edit {stop} of {edits}"


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_as_foreign_code_leaves_the_original_untouched(name: str) -> None:
    def foreign(clone: ir.Model) -> None:
        run(clone, name, None)
        raise InjectedError

    model = make_model(EVERYTHING, name)
    model.graph.sort()  # a clone is made of a sorted model only
    before = snapshot(model)
    pass_ = from_function(foreign, name="foreign", effect=Exact())
    identity = PassIdentity("", "", "foreign", 1, "foreign")
    with pytest.raises(PassFailed, match=r"foreign .*InjectedError"):
        make_manager(model, registry=REGISTRY).run(
            Plan((Step(pass_, "written", "", 1, 1, identity),))
        )
    assert snapshot(model) == before
    assert np.array_equal(model.graph.initializers["w"].const_value.numpy(), [1, 2, 3, 4])
