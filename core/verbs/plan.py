"""Plan a pipeline for a model: what would run, in which order and why; runs nothing."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..pipeline import PipelineSpec
    from ..registry import Registry
    from ..schedule import Plan


def plan(
    model: str | Path | ir.Model,
    pipeline: PipelineSpec = "default",
    *,
    target: str | None = None,
    keep_order: bool = False,
    disable: Collection[str] = (),
    lock: str | Path | None = None,
    registry: Registry | None = None,
) -> Plan:
    """Return the plan that runs ``pipeline`` on ``model``.

    Args:
        model: A file that a front end reads, or an ``onnx_ir.Model``; not changed.
        pipeline: A pipeline text, a ``.toml`` file, a pass, or a list of those.
        target: A registered target; the facts that it requires hold at the end of the plan.
        keep_order: Make a needed change of the written order an error.
        disable: Passes that are left out.
        lock: File to write the plan with all versions to, for ``run --locked``.
        registry: Where passes and bridges come from; by default all that is installed.

    Raises:
        ModelError: The model cannot be read.
        ScheduleError: No order of the passes keeps all declarations.
        UsageError: The pipeline is wrong, or a name is unknown.
        OutputError: The lock cannot be written.
    """
    from ..registry import load_registry
    from ..schedule import write_lock
    from .load import load_model, plan_for
    from .paths import check_output

    if lock is not None:
        check_output(lock, *([model] if isinstance(model, str | Path) else []))
    registry = registry or load_registry()
    requires = () if target is None else registry.entry("targets", target).load().requires
    loaded = load_model(model, registry)
    found = plan_for(
        pipeline,
        registry,
        lambda fact: registry.fact(fact).check(loaded) is None,
        keep_order=keep_order,
        disable=disable,
        target_requires=requires,
    )
    if lock is not None:
        write_lock(found, lock)
    return found
