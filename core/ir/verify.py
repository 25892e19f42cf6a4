"""Structural verifier: what every commit is checked for, in microseconds per node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .path import node_path
from .schema import signature_problem
from .walk import model_graphs, node_subgraphs, ordered_nodes, owning_graph

if TYPE_CHECKING:
    import onnx_ir as ir

    GraphLike = ir.Graph | ir.Function


class Problem(NamedTuple):
    """One thing that is wrong with the structure of a model.

    Args:
        code: ``use-def``, ``order``, ``name``, ``opset``, ``signature`` or ``output``.
        message: What is wrong and where.
    """

    code: str
    message: str


def verify_model(model: ir.Model) -> list[Problem]:
    """Check use-def chains, order, names, opsets and signatures of all graphs of ``model``."""
    problems: list[Problem] = []
    _verify_graph(model, model.graph, {}, model.graph.opset_imports, problems)
    for function in model.functions.values():
        _verify_graph(model, function, {}, function.opset_imports, problems)
    return problems


def verify_edited(
    model: ir.Model, nodes: Iterable[ir.Node], values: Iterable[ir.Value], *, order: bool = True
) -> list[Problem]:
    """Check only ``nodes`` and ``values``, for a model that was right before they were edited.

    Args:
        model: The model.
        nodes: Nodes inserted or rewired; those no longer in a graph are passed over.
        values: Values renamed, retyped or registered.
        order: Check that producers stand before consumers.
    """
    problems: list[Problem] = []
    positions = _Positions(model)
    imports = _Imports(model)
    for node in _with_inner(nodes):
        graph = node._graph
        if graph is None:
            continue
        _check_node(node, graph, imports.of(graph), model, problems)
        if order:
            positions.check(node, problems)
        for value in node._outputs:
            if not value._name:
                _check_name(value, graph, problems)
    for value in values:
        if value.graph is not None and (value.is_initializer() or value.is_graph_output()):
            _check_name(value, value.graph, problems)
            _check_output(value, value.graph, problems)
    return problems


def _with_inner(nodes: Iterable[ir.Node]) -> Iterator[ir.Node]:
    """Yield ``nodes``, each with the nodes of its subgraphs, which may read what is around it."""
    for node in nodes:
        yield node
        if node._attributes.data and node._graph is not None:
            for subgraph in node_subgraphs(node):
                yield from _with_inner(ordered_nodes(subgraph))


def _verify_graph(
    model: ir.Model,
    container: GraphLike,
    outer: dict[str, ir.Value],
    imports: dict[str, int],
    problems: list[Problem],
) -> None:
    graph = owning_graph(container)
    scope = dict(outer)
    own: set[str] = set()

    def define(values: Iterable[ir.Value]) -> None:
        for value in values:
            name = value._name
            if not name:
                continue
            if name in own or (name in outer and outer[name] is not value):
                problems.append(Problem("name", f"two values are called '{name}'"))
            own.add(name)
            scope[name] = value

    define(graph.inputs)
    define(value for value in graph.initializers.values() if not value.is_graph_input())
    for node in ordered_nodes(graph):
        for read in node._inputs:
            if read is not None and scope.get(read._name or "") is not read:
                problems.append(_undefined(node, read))
        _check_node(node, graph, imports, model, problems)
        if node._attributes.data:
            for subgraph in node_subgraphs(node):
                _verify_graph(model, subgraph, scope, imports, problems)
        define(node._outputs)
    for value in graph.outputs:
        if scope.get(value.name or "") is not value:
            problems.append(_never_computed(value, graph))


def _undefined(node: ir.Node, value: ir.Value) -> Problem:
    producer = value.producer()
    if producer is not None and producer.graph is not None:
        where = f"{node_path(node)} stands before {node_path(producer)}"
        return Problem("order", f"{where}, whose '{value.name}' it reads")
    return Problem("use-def", f"{node_path(node)} reads '{value.name}', which nothing computes")


def _never_computed(value: ir.Value, graph: ir.Graph) -> Problem:
    return Problem("output", f"output '{value.name}' of graph '{graph.name}' is never computed")


def _check_node(
    node: ir.Node,
    graph: ir.Graph,
    imports: dict[str, int],
    model: ir.Model,
    problems: list[Problem],
) -> None:
    if node._graph is not graph:
        text = f"{node_path(node)} does not know the graph that it is in"
        problems.append(Problem("use-def", text))
    for index, value in enumerate(node._inputs):
        if value is not None and (node, index) not in value._uses:
            text = f"{node_path(node)} is no recorded use of '{value.name}'"
            problems.append(Problem("use-def", text))
    for value in node._outputs:
        if value._producer is not node:
            text = f"'{value.name}' does not know that {node_path(node)} makes it"
            problems.append(Problem("use-def", text))
    domain = node._domain
    if model.functions and (domain, node.op_type, node.overload) in model.functions:
        return
    version = node._version or imports.get(domain)
    if version is None:
        text = f"{node_path(node)} is of domain '{domain or 'ai.onnx'}', which is not imported"
        problems.append(Problem("opset", text))
    elif (wrong := signature_problem(node, version)) is not None:
        problems.append(Problem("signature", wrong))


def _check_name(value: ir.Value, graph: ir.Graph, problems: list[Problem]) -> None:
    name = value.name
    if name is None:
        problems.append(Problem("name", f"a value of graph '{graph.name}' has no name"))
    elif value._uses and not name:
        text = f"a value of graph '{graph.name}' is read and has an empty name"
        problems.append(Problem("name", text))


def _check_output(value: ir.Value, graph: ir.Graph, problems: list[Problem]) -> None:
    producer = value.producer()
    orphan = producer is None or producer.graph is None
    if (
        value.is_graph_output()
        and orphan
        and not (value.is_graph_input() or value.is_initializer())
    ):
        problems.append(_never_computed(value, graph))


class _Imports:
    """The opset imports that hold in each graph."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._main = model.graph.opset_imports
        self._of: dict[int, dict[str, int]] | None = None

    def of(self, graph: ir.Graph) -> dict[str, int]:
        """Return the imports of the function or main graph that ``graph`` is part of."""
        if graph is self._model.graph:
            return self._main
        if self._of is None:
            self._of = {}
            current = self._main
            for container in model_graphs(self._model):
                owner = owning_graph(container)
                if owner is not container:  # a function starts here, its subgraphs follow
                    current = container.opset_imports
                self._of[id(owner)] = current
        return self._of.get(id(graph), {})


