"""Analysis `costs`: the multiply-accumulates (MACs) of every node, bodies included.

A Loop or Scan counts its body once for each iteration where their number is certain, else once,
and is named as approximate; so is any other operator that holds a graph. An If counts the branch
that is taken where its condition is known, else the dearer one. A call counts the body of the
function. What each operator counts is told in `mac_rules`.

Numbers are expressions of the open dimensions of the inputs; :meth:`CostTable.evaluate` gives them
for one run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import onnx_ir as ir

from passmgr.core.contract import Analysis, AnalysisContext, Aspect, option
from passmgr.core.ir.walk import node_subgraphs, ordered_nodes

from .evaluate import Evaluator, is_decided_by, summed
from .expressions import Number, multiply, opaque
from .mac_rules import node_macs
from .sizes import MALFORMED, Sizes, ValueSizes
from .symbolic_access import input_at

OpKind = tuple[str, str]
"""Domain and op type."""


@dataclass(frozen=True)
class NodeCost:
    """The cost of one node that may have any.

    Args:
        node: The node.
        macs: Its own MACs; ``None`` where they are not known.
        reason: Why they are not known.
        bodies: The costs of the graphs that it runs.
        times: How often it runs them.
        one_of: Whether it runs only one of them, the dearest is counted then.
        guess: Why the figure may be wrong.
    """

    node: ir.Node
    macs: Number | None = 0
    reason: str = ""
    bodies: tuple[GraphCost, ...] = ()
    times: Number = 1
    one_of: bool = False
    guess: str = ""


@dataclass(frozen=True, eq=False)
class GraphCost:
    """The costs of those nodes of a graph that have any, in the order of the graph."""

    nodes: tuple[NodeCost, ...]

    @cached_property
    def macs(self) -> Number:
        """All MACs, without those that are not known."""
        return summed([symbolic_macs(cost) for cost in self.nodes])


def symbolic_macs(cost: NodeCost) -> Number:
    """Return the MACs of a node with its bodies, as an expression."""
    if not cost.bodies:
        return cost.macs or 0
    parts = [body.macs for body in cost.bodies]
    inner = parts[0]
    if cost.one_of:
        for part in parts[1:]:
            both = isinstance(inner, int) and isinstance(part, int)
            if part != inner:
                inner = max(inner, part) if both else opaque("max", inner, part)  # type: ignore[type-var]
    else:
        inner = summed(parts)
    return summed([cost.macs or 0, multiply(inner, cost.times)])


@dataclass(frozen=True)
class MacCount:
    """The MACs of one run.

    Args:
        total: MACs of the main graph with all that it runs, without those that are not known.
        by_node: The same by node of the main graph; nodes that cost nothing are left out.
        by_op: The same by domain and op type of the innermost nodes.
        unknown: Nodes whose MACs are not known, each with the reason.
        approximate: Nodes whose bodies are counted once for want of a number, with the reason.
        missing: Symbols that have no size; nodes that need one of them are among the unknown.
    """

    total: int = 0
    by_node: Mapping[ir.Node, int] = field(default_factory=dict)
    by_op: Mapping[OpKind, int] = field(default_factory=dict)
    unknown: Mapping[ir.Node, str] = field(default_factory=dict)
    approximate: Mapping[ir.Node, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class CostTable:
    """What was found.

    Args:
        graph: The costs of the main graph.
        symbols: Open dimensions of the inputs, with the sizes that were given beforehand.
    """

    graph: GraphCost
    symbols: Mapping[str, int | None]

    @property
    def macs(self) -> Number:
        """MACs of one run as an expression, without those that are not known."""
        return self.graph.macs

    @cached_property
    def by_node(self) -> Mapping[ir.Node, Number]:
        """MACs of each node of the main graph as expressions; those that cost nothing left out."""
        found = ((cost.node, symbolic_macs(cost)) for cost in self.graph.nodes)
        return {node: macs for node, macs in found if macs != 0}

    @property
    def unknown(self) -> Mapping[ir.Node, str]:
        """Nodes whose MACs are not known whatever the sizes are, each with the reason."""
        return self.evaluate(dict.fromkeys(self.symbols, 1)).unknown

    def evaluate(self, bindings: Mapping[str, int] | None = None) -> MacCount:
        """Return the MACs where the open dimensions are as ``bindings`` says."""
        sizes = {name: size for name, size in self.symbols.items() if size is not None}
        count = _Count(Evaluator(self.symbols, sizes | dict(bindings or {})))
        by_node: dict[ir.Node, int] = {}
        by_op: Counter[OpKind] = Counter()
        for cost in self.graph.nodes:
            ops = count.node(cost)
            by_op.update(ops)
            if total := ops.total():
                by_node[cost.node] = total
        return MacCount(
            total=by_op.total(),
            by_node=by_node,
            by_op={kind: macs for kind, macs in by_op.items() if macs},
            unknown=count.unknown,
            approximate=count.approximate,
            missing=tuple(sorted(count.evaluator.missing)),
        )


class _Count:
    """One evaluation; a body that is called often is counted once and multiplied."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.unknown: dict[ir.Node, str] = {}
        self.approximate: dict[ir.Node, str] = {}
        self._graphs: dict[GraphCost, Counter[OpKind]] = {}

    def node(self, cost: NodeCost) -> Counter[OpKind]:
        node = cost.node
        if cost.guess:
            self.approximate[node] = cost.guess
        macs = None if cost.macs is None else self.evaluator.value(cost.macs)
        if macs is None:
            self.unknown[node] = cost.reason or "a size is missing"
        ops: Counter[OpKind] = Counter({(node.domain, node.op_type): macs} if macs else {})
        if not cost.bodies:
            return ops
        times = self.evaluator.value(cost.times)
        if times is None:
            self.approximate[node] = "the number of iterations is missing"
        bodies = [self._graph(body) for body in cost.bodies]
        if cost.one_of:
            bodies = [max(bodies, key=Counter.total)]
        for body in bodies:
            for kind, number in body.items():
                ops[kind] += number * (1 if times is None else times)
        return ops

    def _graph(self, graph: GraphCost) -> Counter[OpKind]:
        if graph not in self._graphs:
            total: Counter[OpKind] = Counter()
            for cost in graph.nodes:
                total.update(self.node(cost))
            self._graphs[graph] = total
        return self._graphs[graph]


