"""Steps: draws what comes next in a model, an operator or an idiom."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from . import (
    control,
    conversions,
    elementwise,
    idioms,
    indexing,
    layers,
    movement,
    reductions,
    resizing,
)
from .kernels import form
from .table import IDIOMS, OPERATORS

if TYPE_CHECKING:
    from .builder import Builder
    from .options import Options

MODULES = (
    control,
    conversions,
    elementwise,
    idioms,
    indexing,
    layers,
    movement,
    reductions,
    resizing,
)
"""What fills the table."""

Step = Callable[["Builder"], object]


def take_step(b: Builder) -> bool:
    """Draw a step and take it; tell whether it could be taken."""
    plain, emphasized = _steps(b.options, b.opset)
    steps = emphasized if emphasized and b.integer(0, 1) == 0 else plain
    return bool(steps) and b.attempt(b.choice(steps))


def _operator(op_type: str) -> Step:
    write = OPERATORS[op_type]
    return lambda b: write(b, op_type)


@lru_cache(maxsize=256)
def _steps(options: Options, opset: int) -> tuple[list[Step], list[Step]]:
    """What can come next, and what of it is emphasized; the simplest first."""
    wanted, emphasis = options.ops, options.emphasize
    operators = [op for op in OPERATORS if form(op, opset) is not None]
    operators.sort(key=lambda op: (op not in ("Identity", "Relu", "Add"), op))
    plain = [_operator(op) for op in operators if wanted is None or op in wanted]
    nested = [op for op in operators if op in ("If", "Loop", "Scan") and wanted is None]
    plain += [
        found.write
        for name, found in IDIOMS.items()
        if wanted is None or (found.ops and found.ops <= wanted)
    ]
    # These are taken back more often than others, since they need many nodes.
    plain += [_operator(op) for op in nested * 2] + [control.function_call] * (wanted is None)
    emphasized = [_operator(op) for op in operators if op in emphasis]
    emphasized += [found.write for found in IDIOMS.values() if found.ops & emphasis]
    return plain, emphasized
