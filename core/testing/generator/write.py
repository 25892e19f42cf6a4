"""Write: a whole model, from the choice of its opset to its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .builder import Builder
from .finish import finish
from .steps import take_step

if TYPE_CHECKING:
    import onnx_ir as ir

    from .choices import Source
    from .options import Options

_IR_VERSIONS = {9: 4, 10: 5, 11: 6, 12: 7, 15: 8, 20: 9, 21: 10, 23: 11, 24: 12, 25: 13, 28: 14}
"""By opset, the IR version that came with it; before there was version 3."""


def write_model(source: Source, options: Options) -> ir.Model:
    """Return a model for which ``source`` made all choices."""
    first, last = options.opsets
    opset = source(first, last)
    least = max((v for oldest, v in _IR_VERSIONS.items() if oldest <= opset), default=3)
    versions = sorted({max(least, 10), max(least, 8), least}, reverse=True)
    b = Builder(source, options, opset, versions[source(0, len(versions) - 1)])
    for _ in range(4 * options.max_nodes):
        if len(b.nodes) >= options.max_nodes or (b.nodes and not b.integer(0, 31)):
            break
        take_step(b)
    return finish(b)
