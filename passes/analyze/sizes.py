"""Analysis `value-sizes`: the dimensions of every value, also in loops and called functions.

The walk of `symbolic-shapes`, for figures about the model and not for rewrites: initializers that a
caller may override are taken as they are, a function is followed into each of its calls, and the
bodies of Loop and Scan are given the shapes of what enters them. What the file declares is taken
where nothing else is known. Sizes fixed beforehand decide what expressions leave open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import onnx_ir as ir

from passmgr.core.contract import Analysis, AnalysisContext, Aspect, option
from passmgr.core.ir.walk import graph_tree, node_subgraphs, ordered_nodes, owning_graph

from .constants import constant_tensor
from .evaluate import is_decided_by
from .expressions import Number, symbol
from .function_calls import attributes_key, bound_copy
from .loop_trips import loop_trips, scan_dims
from .shape_functions import default_opset
from .size_rules import SIZE_RULES
from .symbolic_access import int_of
from .symbolic_schema import infer_by_schema
from .symbolic_shapes import ShapeFacts, Walk

if TYPE_CHECKING:
    from .symbolic_shapes import Dims, GraphLike

MALFORMED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a rule raises on a node that no runtime would take; such a node says nothing."""

DEEPEST = 4
"""Loops in loops of which the body is walked again where shapes change on the way."""


