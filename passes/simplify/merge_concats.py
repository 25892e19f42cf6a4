"""Merge-concats: ``Concat(Concat(a, b), empty, c) -> Concat(a, b, c)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops

from .opset import graphs_with_opset
from .substitution import bypass

if TYPE_CHECKING:
    import onnx_ir as ir

    from .known import Known


@dataclass(frozen=True)
class MergeConcats(Pass):
    """Join the inputs of nested Concats, and leave out inputs that have no elements.

    The inner Concat must have the same axis and no other user.
    """

    name = "merge-concats"
    requires = ("sorted", "names-unique")
    touches = ops("Concat")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through the graphs once; an inner Concat is done before the outer one."""
        from .known import Known

        known = Known(model, ctx)
        for graph, known.opset in graphs_with_opset(model):
            for node in graph:
                if node.op_type == "Concat" and not node.domain:
                    while _merge(node, known, ctx):
                        pass  # what an inner one read may have no other user now


def _merge(node: ir.Node, known: Known, ctx: PassContext) -> bool:
    """Merge what can be merged now; return whether that was anything."""
    if node.device_configurations:
        return False
    axis = _axis(node, known)
    inputs: list[ir.Value | None] = []
    inner: dict[ir.Node, None] = {}
    for value in node.inputs:
        producer = None if value is None else value.producer()
        nested = value is not None and producer is not None and _is_inner(value, producer, node)
        if nested and producer is not None and axis == _axis(producer, known) is not None:
            inputs.extend(producer.inputs)
            inner[producer] = None
        else:
            inputs.append(value)
    full = [value for value in inputs if not _is_empty(value, axis, known)]
    inputs = full or inputs[:1]
    if len(inputs) == len(node.inputs) and not inner:
        return False
    if not ctx.action(node, "merge"):
        return False
    edit = ctx.edit
    edit.resize_inputs(node, len(inputs))
    for index, value in enumerate(inputs):
        edit.replace_input(node, index, value)
    for producer in inner:
        edit.remove(producer)
    if len(inputs) == 1 and inputs[0] is not None:
        bypass(node, inputs[0], ctx)
    return node.graph is not None


def _axis(node: ir.Node, known: Known) -> int | None:
    """Return the axis, counted from the front where the rank is known."""
    from .known import int_attribute

    axis = int_attribute(node, "axis", 1)
    if axis is None or axis >= 0:
        return axis
    ranks = (known.dims(value) for value in (*node.outputs, *node.inputs))
    return next((axis + len(dims) for dims in ranks if dims is not None), axis)


def _is_inner(value: ir.Value, producer: ir.Node, node: ir.Node) -> bool:
    return (
        producer.op_type == "Concat"
        and not producer.domain
        and producer.graph is node.graph
        and not value.is_graph_output()
        and not producer.device_configurations
        and all(user is node for user, _ in value._uses)
    )


def _is_empty(value: ir.Value | None, axis: int | None, known: Known) -> bool:
    """Tell whether ``value`` adds nothing along the axis."""
    dims = known.dims(value)
    return dims is not None and axis is not None and 0 <= axis < len(dims) and dims[axis] == 0
