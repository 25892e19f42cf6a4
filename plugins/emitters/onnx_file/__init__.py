"""Writes ``.onnx`` and ``.onnxtxt`` files, whole or not at all."""

from .emitter import OnnxEmitter, model_bytes

__all__ = ["OnnxEmitter", "model_bytes"]
