"""Models and plans as the verbs take them: a path or a model, a pipeline of any form."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, UsageError
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
        UsageError: No front end reads files of this suffix, or ``source`` is something else.
    """
    if isinstance(source, (str, Path)):
        if not os.path.exists(source):
            raise ModelError(f"there is no file '{source}'")
        return registry.frontend_for(source).load(Path(source))
    import onnx_ir as ir

    if not isinstance(source, ir.Model):
        raise UsageError(
            "a model is a path or an onnx_ir.Model (onnx_ir.from_proto makes one of a "
            f"ModelProto), not {type(source).__name__}"
        )
    return source


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
