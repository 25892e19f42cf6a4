"""Registers the built-in front ends, emitters and runtimes, all by lazy path."""

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
