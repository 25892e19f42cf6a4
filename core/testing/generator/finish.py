"""Finish: outputs, initializers and names, and the model made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

from . import sizes
from .control import FUNCTION_DOMAIN
from .values import ANY, Val

if TYPE_CHECKING:
    from .builder import Builder


def finish(b: Builder) -> ir.Model:
    """Make a model of what was written."""
    frame = b.frame
    if not frame.nodes:
        x = b.fresh(b.options.dtypes[0], (2,))
        b.node("Identity", [x], x)
    outputs = _outputs(b)
    is_old = b.ir_version < 4
    # From IR version 4 on an initializer that is an input too can be overridden.
    overridable = not is_old and b.one_in(12)
    has_shapes = b.one_in(3)
    for val in (*frame.values, *outputs):
        value = val.value
        if val in outputs or has_shapes:
            value.type = ir.TensorType(val.dtype)
            value.shape = sizes.shape(val.dims)
    weights = [val.value for val in frame.initializers]
    nodes = frame.nodes
    if b.options.unsorted:
        nodes = [nodes[index] for index in _shuffled(b, len(nodes))]
    _name(b)
    imports = {"": b.opset}
    if b.functions:
        imports[FUNCTION_DOMAIN] = 1
    graph = ir.Graph(
        [val.value for val in frame.inputs] + (weights if is_old or overridable else []),
        [val.value for val in outputs],
        nodes=nodes,
        initializers=weights,
        opset_imports=imports,
        name="generated",
    )
    return ir.Model(graph, ir_version=b.ir_version, functions=b.functions)


def _outputs(b: Builder) -> list[Val]:
    """Whatever nobody reads, at times without some of it or with more."""
    frame = b.frame
    given = {id(val) for val in frame.inputs}
    made = [val for val in frame.values if id(val) not in given and val.dtype in ANY]
    used = {id(value) for node in b.nodes for value in node.inputs}
    leaves = [val for val in made if id(val.value) not in used]
    outputs = [val for val in leaves if not b.one_in(8)] or leaves[-1:] or made[-1:]
    if made and b.one_in(6):
        outputs += [val for val in [b.choice(made)] if val not in outputs]
    if frame.initializers and b.one_in(12):
        outputs.append(b.choice(frame.initializers))
    if not outputs:
        x = b.fresh(b.options.dtypes[0], (2,))
        outputs = [b.node("Identity", [x], x)]
    return outputs


def _shuffled(b: Builder, count: int) -> list[int]:
    left, order = list(range(count)), []
    while left:
        order.append(left.pop(-1 - b.integer(0, len(left) - 1)))
    return order


def _name(b: Builder) -> None:
    """Give nodes names, or leave some or all without."""
    way = b.integer(0, 3)
    for number, node in enumerate(b.nodes):
        if way == 0 or (way == 1 and number % 3):
            node.name = f"n{number}"
