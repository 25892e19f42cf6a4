"""Inline-branches: an If whose condition is known gives way to the branch that is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops
from passmgr.core.ir.walk import node_subgraphs

from .substitution import substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    from passmgr.core.ir.editor import Editor

    from .known import Known

    GraphLike = ir.Graph | ir.Function


@dataclass(frozen=True)
class InlineBranches(Pass):
    """Move the nodes of the branch that an If always takes into the graph around it."""

    name = "inline-branches"
    requires = ("sorted", "names-unique")
    touches = ops("If")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Go through all graphs; what has been inlined is looked at in its new place."""
        from .known import Known

        known = Known(model, ctx)
        roots: list[GraphLike] = [model.graph, *model.functions.values()]
        for root in roots:
            _visit(root, known, ctx)


def _visit(container: GraphLike, known: Known, ctx: PassContext) -> None:
    for node in container:
        if not node.attributes:
            continue
        branch = _branch_taken(node, known)
        if branch is not None and ctx.action(node, "inline"):
            # Inlined nodes stand before the node, so the walk does not meet them: visit them here.
            _visit(branch, known, ctx)
            _inline(container, node, branch, ctx.edit)
            continue
        for subgraph in node_subgraphs(node):
            _visit(subgraph, known, ctx)


def _branch_taken(node: ir.Node, known: Known) -> ir.Graph | None:
    if node.op_type != "If" or node.domain or node.device_configurations:
        return None
    condition = known.truth(node.inputs[0])
    if condition is None:
        return None
    attribute = node.attributes.get("then_branch" if condition else "else_branch")
    if attribute is None or attribute.is_ref():
        return None
    branch: ir.Graph = attribute.value
    return branch


def _inline(container: GraphLike, node: ir.Node, branch: ir.Graph, edit: Editor) -> None:
    """Copy ``branch`` in front of ``node``, put its results in their place, and remove ``node``."""
    from .new_constants import add_constant

    copies: dict[ir.Value, ir.Value] = {}
    for value in tuple(branch.initializers.values()):
        assert value.const_value is not None
        copy = add_constant(edit, container, node, value.const_value, value.name or "")
        copies[value] = copy
        edit.replace_uses(value, copy)
    for inner in tuple(branch):
        copies.update(_copy_node(node, inner, edit))
    for value, end in zip(node.outputs, branch.outputs, strict=True):
        result = copies.get(end, end)
        if not edit.can_replace(value, result):
            identity = edit.insert_node(node, "Identity", [result], name=f"{value.name}_inlined")
            result = identity.outputs[0]
        substitute(edit, value, result)
    edit.remove(node)


def _copy_node(anchor: ir.Node, inner: ir.Node, edit: Editor) -> dict[ir.Value, ir.Value]:
    """Copy ``inner`` in front of ``anchor`` and let everything read the results of the copy."""
    attributes = list(inner.attributes.values())
    for attribute in attributes:
        # The subgraphs move to the copy: what is left behind is about to be removed with all in it.
        edit.remove_attribute(inner, attribute.name)
    copy = edit.insert_node(
        anchor,
        inner.op_type,
        inner.inputs,
        attributes,
        domain=inner.domain,
        outputs=len(inner.outputs),
        name=next((value.name for value in inner.outputs if value.name), ""),
    )
    copy.name, copy.overload, copy.doc_string = inner.name, inner.overload, inner.doc_string
    copy.metadata_props.update(inner.metadata_props)
    pairs = dict(zip(inner.outputs, copy.outputs, strict=True))
    for old, new in pairs.items():
        if not old.name:
            edit.rename(new, "")
        edit.set_type(new, old.type)
        edit.set_shape(new, old.shape)
        edit.replace_uses(old, new)
    return pairs
