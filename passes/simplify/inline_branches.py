"""Inline-branches: an If whose condition is known gives way to the branch that is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext, ops
from passmgr.core.ir.walk import node_subgraphs

from .copies import copy_nodes, put_results

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
    copies.update(copy_nodes(node, branch, edit))
    put_results(node, branch.outputs, copies, edit)
