"""Reads ``.onnx`` and ``.onnxtxt`` files; the weights stay in the file until somebody asks."""

from .frontend import OnnxFrontend

__all__ = ["OnnxFrontend"]