class _Positions:
    """Where nodes stand in their graphs, numbered when first asked for."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._positions: dict[int, dict[int, int]] = {}
        self._holders: dict[int, ir.Node] | None = None

    def check(self, node: ir.Node, problems: list[Problem]) -> None:
        """Find the order problems of one node with its producers and consumers."""
        graph = node._graph
        positions = self._of(graph)
        here = positions[id(node)]
        for value in node._inputs:
            if value is None:
                continue
            producer = value._producer
            if producer is None:
                if value._graph is None:
                    problems.append(_undefined(node, value))
            elif producer._graph is graph:
                if positions[id(producer)] >= here:
                    problems.append(_undefined(node, value))
            elif producer._graph is None or not self._before(producer, node):
                problems.append(_undefined(node, value))
        for value in node._outputs:
            for user, _ in value._uses:
                if user._graph is graph:
                    if positions[id(user)] <= here:
                        problems.append(_undefined(user, value))
                elif user._graph is not None and not self._before(node, user):
                    problems.append(_undefined(user, value))

    def _before(self, producer: ir.Node, user: ir.Node) -> bool:
        while user.graph is not producer.graph:
            holder = self._holder(user.graph)
            if holder is None:
                return False
            user = holder
        positions = self._of(producer.graph)
        return positions[id(producer)] < positions[id(user)]

    def _of(self, graph: ir.Graph | None) -> dict[int, int]:
        found = self._positions.get(id(graph))
        if found is None:
            assert graph is not None
            found = {id(node): index for index, node in enumerate(ordered_nodes(graph))}
            self._positions[id(graph)] = found
        return found

    def _holder(self, graph: ir.Graph | None) -> ir.Node | None:
        if self._holders is None:
            self._holders = {
                id(subgraph): node
                for container in model_graphs(self._model)
                for node in container
                if node.attributes
                for subgraph in node_subgraphs(node)
            }
        return self._holders.get(id(graph))
