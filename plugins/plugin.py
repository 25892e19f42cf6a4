"""Registers the built-in front ends, emitters, runtimes and optimizers, all by lazy path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passmgr.core.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from passmgr.core.registry import Registrar


@hookimpl
def passmgr_register(registry: Registrar) -> None:
    """Register what this room brings."""
    registry.add_frontend(
        "onnx",
        "passmgr.plugins.frontends.onnx_file:OnnxFrontend",
        suffixes=(".onnx", ".onnxtxt"),
        summary="ONNX models, binary or text, with external data read lazily.",
    )
    registry.add_emitter(
        "onnx",
        "passmgr.plugins.emitters.onnx_file:OnnxEmitter",
        suffixes=(".onnx", ".onnxtxt"),
        summary="ONNX models, binary or text, written whole or not at all.",
    )
    registry.add_runtime(
        "onnxruntime",
        "passmgr.plugins.runtimes.onnxruntime:OnnxRuntime",
        summary="ONNX Runtime on the CPU.",
    )
    registry.add_pass(
        "onnxslim",
        "passmgr.plugins.optimizers.onnxslim:OnnxSlim",
        summary="Optimize the model by onnxslim.",
    )
    registry.add_pass(
        "onnxoptimizer",
        "passmgr.plugins.optimizers.onnxoptimizer:OnnxOptimizer",
        summary="Optimize the model by passes of onnxoptimizer.",
    )
    registry.add_pass(
        "onnxruntime-optimize",
        "passmgr.plugins.optimizers.onnxruntime:OnnxRuntimeOptimize",
        summary="Optimize the model by the graph optimizations of ONNX Runtime.",
    )
