"""Half precision: what a runtime without half kernels makes of it, and of equality.

A CPU runtime computes float16 and bfloat16 in float32 and rounds back where values are passed on.
Where two operators follow on each other it leaves the rounding between them out, so that its
numbers depend on what stands beside what, and a rewrite that is exact by IEEE 754 moves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.effects import Approximate, Effect, Exact
from ..ir.walk import graphs_with_nodes

if TYPE_CHECKING:
    import onnx_ir as ir

ROUNDINGS = 4
"""How many roundings of the half type an exact pass may move an output by."""

_EPS = {10: 2.0**-10, 16: 2.0**-7}
"""By the number of the type in ONNX: float16, bfloat16."""
_INT, _TENSOR = 2, 4


def half_eps(model: ir.Model) -> float:
    """Return the eps of the coarsest half type that ``model`` computes with; 0 for none.

    A half type enters by an input, an initializer, a constant or a cast; those are looked at.
    """
    found: set[int] = set()
    for graph, nodes in graphs_with_nodes(model):
        values = [*graph.inputs, *getattr(graph, "initializers", {}).values()]
        found.update(int(value.dtype) for value in values if value.dtype is not None)
        for node in nodes:
            for attribute in node._attributes.data.values():
                if attribute.is_ref():
                    continue
                if attribute.type == _INT and attribute.name in ("to", "dtype"):
                    found.add(attribute.as_int())
                elif attribute.type == _TENSOR:
                    found.add(int(attribute.value.dtype))
    return max((_EPS[dtype] for dtype in found & _EPS.keys()), default=0.0)


def widened(effect: Effect, eps: float) -> Effect:
    """Return how far a pass of ``effect`` may move a model that computes in a type of ``eps``."""
    if not eps or not isinstance(effect, (Exact, Approximate)):
        return effect
    floor = ROUNDINGS * eps
    if isinstance(effect, Exact):
        return Approximate(floor)
    return Approximate(max(effect.rtol, floor), effect.atol)