@dataclass(frozen=True)
class Sizes(ShapeFacts):
    """What was found, and how bodies are entered.

    Args:
        dims: Dimensions of values of known rank.
        numbers: Integer scalars and vectors as expressions.
        dtypes: Element types.
        symbols: The open dimensions of the inputs by name, with the size that was given them; a
            dimension without a name is called by its input and axis, ``x[0]``.
        calls: The body of the function that a node calls, with the shapes of this call.
        trips: How often a Loop or Scan runs its body, where that is certain.
    """

    symbols: Mapping[str, int | None] = field(default_factory=dict)
    calls: Mapping[ir.Node, ir.Graph] = field(default_factory=dict)
    trips: Mapping[ir.Node, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueSizes(Analysis[Sizes]):
    """Dimensions of all values, with bodies of loops and functions."""

    name: ClassVar[str] = "value-sizes"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    dims: tuple[str, ...] = option((), help="Sizes of open dimensions, such as 'batch=8'.")
    rest: int | None = option(None, minimum=1, help="Size of all others; none leaves them open.")

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> Sizes:
        """Walk the main graph, its subgraphs and the functions that are called."""
        walk = _SizeWalk(model, read_dims(self.dims), self.rest)
        walk.graph(model.graph)
        return Sizes(walk.dims, walk.numbers, walk.dtypes, walk.symbols, walk.calls, walk.trips)


def read_dims(texts: Sequence[str]) -> dict[str, int]:
    """Return ``{"batch": 8}`` for ``["batch=8"]``; names may have an ``=`` in them."""
    pairs = [text.rpartition("=") for text in texts]
    return {name: int(size) for name, _, size in pairs}


class _SizeWalk(Walk):
    """The walk; see :class:`Sizes` for what it leaves behind."""

    def __init__(self, model: ir.Model, given: Mapping[str, int], rest: int | None) -> None:
        super().__init__(model)
        self.symbols: dict[str, int | None] = {}
        self.calls: dict[ir.Node, ir.Graph] = {}
        self.trips: dict[ir.Node, Number] = {}
        self._given = given
        self._rest = rest
        self._bodies: dict[Hashable, ir.Graph | None] = {}
        self._loops = 0

    def graph(self, container: GraphLike) -> None:
        """Walk ``container`` and what is inside it."""
        graph = owning_graph(container)
        self._inputs(graph)
        for value in graph.initializers.values():
            self.constant(value, value.const_value)
        for node in ordered_nodes(graph):
            for value in node.outputs:
                if isinstance(value.type, ir.TensorType):
                    self.dtypes[value] = value.type.dtype
            with contextlib.suppress(*MALFORMED):
                self._node(node)
            for value in node.outputs:
                if value.shape is not None:
                    self._declared(value, value.shape)

    def _declared(self, value: ir.Value, shape: ir.Shape) -> None:
        """Take what the file declares where nothing else is known."""
        found = self.dims.get(value)
        if found is not None and all(isinstance(dim, int) for dim in found):
            return
        # A symbol that is not of the signature stands for no size that anybody can give.
        told = [
            self._size("", dim)
            if (dim >= 0 if isinstance(dim, int) else dim.value in self.symbols)
            else None
            for dim in shape
        ]
        if found is None:
            self.dims[value] = tuple(self.fresh() if dim is None else dim for dim in told)
        elif len(found) == len(told):
            self.dims[value] = tuple(
                a if b is None or is_decided_by(a, self.symbols) else b
                for a, b in zip(found, told, strict=True)
            )

    def _inputs(self, graph: ir.Graph) -> None:
        super()._inputs(graph)
        if graph is not self.model.graph:
            return
        for value in graph.inputs:
            if value.shape is not None and not value.is_initializer():
                self.dims[value] = tuple(
                    self._size(f"{value.name}[{axis}]", dim) for axis, dim in enumerate(value.shape)
                )

    def _size(self, unnamed: str, dim: int | ir.SymbolicDim) -> Number:
        if isinstance(dim, int) and dim >= 0:
            return dim
        name = unnamed if isinstance(dim, int) else dim.value or unnamed
        size = self.symbols[name] = self._given.get(name, self._rest)
        return symbol(name) if size is None else size

    def _node(self, node: ir.Node) -> None:
        functions = self.model.functions
        function = functions.get(node.op_identifier()) if functions else None
        if function is not None:
            self._call(node, function)
            return
        subgraphs = list(node_subgraphs(node)) if node.attributes else []
        if not subgraphs:
            if node.op_type == "Constant" and not node.domain:
                self.constant(node.outputs[0], constant_tensor(node))
                return
            rule = SIZE_RULES.get(node.op_type) if not node.domain else None
            if rule is None or not rule(self, node):
                infer_by_schema(self, node)
        elif node.op_type == "Loop" and not node.domain:
            self._loop(node, subgraphs[0])
        elif node.op_type == "Scan" and not node.domain and self.opset >= 9:
            self._scan(node, subgraphs[0])
        else:
            for subgraph in subgraphs:
                self.graph(subgraph)
            self._join(node)

    # -- bodies --------------------------------------------------------------------------------

    def _call(self, node: ir.Node, function: ir.Function) -> None:
        """Walk the body with the shapes that are given here; once for calls that are alike."""
        arguments = tuple(
            None if value is None else (self._about(value), self.dtypes.get(value))
            for value in node.inputs
        )
        key = (node.op_identifier(), arguments, attributes_key(node))
        if key not in self._bodies:
            self._bodies[key] = None  # a function that calls itself has no size
            body = bound_copy(node, function)
            for parameter, argument in zip(body.inputs, node.inputs, strict=False):
                if argument is not None:
                    self._copy(argument, parameter)
            opset, self.opset = self.opset, default_opset(function.opset_imports) or self.opset
            try:
                self.graph(body)
            finally:
                self.opset = opset
            self._bodies[key] = body
        found = self._bodies[key]
        if found is not None:
            self.calls[node] = found
            for end, result in zip(found.outputs, node.outputs, strict=False):
                self._copy(end, result)

    def _about(self, value: ir.Value) -> Hashable:
        return self.dims.get(value), self.numbers.get(value)

    def _copy(self, source: ir.Value, target: ir.Value) -> None:
        if source in self.dims:
            self.dims[target] = self.dims[source]
        if source in self.numbers:
            self.numbers[target] = self.numbers[source]
        if source in self.dtypes:
            self.dtypes.setdefault(target, self.dtypes[source])

    def _loop(self, node: ir.Node, body: ir.Graph) -> None:
        first = node.inputs[2:]
        states, ends = body.inputs[2:], body.outputs[1 : 1 + len(first)]
        for value in body.inputs[:2]:
            self.dims[value] = ()
        kept = self._repeat(body, first, states, ends)
        trips = loop_trips(self, node, body)
        if trips is not None:
            self.trips[node] = trips
        for end, result in zip(ends, node.outputs, strict=False):
            self._leave(end, result, self.dims.get(end) if kept else None)
        count: Number = self.fresh() if trips is None else trips
        slices = body.outputs[1 + len(first) :]
        for end, result in zip(slices, node.outputs[len(first) :], strict=False):
            dims = self.dims.get(end)
            self._leave(end, result, None if dims is None else (count, *dims))

    def _scan(self, node: ir.Node, body: ir.Graph) -> None:
        scanned = int_of(node, "num_scan_inputs", 0)
        count = len(node.inputs) - scanned
        trips, slices = scan_dims(self, node, node.inputs[count:])
        for value, dims in zip(body.inputs[count:], slices, strict=True):
            if dims is not None:
                self.dims[value] = dims
        self._repeat(body, node.inputs[:count], body.inputs[:count], body.outputs[:count])
        if trips is not None:
            self.trips[node] = trips
        for end, result in zip(body.outputs[:count], node.outputs, strict=False):
            self._leave(end, result, self.dims.get(end))
        axes = node.attributes.get("scan_output_axes")
        for index, end in enumerate(body.outputs[count:]):
            dims = self.dims.get(end)
            axis = axes.as_ints()[index] if axes is not None else 0
            if dims is not None:
                axis %= len(dims) + 1
                joined = self.fresh() if trips is None else trips
                dims = (*dims[:axis], joined, *dims[axis:])
            self._leave(end, node.outputs[count + index], dims)

    def _leave(self, end: ir.Value, result: ir.Value, dims: Dims | None) -> None:
        if end in self.dtypes:
            self.dtypes.setdefault(result, self.dtypes[end])
        if dims is not None:
            self.dims[result] = dims

    def _repeat(
        self,
        body: ir.Graph,
        first: Sequence[ir.Value | None],
        states: Sequence[ir.Value],
        ends: Sequence[ir.Value],
    ) -> bool:
        """Walk a body whose states have the shapes of ``first``; tell whether they keep them.

        Where the body changes a shape, it is walked again without any: what holds must hold in
        every iteration.
        """
        for value, state in zip(first, states, strict=False):
            if value is not None and value in self.dims:
                self.dims[state] = self.dims[value]
            if value is not None and value in self.dtypes:
                self.dtypes.setdefault(state, self.dtypes[value])
        self._loops += 1
        try:
            if self._loops <= DEEPEST:
                self.graph(body)
                pairs = zip(states, ends, strict=False)
                if all(self.dims.get(state) == self.dims.get(end) for state, end in pairs):
                    return True
            self._forget(body, states)
            self.graph(body)
        finally:
            self._loops -= 1
        return False

    def _forget(self, body: ir.Graph, states: Sequence[ir.Value]) -> None:
        values = [*states]
        for graph in graph_tree(body):
            values += [value for node in ordered_nodes(graph) for value in node.outputs]
            values += graph.inputs if graph is not body else ()
        for value in values:
            self.dims.pop(value, None)
            self.numbers.pop(value, None)
