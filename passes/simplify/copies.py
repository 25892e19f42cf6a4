"""Copies of nodes from one graph into another, with everything that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

    from passmgr.core.ir.editor import Editor


def copy_nodes(anchor: ir.Node, nodes: Iterable[ir.Node], edit: Editor) -> dict[ir.Value, ir.Value]:
    """Copy ``nodes`` in front of ``anchor`` and let what reads their results read the copies.

    Subgraphs move from the nodes to their copies; what is left behind is fit to be removed only.

    Returns:
        The results of the nodes with those of the copies.
    """
    copies: dict[ir.Value, ir.Value] = {}
    for node in tuple(nodes):
        attributes = list(node.attributes.values())
        for attribute in attributes:
            edit.remove_attribute(node, attribute.name)
        copies.update(_copy(anchor, node, attributes, edit))
    return copies


def _copy(
    anchor: ir.Node, node: ir.Node, attributes: Sequence[ir.Attr], edit: Editor
) -> dict[ir.Value, ir.Value]:
    copy = edit.insert_node(
        anchor,
        node.op_type,
        node.inputs,
        attributes,
        domain=node.domain,
        outputs=len(node.outputs),
        name=next((value.name for value in node.outputs if value.name), ""),
    )
    copy.name, copy.overload, copy.doc_string = node.name, node.overload, node.doc_string
    copy.metadata_props.update(node.metadata_props)
    pairs = dict(zip(node.outputs, copy.outputs, strict=True))
    for old, new in pairs.items():
        if not old.name:
            edit.rename(new, "")
        edit.set_type(new, old.type)
        edit.set_shape(new, old.shape)
        edit.replace_uses(old, new)
    return pairs


def put_results(
    node: ir.Node,
    ends: Sequence[ir.Value],
    copies: dict[ir.Value, ir.Value],
    edit: Editor,
) -> None:
    """Put ``ends``, or their copies, in the place of the results of ``node``, and remove it."""
    from .substitution import substitute

    for value, end in zip(node.outputs, ends, strict=False):
        result = copies.get(end, end)
        if not edit.can_replace(value, result):
            identity = edit.insert_node(node, "Identity", [result], name=f"{value.name}_inlined")
            result = identity.outputs[0]
        substitute(edit, value, result)
    edit.remove(node)