@dataclass(frozen=True)
class Costs(Analysis[CostTable]):
    """Multiply-accumulates of every node, by the convention of fvcore.

    Elementwise operators, biases and pooling count none. What is not known is named.
    """

    name: ClassVar[str] = "costs"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    dims: tuple[str, ...] = option((), help="Sizes of open dimensions, such as 'batch=8'.")
    rest: int | None = option(None, minimum=1, help="Size of all others; none leaves them open.")

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> CostTable:
        """Count the main graph with all graphs and functions that it runs."""
        sizes = ctx.get(ValueSizes(dims=self.dims, rest=self.rest))
        return CostTable(_Counting(model, sizes).graph(model.graph), sizes.symbols)


class _Counting:
    """Builds the costs of graphs, those of a function's body once."""

    def __init__(self, model: ir.Model, sizes: Sizes) -> None:
        self._functions = model.functions
        self._sizes = sizes
        self._bodies: dict[ir.Graph, GraphCost] = {}

    def graph(self, graph: ir.Graph) -> GraphCost:
        found = self._bodies.get(graph)
        if found is None:
            costs = [self._node(node) for node in ordered_nodes(graph)]
            found = self._bodies[graph] = GraphCost(tuple(c for c in costs if c is not None))
        return found

    def _node(self, node: ir.Node) -> NodeCost | None:
        called = self._sizes.calls.get(node)
        if called is not None:
            return self._with_bodies(node, [called])
        if self._functions and node.op_identifier() in self._functions:
            return NodeCost(node, None, "the function calls itself or cannot be followed")
        graphs = list(node_subgraphs(node)) if node.attributes else []
        if graphs:
            return self._with_bodies(node, graphs)
        try:
            macs, reason = node_macs(self._sizes, node)
        except MALFORMED:
            macs, reason = None, "the node is malformed"
        if macs is not None and not is_decided_by(macs, self._sizes.symbols):
            macs, reason = None, "shapes are known only at run time"
        return None if macs == 0 else NodeCost(node, macs, reason)

    def _with_bodies(self, node: ir.Node, graphs: Sequence[ir.Graph]) -> NodeCost | None:
        times: Number = 1
        guess = ""
        op_type = "" if node.domain or node in self._sizes.calls else node.op_type
        if op_type == "If":
            graphs = self._branches(node, graphs)
        elif node not in self._sizes.calls:
            found = self._sizes.trips.get(node)
            if found is None or not is_decided_by(found, self._sizes.symbols):
                guess = "the body is counted once"
            else:
                times = found
        bodies = tuple(self.graph(graph) for graph in graphs)
        if not any(body.nodes for body in bodies):
            return None
        return NodeCost(node, 0, "", bodies, times, op_type == "If", guess)

    def _branches(self, node: ir.Node, graphs: Sequence[ir.Graph]) -> Sequence[ir.Graph]:
        """Return the branch that is taken, or both where the condition is not known."""
        given = input_at(node, 0)
        condition = None if given is None else self._sizes.numbers.get(given)
        if isinstance(condition, tuple):
            condition = condition[0] if len(condition) == 1 else None
        name = "then_branch" if condition else "else_branch"
        if not isinstance(condition, int) or name not in node.attributes:
            return graphs
        return [node.attributes[name].as_graph()]
