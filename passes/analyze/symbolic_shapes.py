"""Analysis `symbolic-shapes`: dimensions and shape arithmetic, as far as they can be expressed.

One walk in topological order carries along, for every value, its dimensions and, for integers of
rank 0 and 1, the numbers themselves, both as expressions of the sizes that the signature leaves
open. Numbers lead to shapes (Reshape, Expand, Slice) and shapes to numbers (Shape, Size) within the
same walk. As in `inferred-shapes`, what the file declares about values inside the graph is not
believed.

Zheng et al., BladeDISC (2023), section 4, on shape constraints; equality of expressions is the only
one here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import onnx_ir as ir

from passmgr.core.contract import Analysis, AnalysisContext, Aspect
from passmgr.core.ir.walk import node_subgraphs, owning_graph

from .constants import constant_tensor, is_constant_initializer
from .expressions import Number, symbol
from .shape_functions import default_opset

if TYPE_CHECKING:
    GraphLike = ir.Graph | ir.Function

Dims = tuple[Number, ...]
Numbers = Number | tuple[Number, ...]
"""A scalar, or the elements of a vector."""

LONGEST = 64
"""Vectors of more elements are no shapes and not followed."""

_FOLLOWED = frozenset([ir.DataType.BOOL, ir.DataType.INT32, ir.DataType.INT64])


@dataclass(frozen=True)
class ShapeFacts:
    """What was found.

    Args:
        dims: Dimensions of values of known rank; symbols in them are sizes of the run.
        numbers: Integer scalars and vectors as expressions.
        dtypes: Element types.
    """

    dims: Mapping[ir.Value, Dims] = field(default_factory=dict)
    numbers: Mapping[ir.Value, Numbers] = field(default_factory=dict)
    dtypes: Mapping[ir.Value, ir.DataType] = field(default_factory=dict)


@dataclass(frozen=True)
class SymbolicShapes(Analysis[ShapeFacts]):
    """Dimensions and shape arithmetic as expressions of the sizes left open."""

    name: ClassVar[str] = "symbolic-shapes"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> ShapeFacts:
        """Walk the main graph and its subgraphs."""
        walk = Walk(model)
        walk.graph(model.graph)
        return ShapeFacts(walk.dims, walk.numbers, walk.dtypes)


class Walk:
    """The state of one walk.

    Args:
        model: The model.

    Attributes:
        opset: Version of the default domain, 0 for none.
        dims: Dimensions found so far.
        numbers: Numbers found so far.
        dtypes: Element types found so far.
    """

    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self.opset = default_opset(model.opset_imports) or 0
        self.dims: dict[ir.Value, Dims] = {}
        self.numbers: dict[ir.Value, Numbers] = {}
        self.dtypes: dict[ir.Value, ir.DataType] = {}
        self._fresh = 0

    def fresh(self) -> Number:
        """Return a number of which nothing is known."""
        self._fresh += 1
        return symbol(f"?{self._fresh}")

    def graph(self, container: GraphLike) -> None:
        """Walk ``container`` and the graphs inside it."""
        from .symbolic_rules import RULES
        from .symbolic_schema import infer_by_schema

        graph = owning_graph(container)
        self._inputs(graph)
        for value in graph.initializers.values():
            if is_constant_initializer(value, self.model.ir_version):
                self.constant(value, value.const_value)
        functions = self.model.functions
        for node in graph:
            attributes = node.attributes
            subgraphs = list(node_subgraphs(node)) if attributes else []
            for subgraph in subgraphs:
                self.graph(subgraph)
            for value in node.outputs:
                type_ = value.type
                if type_ is not None and isinstance(type_, ir.TensorType):
                    self.dtypes[value] = type_.dtype
            if functions and node.op_identifier() in functions:
                continue
            if subgraphs:
                self._join(node)
            elif node.op_type == "Constant" and not node.domain:
                self.constant(node.outputs[0], constant_tensor(node))
            else:
                rule = RULES.get(node.op_type) if not node.domain else None
                given = attributes and any(a.is_ref() for a in attributes.values())
                if rule is None or given or not rule(self, node):
                    infer_by_schema(self, node)

    def _inputs(self, graph: ir.Graph) -> None:
        is_main = graph is self.model.graph
        for value in graph.inputs:
            if value.dtype is not None and isinstance(value.type, ir.TensorType):
                self.dtypes[value] = value.dtype
            # The inputs of a loop's body may have another shape in each iteration.
            if is_main and value.shape is not None:
                self.dims[value] = tuple(
                    dim
                    if isinstance(dim, int)
                    else (symbol(dim.value) if dim.value else self.fresh())
                    for dim in value.shape
                )

    def constant(self, value: ir.Value, tensor: ir.TensorProtocol | None) -> None:
        """Note what ``value``, which is ``tensor`` in every run, is."""
        if tensor is None:
            return
        self.dtypes[value] = tensor.dtype
        shape = tensor.shape.numpy()
        self.dims[value] = tuple(shape)
        if tensor.dtype in _FOLLOWED and len(shape) < 2 and tensor.size <= LONGEST:
            numbers = tensor.numpy().astype(int).tolist()
            self.numbers[value] = tuple(numbers) if isinstance(numbers, list) else numbers

    def _join(self, node: ir.Node) -> None:
        """Note what holds of the results of an If: in the branch taken, or else in both."""
        if node.op_type != "If" or node.domain:
            return
        graphs = [node.attributes.get(name) for name in ("else_branch", "then_branch")]
        condition = self.ints(node.inputs[0])
        if condition is not None and len(condition) == 1:
            graphs = [graphs[1] if condition[0] else graphs[0]]
        branches = [graph.value.outputs for graph in graphs if graph is not None]
        for value, ends in zip(node.outputs, zip(*branches, strict=True), strict=True):
            numbers = {self.numbers.get(end) for end in ends}
            found = [dims for end in ends if (dims := self.dims.get(end)) is not None]
            if value not in self.dtypes and ends[0] in self.dtypes:
                self.dtypes[value] = self.dtypes[ends[0]]
            if len(numbers) == 1:
                self.set_numbers(value, numbers.pop())
            if len(found) < len(ends) or any(len(dims) != len(found[0]) for dims in found):
                continue
            columns = zip(*found, strict=True)
            self.dims[value] = tuple(
                column[0] if len(set(column)) == 1 else self.fresh() for column in columns
            )

    # -- for the rules -------------------------------------------------------------------------

    def set_dims(self, value: ir.Value, dims: Iterable[Number]) -> bool:
        """Note the dimensions of ``value``."""
        self.dims[value] = tuple(dims)
        return True

    def set_numbers(self, value: ir.Value, numbers: Numbers | None) -> None:
        """Note the elements of ``value``, an integer scalar or vector, with its dimensions."""
        if numbers is None or (isinstance(numbers, tuple) and len(numbers) > LONGEST):
            return
        bits = 31 if self.dtypes.get(value) == ir.DataType.INT32 else 63
        elements = numbers if isinstance(numbers, tuple) else (numbers,)
        if any(isinstance(n, int) and not -(1 << bits) <= n < 1 << bits for n in elements):
            return  # the runtime would wrap it round
        self.numbers[value] = numbers
        self.dims[value] = (len(numbers),) if isinstance(numbers, tuple) else ()

    def ints(self, value: ir.Value | None) -> list[int] | None:
        """Return the elements of ``value`` where all of them are known numbers."""
        numbers = None if value is None else self.numbers.get(value)
        if numbers is None:
            return None
        elements = numbers if isinstance(numbers, tuple) else (numbers,)
        known = [number for number in elements if isinstance(number, int)]
        return known if len(known) == len(elements) else None
