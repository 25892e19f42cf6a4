"""Merge-constant-operands: ``(x + a) + b -> x + (a + b)``, and so with Mul.

1. Both operands are constants, and the inner result is used by nothing else.
2. The new constant is not larger than the larger one of the two.

Numerics: constants are combined in double precision and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from passmgr.core.contract import Approximate, Pass, PassContext, ops

from ..simplify.opset import graphs_with_opset

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

    from ..simplify.known import Known

    Array = np.ndarray[Any, Any]

_FIRST_OPSET = 7
"""Before it, operands were broadcast in another way."""


@dataclass(frozen=True)
class MergeConstantOperands(Pass):
    """Merge additions, or multiplications, of constants that follow on each other.

    The associative law, which holds for floats but for rounding: Higham, Accuracy and Stability of
    Numerical Algorithms, 2002, section 2.2 bounds each operation by half a unit in the last place.
    """

    name = "merge-constant-operands"
    requires = ("sorted", "names-unique")
    touches = ops("Add", "Mul")
    effect = Approximate(rtol=1e-5)
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once; chains grow at their end."""
        from ..simplify.known import Known

        known = Known(model, ctx)
        for container, known.opset in graphs_with_opset(model):
            if known.opset >= _FIRST_OPSET:
                for node in container:
                    if node.op_type in ("Add", "Mul") and not node.domain:
                        while _merge(container, node, known, ctx):
                            pass  # two that could not be merged may be with a third


def _merge(
    container: ir.Graph | ir.Function, node: ir.Node, known: Known, ctx: PassContext
) -> bool:
    """Let ``node`` read what the one before it reads; return whether it does now."""
    outer = _operands(node, known)
    first = None if outer is None else outer[0].producer()
    if outer is None or first is None or first.op_type != node.op_type or first.domain:
        return False
    middle, constant = outer
    if len(middle._uses) > 1 or middle.is_graph_output() or first.graph is not node.graph:
        return False
    inner = _operands(first, known)
    if inner is None or node.device_configurations or first.device_configurations:
        return False
    merged = _combine(node.op_type, inner[1], constant)
    if merged is None or not ctx.action(node, "merge"):
        return False
    import onnx_ir as ir

    from ..simplify.new_constants import add_constant

    value = add_constant(
        ctx.edit, container, node, ir.Tensor(merged), f"{node.outputs[0].name}_constant"
    )
    ctx.edit.replace_input(node, 0, inner[0])
    ctx.edit.replace_input(node, 1, value)
    ctx.edit.remove(first)
    return True


def _operands(node: ir.Node, known: Known) -> tuple[ir.Value, Array] | None:
    """Return the operand that is computed and the one that is a constant."""
    for side in (1, 0):
        value = node.inputs[1 - side]
        array = known.array(node.inputs[side])
        if value is not None and array is not None and known.tensor(value) is None:
            return value, array
    return None


def _combine(op_type: str, a: Array, b: Array) -> Array | None:
    import numpy as np

    if a.dtype != b.dtype or a.dtype not in (np.float16, np.float32, np.float64):
        return None
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return None
    if int(np.prod(shape)) > max(a.size, b.size):
        return None
    x, y = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        merged = (x + y if op_type == "Add" else x * y).astype(a.dtype)
    if not np.isfinite(merged).all() or (op_type == "Mul" and ((merged == 0) & (x * y != 0)).any()):
        return None
    merged.setflags(write=False)
    return merged
