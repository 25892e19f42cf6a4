"""Remove-unused: what no output of the model depends on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import graph_tree, node_subgraphs, owning_graph

from .opset import graphs_with_opset

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class RemoveUnused(Pass):
    """Remove nodes, initializers, outputs and functions that no result depends on.

    Inputs of the model stay. At IR versions below 4, where every initializer is also an input, an
    unused initializer takes its input with it. Nodes that have no outputs at all stay: whatever
    they do, it is not seen in the graph.
    """

    name = "remove-unused"
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Remove dead nodes from a worklist, then what only they used."""
        _remove_nodes(model, ctx)
        _remove_functions(model, ctx)
        _cut_outputs(model, ctx)
        for container in ctx.graphs(model):
            _remove_initializers(container, model, ctx)


def _is_used(value: ir.Value) -> bool:
    # uses() copies them all, which makes a value with many users cost their square.
    return bool(value._uses) or value.is_graph_output()


def _is_dead(node: ir.Node) -> bool:
    for value in node.outputs:
        if value._uses or value.is_graph_output():
            return False
    return bool(node.outputs)


def _remove_nodes(model: ir.Model, ctx: PassContext) -> None:
    work = [node for graph in ctx.graphs(model) for node in graph if _is_dead(node)]
    while work:
        node = work.pop()
        if node.graph is None or not _is_dead(node) or not ctx.action(node, "remove-node"):
            continue
        producers = _outside_producers(node)
        ctx.edit.remove(node)
        work.extend(producer for producer in producers if _is_dead(producer))


def _outside_producers(node: ir.Node) -> list[ir.Node]:
    """Return the nodes whose results ``node`` reads, or those in its subgraphs capture."""
    values = dict.fromkeys(node.inputs)
    inside: set[ir.Graph | ir.Function | None] = {None}
    if node.attributes:
        for subgraph in node_subgraphs(node):
            for tree in graph_tree(subgraph):
                inside.add(tree)
                values.update(dict.fromkeys(value for inner in tree for value in inner.inputs))
    producers = dict.fromkeys(value.producer() for value in values if value is not None)
    return [p for p in producers if p is not None and p.graph not in inside]


def _remove_functions(model: ir.Model, ctx: PassContext) -> None:
    """Remove functions that are not called from the main graph, nor by functions that are."""
    functions = model.functions
    if not functions:
        return
    called: set[ir.Function] = set()
    work: list[ir.Graph | ir.Function] = [model.graph]
    while work:
        for graph in graph_tree(work.pop()):
            for node in graph:
                function = functions.get(node.op_identifier())
                if function is not None and function not in called:
                    called.add(function)
                    work.append(function)
    for function in [f for f in functions.values() if f not in called]:
        if ctx.action(None, "remove-function"):
            ctx.edit.remove_function(function)


def _cut_outputs(model: ir.Model, ctx: PassContext) -> None:
    """Cut trailing optional outputs that nothing uses."""
    for container, version in graphs_with_opset(model):
        for node in container:
            count = len(node.outputs)
            if count < 2 or node.domain or _is_used(node.outputs[-1]):
                continue
            optional = _optional_outputs(node.op_type, version)
            while (
                count > 1
                and count <= len(optional)
                and optional[count - 1]
                and not _is_used(node.outputs[count - 1])
            ):
                count -= 1
            if count == len(node.outputs) or node.op_identifier() in model.functions:
                continue
            if node.op_type == "BatchNormalization" and _trains(node, version):
                ctx.remark(
                    "outputs-select-mode",
                    "the number of its outputs makes this BatchNormalization one for training",
                    node=node,
                )
            elif ctx.action(node, "cut-outputs"):
                ctx.edit.cut_outputs(node, count)


@functools.lru_cache(maxsize=512)
def _optional_outputs(op_type: str, version: int) -> tuple[bool, ...]:
    """Tell which outputs of a standard operator may be left out; none if it is variadic."""
    import onnx

    option = onnx.defs.OpSchema.FormalParameterOption
    try:
        schema = onnx.defs.get_schema(op_type, version, "")
    except onnx.defs.SchemaError:
        return ()
    options = [output.option for output in schema.outputs]
    return () if option.Variadic in options else tuple(o == option.Optional for o in options)


def _trains(node: ir.Node, version: int) -> bool:
    """Tell whether the outputs of a BatchNormalization are those of training."""
    if version < 14:
        return True
    mode = node.attributes.get("training_mode")
    return mode is not None and (mode.is_ref() or mode.value != 0)


def _remove_initializers(
    container: ir.Graph | ir.Function, model: ir.Model, ctx: PassContext
) -> None:
    graph = owning_graph(container)
    inputs_go_too = graph is model.graph and model.ir_version < 4
    gone: set[ir.Value] = set()
    for value in tuple(graph.initializers.values()):
        if _is_used(value) or (value.is_graph_input() and not inputs_go_too):
            continue
        if ctx.action(None, "remove-initializer"):
            ctx.edit.remove_initializer(value)
            if value.is_graph_input():
                gone.add(value)
    if gone:
        ctx.edit.set_inputs(graph, [value for value in graph.inputs if value not in gone])
