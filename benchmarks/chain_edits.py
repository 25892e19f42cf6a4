"""A chain of nodes in memory, and the same 20,000 edits of it by a pass and by onnx_ir alone."""

from __future__ import annotations

import onnx_ir as ir

from passmgr.core.contract import Exact, ForeignPass, Pass, PassContext, pass_
from passmgr.core.contract.adapters import from_function

NODES = 100_000
PLACES = 4_000
EDITS = 5 * PLACES
"""Calls: one each of ``replace_input``, ``insert_node``, ``replace``, ``remove``, ``set_shape``."""

_STRIDE = NODES // PLACES


def chain(nodes_wanted: int = NODES) -> ir.Model:
    """Return a chain of nodes."""
    x = value = ir.Value(
        name="x", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape(["batch", 4])
    )
    nodes = []
    for index in range(nodes_wanted):
        output = ir.Value(name=f"v{index}")
        nodes.append(ir.Node("", "Relu", [value], outputs=[output], name=f"n{index}"))
        value = output
    graph = ir.Graph([x], [value], nodes=nodes, opset_imports={"": 18}, name="chain")
    return ir.Model(graph, ir_version=9)


def edit_directly(model: ir.Model) -> None:
    """Make the edits with the interface of onnx_ir."""
    graph = model.graph
    nodes = list(graph)
    for start in range(0, NODES, _STRIDE):
        before, rewired, anchor, removed, shaped = nodes[start + 1 : start + 10 : 2]
        rewired.replace_input_with(0, before.outputs[0])
        anchor.prepend(ir.Node("", "Relu", [anchor.inputs[0]]))
        ir.convenience.replace_all_uses_with(removed.outputs[0], removed.inputs[0])
        graph.remove(removed, safe=True)
        shaped.outputs[0].shape = ir.Shape(["batch", 4])


def _edit(model: ir.Model, ctx: PassContext) -> None:
    edit = ctx.edit
    nodes = list(model.graph)
    for start in range(0, NODES, _STRIDE):
        before, rewired, anchor, removed, shaped = nodes[start + 1 : start + 10 : 2]
        edit.replace_input(rewired, 0, before.outputs[0])
        edit.insert_node(anchor, "Relu", [anchor.inputs[0]])
        edit.replace(removed.outputs[0], removed.inputs[0])
        edit.remove(removed)
        edit.set_shape(shaped.outputs[0], ["batch", 4])


def _edit_at(place: int) -> Pass:
    def edit(model: ir.Model, ctx: PassContext) -> None:
        ctx.edit.replace_input(model.graph[place], 0, model.graph[place - 2].outputs[0])

    return pass_(edit, name=f"edit-at-{place}")


def _edit_once_itself(model: ir.Model) -> None:
    model.graph[5].replace_input_with(0, model.graph[3].outputs[0])


MANY: Pass = pass_(_edit, name="edit-many")
ONE: Pass = _edit_at(5)
FIVE: list[Pass] = [_edit_at(place) for place in (5, 15, 25, 35, 45)]
FOREIGN: ForeignPass = from_function(_edit_once_itself, name="edit-one-itself", effect=Exact())
