"""The graph optimizations of ONNX Runtime as a pass, without running the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from passmgr.core.contract import Approximate, Effect, ForeignPass, option

from . import isolated

if TYPE_CHECKING:
    import onnx_ir as ir

_WEIGHTS = "session.optimized_model_external_initializers_file_name"


@dataclass(frozen=True)
class OnnxRuntimeOptimize(ForeignPass):
    """Optimize the model by ONNX Runtime's own graph optimizations for the CPU.

    https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html

    It promises nothing about the outputs. They may move as far as the fusions that it is for move
    them, such as of a BatchNormalization into a Conv. The level ``extended`` fuses a
    LayerNormalization below opset 17 too, where the standard has none; that is refused.
    """

    name: ClassVar[str] = "onnxruntime-optimize"
    requires: ClassVar[tuple[str, ...]] = ("sorted",)
    effect: ClassVar[Effect] = Approximate(rtol=1e-4)

    level: Literal["basic", "extended"] = option(
        "basic",
        help="basic keeps to operators of the standard; extended makes fused ones of the domain "
        "com.microsoft, which other runtimes do not know.",
    )

    def apply(self, model: ir.Model) -> ir.Model:
        """Return what ONNX Runtime makes of ``model``, in a process of its own."""
        return isolated.optimize(
            model, __name__, libraries=("onnxruntime",), options={"level": self.level}
        )


def optimize(source: Path, target: Path, *, level: str) -> None:
    """Optimize a file into another; runs in the other process."""
    import onnxruntime  # type: ignore[import-untyped]

    onnxruntime.disable_telemetry_events()
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = {
        "basic": levels.ORT_ENABLE_BASIC,
        "extended": levels.ORT_ENABLE_EXTENDED,
    }[level]
    options.log_severity_level = 4
    options.optimized_model_filepath = str(target)
    if any(source.parent.glob("*.data")):
        options.add_session_config_entry(_WEIGHTS, "optimized.data")
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
