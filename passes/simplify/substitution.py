"""Substitution: let one value stand in for another, as far as the names of outputs allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .new_constants import feed_scalars

if TYPE_CHECKING:
    import onnx_ir as ir

    from passmgr.core.contract import PassContext
    from passmgr.core.ir.editor import Editor


def substitute(edit: Editor, old: ir.Value, new: ir.Value) -> None:
    """Put ``new`` in the place of ``old``; it takes over the type and shape it lacks itself.

    Args:
        edit: The editor of the transaction.
        old: The value that goes.
        new: A value that is always equal to it; :meth:`Editor.can_replace` must allow it.
    """
    if not new.is_graph_input() and not new.is_graph_output():
        if new.type is None:
            edit.set_type(new, old.type)
        if new.shape is None:
            edit.set_shape(new, old.shape)
    if new.const_value is not None and new.is_initializer():
        feed_scalars(edit, old, new.const_value)
    edit.replace(old, new)


def bypass(node: ir.Node, source: ir.Value, ctx: PassContext) -> None:
    """Let ``source`` stand in for the one result of ``node``, and remove the node.

    Where that may not be, a remark says why.
    """
    result = node.outputs[0]
    if node.device_configurations:
        ctx.remark("placed-on-devices", "this node may move data between devices", node=node)
    elif not ctx.edit.can_replace(result, source):
        ctx.remark("output-needs-name", obstacle(result, source), node=node)
    elif ctx.action(node, "eliminate"):
        substitute(ctx.edit, result, source)
        ctx.edit.remove(node)


def obstacle(old: ir.Value, new: ir.Value) -> str:
    """Say why ``new`` cannot take the place of ``old``, an output of a graph."""
    if new.is_graph_output():
        kind = "another output"
    elif new.graph is not old.graph:
        kind = "a value from outside the graph"
    elif new.is_graph_input():
        kind = "an input"
    elif new.is_initializer():
        kind = "an initializer"
    else:
        kind = "a value that takes its name already"
    return f"output '{old.name}' would be {kind}, '{new.name}', which cannot take its name"
