"""Runs passes as they are given, without scheduling: for tests and for single passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..schedule import PassIdentity, Plan, Step
from .manager import Hooks, Manager, Settings

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..contract import Pass
    from ..registry import Registry
    from .records import RunResult


def run_passes(
    model: ir.Model,
    passes: Sequence[Pass],
    *,
    settings: Settings | None = None,
    hooks: Hooks | None = None,
    registry: Registry | None = None,
) -> RunResult:
    """Run ``passes`` on ``model`` in the given order, each as a checked transaction.

    Args:
        model: The model; edited in place.
        passes: The passes.
        settings: How to run.
        hooks: What to call around each step.
        registry: Where facts, normalizers and runtimes come from; by default all that is installed.

    Raises:
        PassFailed: A pass failed and was rolled back.
    """
    return make_manager(model, settings=settings, hooks=hooks, registry=registry).run(
        Plan(
            tuple(
                Step(
                    pass_,
                    "written",
                    "as given",
                    number,
                    number,
                    PassIdentity("", "", pass_.name, pass_.version, pass_.name),
                )
                for number, pass_ in enumerate(passes, 1)
            )
        )
    )


def make_manager(
    model: ir.Model,
    *,
    settings: Settings | None = None,
    hooks: Hooks | None = None,
    registry: Registry | None = None,
) -> Manager:
    """Return a manager of ``model`` that asks ``registry`` for facts, passes and runtimes."""
    if registry is None:
        from ..registry import load_registry

        registry = load_registry()
    return Manager(
        model,
        resolve_fact=registry.fact,
        make_pass=registry.make_pass,
        runtime=registry.runtime,
        settings=settings or Settings(),
        hooks=hooks or Hooks(),
    )
