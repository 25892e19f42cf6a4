"""onnxslim as a pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from passmgr.core.contract import Approximate, Effect, ForeignPass

from . import isolated
from .protos import rewrite

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class OnnxSlim(ForeignPass):
    """Optimize the model by onnxslim: fold constants, remove no-ops, fuse, infer shapes.

    https://github.com/inisis/OnnxSlim

    It promises nothing about the outputs. They may move as far as the fusions that it is for move
    them, such as of a BatchNormalization into a Conv.
    """

    name: ClassVar[str] = "onnxslim"
    requires: ClassVar[tuple[str, ...]] = ("sorted",)
    effect: ClassVar[Effect] = Approximate(rtol=1e-4)

    def __post_init__(self) -> None:
        isolated.need("onnxslim", "onnxslim")

    def apply(self, model: ir.Model) -> ir.Model:
        """Return what onnxslim makes of ``model``, in a process of its own."""
        return isolated.optimize(
            model, __name__, libraries=("onnx", "onnxslim", "onnxruntime"), options={}
        )


def optimize(source: Path, target: Path) -> None:
    """Optimize a file into another; runs in the other process."""
    import onnxslim  # type: ignore[import-untyped]

    rewrite(source, target, onnxslim.slim)
