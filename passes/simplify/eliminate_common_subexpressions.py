"""Eliminate-common-subexpressions: nodes that compute what an earlier node has computed."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import graph_tree, node_subgraphs

from .computation import computation_key
from .foldable import RANDOM
from .substitution import obstacle, substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    Seen = MutableMapping[tuple[Hashable, ...], ir.Node]

_KNOWN_DOMAINS = frozenset({"", "ai.onnx.ml"})


@dataclass(frozen=True)
class EliminateCommonSubexpressions(Pass):
    """Replace a node by an earlier one of the same operator, inputs and attributes.

    A node in a subgraph may give way to one of the graphs around it. Left alone are random
    operators, nodes with subgraphs, operators of unknown domains, and Constant nodes of more than
    1 KiB, whose contents are not compared here.

    Aho, Lam, Sethi, Ullman: Compilers, 2nd ed. (2006), section 8.5.1 (value numbers).
    """

    name = "eliminate-common-subexpressions"
    requires = ("sorted", "names-unique")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Number the nodes by value, in their order, scope by scope."""
        pure = _PureOperators(model)
        _number(model.graph, {}, pure, ctx)
        for function in tuple(model.functions.values()):
            _number(function, {}, pure, ctx)


def _number(
    graph: ir.Graph | ir.Function, seen: Seen, pure: _PureOperators, ctx: PassContext
) -> None:
    for node in graph:
        subgraphs = list(node_subgraphs(node)) if node.attributes else []
        for subgraph in subgraphs:
            _number(subgraph, ChainMap({}, seen), pure, ctx)
        key = None if subgraphs else computation_key(node, node.inputs)
        if key is None:
            continue
        earlier = seen.setdefault(key, node)
        if earlier is not node:
            _merge(node, earlier, pure, ctx)


def _merge(node: ir.Node, earlier: ir.Node, pure: _PureOperators, ctx: PassContext) -> None:
    pairs = list(zip(node.outputs, earlier.outputs, strict=True))
    blocked = [(old, new) for old, new in pairs if not ctx.edit.can_replace(old, new)]
    if not pure(node):
        ctx.remark("not-deterministic", "two runs of this operator may differ", node=node)
    elif node.device_configurations or earlier.device_configurations:
        ctx.remark("placed-on-devices", "it may run on another device", node=node)
    elif blocked:
        ctx.remark("output-needs-name", obstacle(*blocked[0]), node=node)
    elif ctx.action(node, "merge"):
        for old, new in pairs:
            substitute(ctx.edit, old, new)
        ctx.edit.remove(node)


class _PureOperators:
    """Tells whether a node gives the same results for the same inputs, always."""

    def __init__(self, model: ir.Model) -> None:
        self._functions = model.functions
        self._known: dict[ir.Function, bool] = {}

    def __call__(self, node: ir.Node) -> bool:
        """Look at the operator, or into the function that the node calls."""
        function = self._functions.get(node.op_identifier())
        if function is None:
            return node.domain in _KNOWN_DOMAINS and node.op_type not in RANDOM
        if function not in self._known:
            self._known[function] = False  # functions do not call themselves
            self._known[function] = all(
                self(inner) for graph in graph_tree(function) for inner in graph
            )
        return self._known[function]
