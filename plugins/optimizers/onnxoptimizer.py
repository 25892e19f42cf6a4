"""onnxoptimizer as a pass."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from passmgr.core.contract import Approximate, Effect, ForeignPass, option
from passmgr.core.errors import UsageError

from . import isolated
from .protos import rewrite

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class OnnxOptimizer(ForeignPass):
    """Optimize the model by passes of onnxoptimizer: fuse, eliminate.

    https://github.com/onnx/optimizer

    It promises nothing about the outputs. They may move as far as the fusions that it is for move
    them, such as of a BatchNormalization into a Conv.
    """

    name: ClassVar[str] = "onnxoptimizer"
    requires: ClassVar[tuple[str, ...]] = ("sorted",)
    effect: ClassVar[Effect] = Approximate(rtol=1e-4)

    passes: tuple[str, ...] = option(
        (),
        help="Names of its passes, such as fuse_bn_into_conv; by default all that fuse or "
        "eliminate.",
    )

    def __post_init__(self) -> None:
        isolated.need("onnxoptimizer", "onnxoptimizer")
        if self.passes:
            _check_names(self.passes)

    def apply(self, model: ir.Model) -> ir.Model:
        """Return what onnxoptimizer makes of ``model``, in a process of its own."""
        options = {"passes": list(self.passes)}
        return isolated.optimize(
            model, __name__, libraries=("onnx", "onnxoptimizer"), options=options
        )


def _check_names(names: tuple[str, ...]) -> None:
    import onnxoptimizer  # type: ignore[import-untyped]

    known = onnxoptimizer.get_available_passes()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
            raise UsageError(f"onnxoptimizer has no pass '{name}'; {hint}")


def optimize(source: Path, target: Path, *, passes: list[str]) -> None:
    """Optimize a file into another; runs in the other process."""
    import onnxoptimizer

    def run(proto: Any) -> Any:
        return onnxoptimizer.optimize(proto, passes or None)

    rewrite(source, target, run)
