"""Inline-functions: a function that is called once gives its body to the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import graph_tree, model_nodes

from .copies import copy_nodes, put_results

if TYPE_CHECKING:
    import onnx_ir as ir

    GraphLike = ir.Graph | ir.Function

_OWN_DOMAIN = "passmgr."
"""Operators of this domain have bodies for runtimes that do not know them, and are kept."""


@dataclass(frozen=True)
class InlineFunctions(Pass):
    """Put the body of a model-local function in the place of its only call.

    Functions that are called more often would make the model larger. A function of another opset
    than its caller stays.
    """

    name = "inline-functions"
    requires = ("sorted", "names-unique")
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Inline innermost calls first, so that each body is moved whole."""
        calls: dict[ir.Function, int] = {}
        for node in model_nodes(model):
            function = model.functions.get(node.op_identifier())
            if function is not None:
                calls[function] = calls.get(function, 0) + 1
        once = {function for function, count in calls.items() if count == 1}
        roots: list[GraphLike] = [*reversed(tuple(model.functions.values())), model.graph]
        if once:
            for root in roots:
                for graph in tuple(graph_tree(root)):
                    for node in graph:
                        function = model.functions.get(node.op_identifier())
                        if function in once and not node.domain.startswith(_OWN_DOMAIN):
                            _inline(root, node, function, ctx)


def _inline(root: GraphLike, node: ir.Node, function: ir.Function, ctx: PassContext) -> None:
    edit = ctx.edit
    for domain, version in function.opset_imports.items():
        if root.opset_imports.get(domain, version) != version:
            ctx.remark(
                "another-opset",
                f"function '{function.name}' is of opset {version} of '{domain or 'ai.onnx'}', "
                f"its caller of {root.opset_imports[domain]}",
                node=node,
            )
            return
    if node.device_configurations or not ctx.action(node, "inline"):
        return
    for domain, version in function.opset_imports.items():
        if domain not in root.opset_imports:
            edit.set_opset(root, domain, version)
    _bind_attributes(node, function, ctx)
    copies: dict[ir.Value, ir.Value] = {}
    for index, parameter in enumerate(function.inputs):
        argument = node.inputs[index] if index < len(node.inputs) else None
        if argument is not None:
            copies[parameter] = argument
            edit.replace_uses(parameter, argument)
        else:
            for user, position in tuple(parameter._uses):
                edit.replace_input(user, position, None)
    copies.update(copy_nodes(node, function, edit))
    # What is left of the function must not be among the users of values of the caller.
    for inner in function:
        for index in range(len(inner.inputs)):
            edit.replace_input(inner, index, None)
    edit.remove_function(function)
    put_results(node, function.outputs, copies, edit)


def _bind_attributes(node: ir.Node, function: ir.Function, ctx: PassContext) -> None:
    """Put what the call gives for the function's attributes in the place of the references."""
    import onnx_ir as ir

    for graph in tuple(graph_tree(function)):
        for inner in graph:
            for attribute in tuple(inner.attributes.values()):
                if not attribute.is_ref():
                    continue
                name = attribute.ref_attr_name or ""
                given = node.attributes.get(name) or function.attributes.get(name)
                if given is None or (given.value is None and not given.is_ref()):
                    ctx.edit.remove_attribute(inner, attribute.name)
                elif given.is_ref():
                    reference = ir.RefAttr(attribute.name, given.ref_attr_name or "", given.type)
                    ctx.edit.set_attribute(inner, reference)
                else:
                    ctx.edit.set_attribute(inner, ir.Attr(attribute.name, given.type, given.value))
