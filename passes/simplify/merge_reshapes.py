"""Merge-reshapes: of operators that only rename dimensions, one after the other, one is left.

    Reshape(Unsqueeze(Reshape(x)), [-1, 1, 8])          Reshape(x, [-1, 1, 8])
    Squeeze(Reshape(x, [1, 4, 36, 1]), [3])             Reshape(x, [1, 4, 36])
    Reshape(Transpose(x: [1, 16, 1, 4]), [1, 64])       Reshape(x, [1, 64])

Such operators are Reshape, Flatten, Squeeze, Unsqueeze, and a Transpose that moves only dimensions
of size 1. The merged one is a Reshape whose target is constant: numbers, 0 for a size that is the
one at the same place of the input, and -1 for one size where all others are above zero.

Numerics: exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset
from .substitution import bypass

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..analyze.symbolic_shapes import Dims
    from .known import Known

_RESHAPES = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})
_FIRST_OPSET = 5
"""Before it, the target of a Reshape was an attribute."""


@dataclass(frozen=True)
class MergeReshapes(Pass):
    """Merge a chain of operators that only rename dimensions into one Reshape."""

    name = "merge-reshapes"
    requires = ("sorted", "names-unique")
    touches = ops("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Let each such operator read what the first of its chain reads."""
        from .known import Known

        known = Known(model, ctx)
        for container, known.opset in graphs_with_opset(model):
            if known.opset < _FIRST_OPSET:
                continue
            for node in container:
                _merge_chain(container, node, known, ctx)


def _merge_chain(
    container: ir.Graph | ir.Function, end: ir.Node, known: Known, ctx: PassContext
) -> None:
    """Merge a chain from its end, and those of which an operator on the way was in the way."""
    pending = [end]
    while pending:
        node = pending.pop()
        while node.graph is not None and (source := _merge(container, node, known, ctx)):
            if node.graph is None:
                pending += [use.node for use in source.uses()]


def _merge(
    container: ir.Graph | ir.Function, node: ir.Node, known: Known, ctx: PassContext
) -> ir.Value | None:
    """Let ``node`` read what the one before it reads.

    Returns:
        What it reads now, or what stands in its place; ``None`` where nothing was merged.
    """
    if node.op_type not in _RESHAPES and node.op_type != "Transpose":
        return None
    middle = node.inputs[0] if node.inputs else None
    producer = None if middle is None else middle.producer()
    if middle is None or producer is None or producer.graph is not node.graph:
        return None
    source = producer.inputs[0] if producer.inputs else None
    if source is None or node.device_configurations or producer.device_configurations:
        return None
    if not (_only_renames(producer, known) and _only_renames(node, known)):
        return None
    target = None if _keeps_target(node, known) else _target(node, source, known)
    if target is None and not _keeps_target(node, known):
        return None
    if len(middle._uses) > 1 or middle.is_graph_output():
        return None  # the first one would stay, and nothing be gained
    before, after = known.dims(source), known.dims(node.outputs[0])
    if before is not None and before == after and ctx.edit.can_replace(node.outputs[0], source):
        bypass(node, source, ctx)
    elif ctx.action(node, "merge"):
        _rewrite(container, node, source, target, ctx)
    if middle._uses:
        return None
    ctx.edit.remove(producer)
    return source


def _only_renames(node: ir.Node, known: Known) -> bool:
    """Tell whether ``node`` leaves all elements in their order."""
    if node.domain:
        return False
    if node.op_type != "Transpose":
        return node.op_type in _RESHAPES
    from .known import ints_attribute

    perm, shape = ints_attribute(node, "perm"), known.dims(node.inputs[0])
    if perm is None or shape is None or len(perm) != len(shape):
        return False
    moved = [axis for axis in perm if shape[axis] != 1]
    return moved == sorted(moved)


def _keeps_target(node: ir.Node, known: Known) -> bool:
    """Tell whether the target of a Reshape means the same for another input of as many elements."""
    if node.op_type != "Reshape":
        return False
    from .known import input_at, int_attribute

    target = known.ints(input_at(node, 1))
    return target is not None and (0 not in target or int_attribute(node, "allowzero", 0) == 1)


def _target(node: ir.Node, source: ir.Value, known: Known) -> list[int] | None:
    """Return a constant target that reshapes ``source`` to the result of ``node``."""
    before, after = known.dims(source), known.dims(node.outputs[0])
    if before is None or after is None or 0 in after:
        return None
    return reshape_target(before, after)


def reshape_target(before: Dims, after: Dims) -> list[int] | None:
    """Return what makes a Reshape of ``before`` give ``after``; ``None`` if no constant does."""
    target = [
        dim if isinstance(dim, int) else (0 if index < len(before) and before[index] == dim else -1)
        for index, dim in enumerate(after)
    ]
    # With -1 beside a size that is 0 in some run, nothing would tell what -1 is; as before, where
    # it was -1 before.
    clear = -1 not in target or 0 not in target or -1 in after
    return target if clear and target.count(-1) <= 1 else None


def _rewrite(
    container: ir.Graph | ir.Function,
    node: ir.Node,
    source: ir.Value,
    target: list[int] | None,
    ctx: PassContext,
) -> None:
    edit = ctx.edit
    edit.replace_input(node, 0, source)
    if target is None:
        return
    import numpy as np
    import onnx_ir as ir

    from .new_constants import add_constant

    if node.op_type != "Reshape":
        for name in tuple(node.attributes):
            edit.remove_attribute(node, name)
        edit.set_op(node, "Reshape")
    if len(node.inputs) != 2:
        edit.resize_inputs(node, 2)
    tensor = ir.Tensor(np.array(target, np.int64))
    edit.replace_input(
        node, 1, add_constant(edit, container, node, tensor, f"{node.outputs[0].name}_shape")
    )
