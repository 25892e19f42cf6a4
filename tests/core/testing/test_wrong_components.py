"""The suite finds what is wrong with analyses, facts, bridges and pipelines."""

from __future__ import annotations

import pytest
from wrong_components import WRONG, Reader, Writer

from passmgr.core.registry import Registrar, Registry, hookimpl, load_registry
from passmgr.core.testing import CHECKS, Violation, bound_checks

OF_ALL_MODELS = ("generated", "imports")
"""Checks that a wrong thing need not be caught by, and that take long."""


class Plugin:
    """Registers one wrong thing, and what it needs to be tried."""

    def __init__(self, name: str) -> None:
        self.kind, self.check, self.add = WRONG[name]

    @hookimpl
    def passmgr_register(self, registry: Registrar) -> None:
        self.add(registry)
        # A front end is tried on what an emitter writes, and an emitter by what reads it.
        if self.kind == "frontends":
            Writer.name = "writer"  # type: ignore[attr-defined]
            registry.add_emitter("writer", Writer, suffixes=[".wrong"])
        if self.kind == "emitters":
            Reader.name = "reader"  # type: ignore[attr-defined]
            registry.add_frontend("reader", Reader, suffixes=[".wrong"])


def violations(kind: str, name: str, registry: Registry) -> dict[str, Violation]:
    entry = registry.entry(kind, name)  # type: ignore[arg-type]
    found = {}
    for bound in bound_checks(entries=[entry], registry=registry, examples=0):
        if bound.check.name in OF_ALL_MODELS:
            continue
        try:
            bound()
        except Violation as violation:
            found[bound.check.name] = violation
    return found


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_caught(name: str) -> None:
    kind, check, _ = WRONG[name]
    registry = load_registry(plugins=False, extra=[Plugin(name)])
    found = violations(kind, name, registry)
    assert check in found, {key: str(value) for key, value in found.items()}
    assert found[check].subject == name
    assert all(word in str(found[check]) for word in ("expected:", "either", "or"))


def test_what_the_wrong_ones_are_made_of_is_right() -> None:
    class Right:
        @hookimpl
        def passmgr_register(self, registry: Registrar) -> None:
            reader = type("Right", (Reader,), {"name": "right", "__doc__": "Read models."})
            writer = type("Right", (Writer,), {"name": "right", "__doc__": "Write models."})
            registry.add_frontend("right", reader, suffixes=[".wrong"], summary="Right.")
            registry.add_emitter("right", writer, suffixes=[".wrong"], summary="Right.")

    registry = load_registry(plugins=False, extra=[Right()])
    assert violations("frontends", "right", registry) == {}
    assert violations("emitters", "right", registry) == {}


@pytest.mark.parametrize(
    ("text", "check"),
    [("sort, srot", "text"), ("sort, sort{strict=true}", "text"), ("round-weights", "runs")],
)
def test_a_wrong_pipeline_is_caught(text: str, check: str) -> None:
    import numpy as np
    import onnx_ir as ir

    from passmgr.core.contract import pass_

    @pass_()
    def round_weights(model, ctx):  # type: ignore[no-untyped-def]
        """Round weights."""
        for value in list(model.graph.initializers.values()):
            if value.dtype == ir.DataType.FLOAT and ctx.action():
                ctx.edit.set_const_value(value, ir.tensor(np.round(value.const_value.numpy())))

    class Pipelines:
        @hookimpl
        def passmgr_register(self, registry: Registrar) -> None:
            registry.add_pass("round-weights", round_weights)
            registry.add_pipeline("wrong", text)

    registry = load_registry(plugins=False, extra=[Pipelines()])
    assert check in violations("pipelines", "wrong", registry)


def test_every_check_has_something_wrong_that_it_catches() -> None:
    caught = {(kind, check) for kind, check, _ in WRONG.values()}
    caught |= {("pipelines", "text"), ("pipelines", "runs")}
    # The same for all kinds: tried with one of them, or with passes.
    shared = {"generated", "imports", "documentation", "name"}
    assert {("analyses", "documentation"), ("frontends", "name")} < caught
    for kind, checks in CHECKS.items():
        if kind != "passes":
            assert {(kind, name) for name in checks if name not in shared} <= caught
