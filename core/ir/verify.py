"""Structural verifier: what every commit is checked for, in microseconds per node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .path import node_path
from .schema import signature_problem
from .walk import model_graphs, node_subgraphs, owning_graph

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
    for node in nodes:
        graph = node.graph
        if graph is None:
            continue
        problems += _node_problems(node, graph, imports.of(graph), model)
        if order:
            problems += positions.problems(node)
        for value in node.outputs:
            problems += _name_problems(value, graph)
    for value in values:
        if value.graph is not None and (value.is_initializer() or value.is_graph_output()):
            problems += _name_problems(value, value.graph)
            problems += _output_problems(value, value.graph)
    return problems


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

    def define(value: ir.Value) -> None:
        name = value.name
        if not name:
            return
        if name in own or (name in outer and outer[name] is not value):
            problems.append(Problem("name", f"two values are called '{name}'"))
        own.add(name)
        scope[name] = value

    for value in graph.inputs:
        define(value)
    for value in graph.initializers.values():
        if not value.is_graph_input():
            define(value)
    for node in graph:
        for read in node.inputs:
            if read is not None and scope.get(read.name or "") is not read:
                problems.append(_undefined(node, read))
        problems += _node_problems(node, graph, imports, model)
        if node.attributes:
            for subgraph in node_subgraphs(node):
                _verify_graph(model, subgraph, scope, imports, problems)
        for value in node.outputs:
            define(value)
    for value in graph.outputs:
        # An output that stands for an outer value is refused by onnx.checker and taken by ONNX
        # Runtime; models do it.
        if scope.get(value.name or "") is not value:
            problems.append(
                Problem(
                    "output", f"output '{value.name}' of graph '{graph.name}' is never computed"
                )
            )


def _undefined(node: ir.Node, value: ir.Value) -> Problem:
    producer = value.producer()
    if producer is not None and producer.graph is not None:
        return Problem(
            "order",
            f"{node_path(node)} stands before {node_path(producer)}, whose '{value.name}' it reads",
        )
    return Problem("use-def", f"{node_path(node)} reads '{value.name}', which nothing computes")


def _node_problems(
    node: ir.Node, graph: ir.Graph, imports: dict[str, int], model: ir.Model
) -> Iterator[Problem]:
    if node.graph is not graph:
        yield Problem("use-def", f"{node_path(node)} does not know the graph that it is in")
    for index, value in enumerate(node.inputs):
        if value is not None and (node, index) not in value._uses:
            yield Problem("use-def", f"{node_path(node)} is no recorded use of '{value.name}'")
    for value in node.outputs:
        if value.producer() is not node:
            yield Problem(
                "use-def", f"'{value.name}' does not know that {node_path(node)} makes it"
            )
    domain = node.domain
    if (domain, node.op_type, node.overload) in model.functions:
        return
    version = imports.get(domain)
    if version is None:
        yield Problem(
            "opset",
            f"{node_path(node)} is of domain '{domain or 'ai.onnx'}', which is not imported",
        )
    elif (problem := signature_problem(node, node.version or version)) is not None:
        yield Problem("signature", problem)


def _name_problems(value: ir.Value, graph: ir.Graph) -> Iterator[Problem]:
    name = value.name
    if name is None:
        yield Problem("name", f"a value of graph '{graph.name}' has no name")
    elif value._uses and not name:
        yield Problem("name", f"a value of graph '{graph.name}' is read and has an empty name")


def _output_problems(value: ir.Value, graph: ir.Graph) -> Iterator[Problem]:
    producer = value.producer()
    orphan = producer is None or producer.graph is None
    if (
        value.is_graph_output()
        and orphan
        and not (value.is_graph_input() or value.is_initializer())
    ):
        yield Problem("output", f"output '{value.name}' of graph '{graph.name}' is never computed")


class _Imports:
    """The opset imports that hold in each graph."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._of: dict[int, dict[str, int]] | None = None

    def of(self, graph: ir.Graph) -> dict[str, int]:
        """Return the imports of the function or main graph that ``graph`` is part of."""
        if graph is self._model.graph:
            return graph.opset_imports
        if self._of is None:
            self._of = {}
            current = self._model.graph.opset_imports
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

    def problems(self, node: ir.Node) -> Iterator[Problem]:
        """Yield the order problems of one node with its producers and consumers."""
        for value in node.inputs:
            if value is None:
                continue
            producer = value.producer()
            if producer is None:
                orphan = value.graph is None
                if orphan:
                    yield _undefined(node, value)
            elif producer.graph is None or not self._before(producer, node):
                yield _undefined(node, value)
        for value in node.outputs:
            for user, _ in value._uses:
                if user.graph is not None and not self._before(node, user):
                    yield _undefined(user, value)

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
            found = {id(node): index for index, node in enumerate(graph)}
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
