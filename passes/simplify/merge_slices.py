"""Merge-slices: ``Slice(Slice(x, axis 0), axis 1)`` is one Slice along both axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset

if TYPE_CHECKING:
    import onnx_ir as ir

    from .known import Known

_FIRST_OPSET = 10
"""Before it, the bounds of a Slice were attributes."""


@dataclass(frozen=True)
class MergeSlices(Pass):
    """Merge Slices with constant bounds that follow on each other along other axes."""

    name = "merge-slices"
    requires = ("names-unique",)
    touches = ops("Slice")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once; chains grow at their end."""
        from .known import Known

        known = Known(model, ctx)
        for container, known.opset in graphs_with_opset(model):
            if known.opset >= _FIRST_OPSET:
                for node in container:
                    if node.op_type == "Slice" and not node.domain:
                        _merge(container, node, known, ctx)


def _merge(
    container: ir.Graph | ir.Function, node: ir.Node, known: Known, ctx: PassContext
) -> None:
    middle = node.inputs[0]
    first = None if middle is None else middle.producer()
    if middle is None or first is None or first.op_type != "Slice" or first.domain:
        return
    if len(middle._uses) > 1 or middle.is_graph_output() or first.graph is not node.graph:
        return
    if node.device_configurations or first.device_configurations:
        return
    inner, outer = _bounds(first, known), _bounds(node, known)
    if inner is None or outer is None or {row[2] for row in inner} & {row[2] for row in outer}:
        return
    if not ctx.action(node, "merge"):
        return
    import numpy as np
    import onnx_ir as ir

    from .new_constants import add_constant

    edit = ctx.edit
    edit.resize_inputs(node, 5)
    edit.replace_input(node, 0, first.inputs[0])
    for index, column in enumerate(zip(*inner, *outer, strict=True), start=1):
        tensor = ir.Tensor(np.array(column, np.int64))
        name = f"{node.outputs[0].name}_{('starts', 'ends', 'axes', 'steps')[index - 1]}"
        edit.replace_input(node, index, add_constant(edit, container, node, tensor, name))
    edit.remove(first)


def _bounds(node: ir.Node, known: Known) -> list[tuple[int, int, int, int]] | None:
    """Return start, end, axis and step, one row for each axis that is cut."""
    from .known import input_at

    lists = [known.ints(input_at(node, index)) for index in range(1, 5)]
    starts, ends, axes, steps = lists
    if starts is None or ends is None or len(starts) != len(ends):
        return None
    for index, found in ((3, axes), (4, steps)):
        if found is None and input_at(node, index) is not None:
            return None
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if min(axes, default=0) < 0:
        shape = known.dims(node.inputs[0])
        if shape is None:
            return None
        axes = [axis % len(shape) for axis in axes]
    return list(zip(starts, ends, axes, steps, strict=True))
