"""Control flow and functions: If, Loop and Scan, and functions that belong to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from . import sizes
from .conversions import cast_to
from .elementwise import partner
from .sizes import Dims, broadcast
from .table import idiom, operator
from .values import BOOL, FLOATS, INT64, Frame, Result, UnfitError, Val

if TYPE_CHECKING:
    from .builder import Builder

FUNCTION_DOMAIN = "local"


def _body(b: Builder, x: Val) -> Val:
    """Write a few nodes into the present graph and return a float value of the shape of ``x``."""
    from .steps import take_step

    for _ in range(b.integer(0, 2)):
        take_step(b)
    y = b.node(b.choice(("Tanh", "Neg", "Abs")), [x], x, bounds=(-x.bound, x.bound))
    other = partner(b, y)
    if b.one_in(2) and broadcast(y.dims, other.dims) == y.dims:
        other = b.within(other, -8.0, 8.0)
        y = b.within(y, -8.0, 8.0)
        y = b.node("Mul", [y, other], y, bounds=(-64.0, 64.0))
    return y


def _graph(b: Builder, frame: Frame, outputs: list[Val], name: str) -> ir.Graph:
    """Make a graph of what was written."""
    own = {id(val) for val in frame.values if val not in frame.inputs}
    results = []
    for val in outputs:
        # An output of a subgraph must be computed in it, and is one output only.
        if id(val) not in own or val in results:
            val = b.node("Identity", [val], val)
        results.append(val)
    for val in results:
        val.value.type = ir.TensorType(val.dtype)
        val.value.shape = sizes.shape(val.dims)
    return ir.Graph(
        [val.value for val in frame.inputs],
        [val.value for val in results],
        nodes=frame.nodes,
        initializers=[val.value for val in frame.initializers],
        name=name,
    )


def _may_nest(b: Builder) -> None:
    if not b.options.subgraphs or b.depth > 1:
        raise UnfitError


def _input(b: Builder, dtype: ir.DataType, dims: Dims, bounds: tuple[float, float]) -> Val:
    """Add an input to the present graph."""
    value = ir.Value(name=b.name("i"), type=ir.TensorType(dtype), shape=sizes.shape(dims))
    val = Val(value, dtype, dims, *bounds)
    b.frame.inputs.append(val)
    b.frame.values.append(val)
    return val


@operator("If")
def if_(b: Builder, op: str) -> list[Val]:
    """Two branches that read what is around them; the condition is known, given or computed."""
    _may_nest(b)
    x = b.pick(b.dtypes("Tanh", FLOATS))
    scalars = [v for v in b.frame.visible() if v.dtype is BOOL and v.dims == ()]
    index = b.integer(0, len(scalars) + (b.frame.kind == "main"))
    if index < len(scalars):
        condition = scalars[index]
    elif index == len(scalars):
        condition = b.constant(np.array(b.integer(0, 1) == 0))
    else:
        condition = b.fresh(BOOL, ())
    branches, bound = {}, 0.0
    for name in ("then_branch", "else_branch"):
        with b.inside("branch") as frame:
            y = _body(b, x)
            bound = max(bound, y.bound)
            branches[name] = _graph(b, frame, [y], name)
    return b.emit(op, [condition], [Result(x.dtype, x.dims, -bound, bound)], branches)


@operator("Loop")
def loop(b: Builder, op: str) -> list[Val]:
    """A few iterations that carry one value and may collect another."""
    _may_nest(b)
    x = b.within(b.pick(b.dtypes("Tanh", FLOATS)), -8.0, 8.0)
    trips = b.integer(1, 3)
    count = b.scalar(trips, INT64)
    start = b.constant(np.array(True)) if b.one_in(2) else None
    with b.inside("branch") as frame:
        number = _input(b, INT64, (), (0.0, 3.0))
        go_on = _input(b, BOOL, (), (0.0, 1.0))
        carried = _input(b, x.dtype, x.dims, (-8.0, 8.0))
        y = _body(b, carried)
        if b.one_in(3):
            factor = cast_to(b, number, x.dtype)
            y = b.node("Mul", [y, factor], y, bounds=(-3 * y.bound, 3 * y.bound))
        y = b.within(y, -8.0, 8.0)
        same = b.node("Identity", [go_on], go_on)
        outputs = [same, y]
        results = [Result(x.dtype, x.dims, -8.0, 8.0)]
        if b.one_in(2):
            own = [val for val in frame.values if val.dtype in FLOATS and val not in frame.inputs]
            scanned = b.choice(own[::-1])
            outputs.append(scanned)
            dims = (trips, *scanned.dims)
            results.append(Result(scanned.dtype, dims, scanned.low, scanned.high))
        body = _graph(b, frame, outputs, "body")
    return b.emit(op, [count, start, x], results, {"body": body})


@operator("Scan")
def scan(b: Builder, op: str) -> list[Val]:
    """Over the first axis: running sums, and what each row becomes."""
    _may_nest(b)
    x = b.pick(
        b.dtypes("Tanh", FLOATS),
        lambda val: sizes.is_positive(val.dims) and sizes.is_static(val.dims[1:]),
        ranks=(1, 3),
    )
    x = b.within(x, -8.0, 8.0)
    row = b.static(x.dims[1:])
    start = b.constant(np.zeros(row, x.dtype.numpy()))
    with b.inside("branch") as frame:
        total = _input(b, x.dtype, row, (-5000.0, 5000.0))
        item = _input(b, x.dtype, row, (-8.0, 8.0))
        added = b.node("Add", [total, item], total)
        y = _body(b, item)
        body = _graph(b, frame, [added, y], "body")
    results = [
        Result(x.dtype, row, -5000.0, 5000.0),
        Result(x.dtype, x.dims, -y.bound, y.bound),
    ]
    return b.emit(op, [start, x], results, {"body": body, "num_scan_inputs": 1})


@idiom("function-call")
def function_call(b: Builder) -> Val:
    """A call of a new function of the model, at times two, with an attribute that it reads."""
    if not b.options.functions or b.ir_version < 8 or b.depth:
        raise UnfitError
    x = b.within(b.pick(b.dtypes("Tanh", FLOATS)), -8.0, 8.0)
    with b.inside("function") as frame:
        inner = _input(b, x.dtype, x.dims, (-8.0, 8.0))
        inner.value.type = inner.value.shape = None
        attributes = []
        if b.one_in(2) and x.dtype is ir.DataType.FLOAT:
            slope = ir.RefAttr("alpha", "slope", ir.AttributeType.FLOAT)
            inner = b.node("LeakyRelu", [inner], inner, alpha=slope)
            attributes.append(ir.Attr("slope", ir.AttributeType.FLOAT, None))
        y = b.within(_body(b, inner), -8.0, 8.0)
        graph = ir.Graph(
            [val.value for val in frame.inputs],
            [y.value],
            nodes=frame.nodes,
            opset_imports={"": b.opset},
            name="",
        )
    name = b.name("Block")
    function = ir.Function(FUNCTION_DOMAIN, name, graph=graph, attributes=attributes)
    b.functions.append(function)
    given = {"slope": 0.25} if attributes else {}
    result = Result(x.dtype, x.dims, -8.0, 8.0)
    for _ in range(b.choice((1, 2))):
        x = b.emit(name, [x], [result], given, FUNCTION_DOMAIN)[0]
    return x
