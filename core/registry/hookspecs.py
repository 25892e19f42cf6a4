"""The hooks that a plugin may implement: when each is called and what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..contract import Remark
    from .registrar import Registrar

PROJECT = "passmgr"
HOOK_PREFIX = "passmgr_"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of that name."""


@hookspec
def passmgr_register(registry: Registrar) -> None:
    """Register passes, analyses, facts, bridges, targets and named pipelines.

    Called once, when the plugin is loaded. Register by lazy path (``"package.module:Class"``) and
    import no IR and no framework here: ``passmgr list`` runs this hook of every plugin.
    """


@hookspec
def passmgr_pipeline_point(point: str) -> list[str]:
    """Return pipeline texts that join a named pipeline, such as ``["fuse-gelu{exact=true}"]``.

    Called with ``NAME:begin`` and ``NAME:end`` when the pipeline ``NAME`` is used. Many plugins
    may contribute; what must come before what is declared on the passes (``before``, ``after``).
    """
    raise NotImplementedError


@hookspec
def passmgr_before_pass(step: Any, model: ir.Model) -> None:
    """Observe the model before the pass of ``step`` runs; must not change it."""


@hookspec
def passmgr_after_pass(step: Any, model: ir.Model, record: Any) -> None:
    """Observe the model after ``step`` was committed or left out; ``record`` has its figures."""


@hookspec
def passmgr_pass_failed(step: Any, model: ir.Model, error: BaseException) -> None:
    """Observe a failed step; ``model`` is as it was before it."""


@hookspec
def passmgr_remark(remark: Remark) -> None:
    """Observe a remark as it is made."""


@hookspec
def passmgr_verify(model: ir.Model) -> list[str]:
    """Return what is wrong with ``model``, one sentence each; checked after every changed pass."""
    raise NotImplementedError
