"""Analysis `peak-memory`: the largest sum of bytes of activations that are alive at once.

Nodes run in the order of the graph. A value lives from the node that makes it to the last one that
reads it, be it inside a subgraph; all inputs of the model live throughout, as the caller holds
them, and its outputs from their making to the end. While a node runs, its inputs and outputs are
alive together: nothing is computed in place and nothing shares memory, so that a runtime which
does either needs less.

A node that runs graphs adds the peak of the one that needs most. Their outputs are those of the
node, counted there, and the arguments of a function those of the caller; what a Loop or Scan hands
to its body is counted in the body, beside the values of before the loop.

Initializers and constants are no activations and are summed up apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import onnx_ir as ir

from passmgr.core.contract import Analysis, AnalysisContext, Aspect, option
from passmgr.core.ir.walk import graph_tree, model_graphs, node_subgraphs, ordered_nodes

from .constants import constant_tensor
from .evaluate import Evaluator, is_decided_by
from .expressions import Number, add, exact_quotient, multiply, opaque, product
from .sizes import Sizes, ValueSizes

if TYPE_CHECKING:
    from .symbolic_shapes import Dims


class Life(NamedTuple):
    """A value and the positions of the first and the last node during which it is alive.

    Args:
        value: The value.
        bytes: Its size; ``None`` where that is not known.
        begin: Position of the node that makes it; 0 for an input.
        end: Position of the last node that reads it.
    """

    value: ir.Value
    bytes: Number | None
    begin: int
    end: int


@dataclass(frozen=True, eq=False)
class GraphLives:
    """The activations of one graph.

    Args:
        nodes: The nodes in order.
        lives: Its activations.
        bodies: The graphs that the node at a position runs.
    """

    nodes: Sequence[ir.Node]
    lives: Sequence[Life]
    bodies: Mapping[int, Sequence[GraphLives]]


@dataclass(frozen=True)
class Peak:
    """The activation memory of one run.

    Args:
        bytes: The largest sum of bytes alive at once, without those that are not known.
        node: The node of the main graph during which it occurs, the first of several; ``None``
            for a graph without nodes.
        unknown: Values whose size is not known.
        missing: Symbols that have no size; values that need one of them are among the unknown.
    """

    bytes: int = 0
    node: ir.Node | None = None
    unknown: tuple[ir.Value, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryTable:
    """What was found.

    Args:
        graph: The lives of the activations of the main graph.
        constant_bytes: Bytes of all initializers and of the tensors in Constant nodes.
        symbols: Open dimensions of the inputs, with the sizes that were given beforehand.
    """

    graph: GraphLives
    constant_bytes: int
    symbols: Mapping[str, int | None] = field(default_factory=dict)

    def evaluate(self, bindings: Mapping[str, int] | None = None) -> Peak:
        """Return the peak where the open dimensions are as ``bindings`` says."""
        sizes = {name: size for name, size in self.symbols.items() if size is not None}
        simulation = _Simulation(Evaluator(self.symbols, sizes | dict(bindings or {})))
        peak, at = simulation.graph(self.graph)
        return Peak(
            bytes=peak,
            node=self.graph.nodes[at] if self.graph.nodes else None,
            unknown=tuple(simulation.unknown),
            missing=tuple(sorted(simulation.evaluator.missing)),
        )


class _Simulation:
    """One run over the graphs; a body that is called often is gone through once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.unknown: dict[ir.Value, None] = {}
        self._peaks: dict[GraphLives, int] = {}

    def graph(self, graph: GraphLives) -> tuple[int, int]:
        """Return the peak of ``graph`` and the position of the node during which it occurs."""
        changes = [0] * (len(graph.nodes) + 2)
        for life in graph.lives:
            size = None if life.bytes is None else self.evaluator.value(life.bytes)
            if size is None:
                self.unknown[life.value] = None
                continue
            changes[life.begin] += size
            changes[life.end + 1] -= size
        alive, peak, at = 0, -1, 0
        for position in range(max(1, len(graph.nodes))):
            alive += changes[position]
            inner = [self._peak(body) for body in graph.bodies.get(position, ())]
            now = alive + max(inner, default=0)
            if now > peak:
                peak, at = now, position
        return peak, at

    def _peak(self, graph: GraphLives) -> int:
        if graph not in self._peaks:
            self._peaks[graph] = self.graph(graph)[0]
        return self._peaks[graph]


