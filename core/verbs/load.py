"""Models and plans as the verbs take them: a path or a model, a pipeline of any form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..pipeline import load_pipeline
from ..schedule import Plan, make_plan

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..pipeline import PipelineSpec
    from ..registry import Registry


def load_model(source: str | Path | ir.Model, registry: Registry) -> ir.Model:
    """Return the model of a file, read by the front end of its suffix, or ``source`` itself.

    Raises:
        ModelError: There is no such file, or it cannot be read.
        UsageError: No front end reads files of this suffix.
    """
    if not isinstance(source, (str, Path)):
        return source
    path = Path(source)
    if not path.exists():
        raise ModelError(f"there is no file '{path}'")
    return registry.frontend_for(path).load(path)


def plan_for(
    pipeline: PipelineSpec,
    registry: Registry,
    holds: Callable[[str], bool],
    *,
    keep_order: bool = False,
    disable: Collection[str] = (),
    target_requires: Sequence[str] = (),
) -> Plan:
    """Return the plan of ``pipeline`` for a model on which the facts hold that ``holds`` tells."""
    return make_plan(
        load_pipeline(pipeline),
        registry,
        facts_holding=holds,
        keep_order=keep_order,
        disable=disable,
        target_requires=target_requires,
    )
