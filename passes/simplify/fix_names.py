"""Fix-names: a name for every value, and no name twice where both can be seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import node_subgraphs

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class FixNames(Pass):
    """Rename values that have no name, or one that another value in sight has already.

    Names of the model's inputs and outputs stay. Subgraphs side by side, such as the branches of an
    If, may use the same names. Optional outputs that are left out have no name and need none.
    """

    name = "fix-names"
    establishes = ("names-unique",)
    done_when = ("names-unique",)
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Give every graph its names, outer graphs before inner ones."""
        fixed = (*model.graph.inputs, *model.graph.outputs)
        names: dict[str, ir.Value] = {}
        for value in fixed:
            if names.setdefault(value.name or "", value) is not value:
                ctx.remark(
                    "interface-names-collide",
                    f"two inputs or outputs of the model are called '{value.name}'",
                    kind="warning",
                )
        _name_graph(model.graph, {}, fixed, ctx)
        for function in tuple(model.functions.values()):
            _name_graph(function, {}, (), ctx)


def _name_graph(
    graph: ir.Graph | ir.Function,
    outer: dict[str, ir.Value],
    fixed: Collection[ir.Value],
    ctx: PassContext,
) -> None:
    kept = set(fixed)
    own = {value.name or "": value for value in fixed}
    for value, node in _values(graph):
        name = value.name or ""
        taken = outer.get(name, value) is not value or own.setdefault(name, value) is not value
        if value in kept or not (taken or not name):
            continue
        hint = name or (node.op_type if node is not None else "value")
        if ctx.action(node, "rename"):
            ctx.edit.rename(value, ctx.edit.unique_name(hint))
            own[value.name or ""] = value
    inner = [sub for node in graph if node.attributes for sub in node_subgraphs(node)]
    if inner:
        visible = {**outer, **own}
        for subgraph in inner:
            _name_graph(subgraph, visible, (), ctx)


def _values(graph: ir.Graph | ir.Function) -> Iterator[tuple[ir.Value, ir.Node | None]]:
    """Yield the values of ``graph`` that must have a name, with the nodes that make them."""
    for value in graph.inputs:
        yield value, None
    for value in getattr(graph, "initializers", {}).values():
        if not value.is_graph_input():
            yield value, None
    for node in graph:
        for value in node.outputs:
            if value.name or value.name is None or value._uses or value.is_graph_output():
                yield value, node