@dataclass(frozen=True)
class PeakMemory(Analysis[MemoryTable]):
    """Largest sum of bytes of activations alive at once, in the order of the graph.

    No value is computed in place or shares memory with another; weights are summed up apart.
    """

    name: ClassVar[str] = "peak-memory"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    dims: tuple[str, ...] = option((), help="Sizes of open dimensions, such as 'batch=8'.")
    rest: int | None = option(None, minimum=1, help="Size of all others; none leaves them open.")

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> MemoryTable:
        """Find the lives of all activations."""
        sizes = ctx.get(ValueSizes(dims=self.dims, rest=self.rest))
        lives = _Liveness(sizes).graph(model.graph, model.graph.inputs, ())
        return MemoryTable(lives, _constant_bytes(model), sizes.symbols)


class _Liveness:
    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._bodies: dict[ir.Graph, GraphLives] = {}
        self._bytes: dict[tuple[Dims, ir.DataType], Number | None] = {}

    def graph(
        self, graph: ir.Graph, held: Sequence[ir.Value], counted_outside: Collection[ir.Value]
    ) -> GraphLives:
        """Return the lives in ``graph``: ``held`` throughout, and what its nodes make."""
        nodes = ordered_nodes(graph)
        bodies: dict[int, Sequence[GraphLives]] = {}
        last: dict[ir.Value, int] = {}
        for position, node in enumerate(nodes):
            for value in node.inputs:
                if value is not None:
                    last[value] = position
            subgraphs = list(node_subgraphs(node)) if node.attributes else []
            for subgraph in subgraphs:
                last.update(dict.fromkeys(_read_inside(subgraph), position))
            inner = self._inside(node, subgraphs)
            if inner:
                bodies[position] = inner
        end = max(len(nodes) - 1, 0)
        last.update(dict.fromkeys(graph.outputs, end))
        lives = [self._life(value, 0, end) for value in held if not value.is_initializer()]
        for position, node in enumerate(nodes):
            if node.op_type == "Constant" and not node.domain:
                continue
            for value in node.outputs:
                if value.name and value not in counted_outside:
                    lives.append(self._life(value, position, max(position, last.get(value, 0))))
        return GraphLives(nodes, lives, bodies)

    def _inside(self, node: ir.Node, subgraphs: Sequence[ir.Graph]) -> list[GraphLives]:
        called = self._sizes.calls.get(node)
        if called is not None:
            if called not in self._bodies:
                self._bodies[called] = self.graph(called, (), set(called.outputs))
            return [self._bodies[called]]
        found = []
        for subgraph in subgraphs:
            shared = len(subgraph.outputs)
            if node.op_type == "Loop":
                shared = len(subgraph.inputs) - 1  # the condition and the states
            elif node.op_type == "Scan":
                attribute = node.attributes.get("num_scan_inputs")
                shared = len(subgraph.inputs) - (attribute.value if attribute is not None else 0)
            found.append(
                self.graph(subgraph, subgraph.inputs, set(subgraph.outputs[: max(shared, 0)]))
            )
        return found

    def _life(self, value: ir.Value, begin: int, end: int) -> Life:
        dims, dtype = self._sizes.dims.get(value), self._sizes.dtypes.get(value)
        if dims is None or dtype is None:
            return Life(value, None, begin, end)
        key = dims, dtype
        if key not in self._bytes:
            size = byte_size(dims, dtype)
            known = size is not None and is_decided_by(size, self._sizes.symbols)
            self._bytes[key] = size if known else None
        return Life(value, self._bytes[key], begin, end)


def byte_size(dims: Dims, dtype: ir.DataType) -> Number | None:
    """Return the bytes of a tensor, ``None`` for strings.

    Elements below a byte are packed, as ONNX stores them.
    """
    if dtype in (ir.DataType.STRING, ir.DataType.UNDEFINED):
        return None
    bits = multiply(product(dims), dtype.bitwidth)
    if isinstance(bits, int):
        return -(-bits // 8)
    exact = exact_quotient(bits, 8)
    return opaque("div", add(bits, 7), 8) if exact is None else exact


def _read_inside(graph: ir.Graph) -> Collection[ir.Value]:
    """Return what ``graph`` and the graphs in it read, their own values among it."""
    found: dict[ir.Value, None] = {}
    for inner in graph_tree(graph):
        found.update(dict.fromkeys(inner.outputs))
        for node in ordered_nodes(inner):
            found.update(dict.fromkeys(value for value in node.inputs if value is not None))
    return found.keys()


def _constant_bytes(model: ir.Model) -> int:
    total = 0
    for graph in model_graphs(model):
        for value in getattr(graph, "initializers", {}).values():
            total += value.const_value.nbytes if value.const_value is not None else 0
        for node in ordered_nodes(graph):
            tensor = constant_tensor(node)
            total += tensor.nbytes if tensor is not None else 0
    return total
