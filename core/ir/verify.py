"""Structural verifier: what every commit is checked for, in microseconds per node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .path import node_path
from .positions import Positions
from .schema import signature_problem
from .walk import model_graphs, node_subgraphs, ordered_nodes, owning_graph

if TYPE_CHECKING:
    import onnx_ir as ir

    from .walk import GraphWithNodes

    GraphLike = ir.Graph | ir.Function
    Scope = dict[str | None, ir.Value]


class Problem(NamedTuple):
    """One thing that is wrong with the structure of a model.

    Args:
        code: ``use-def``, ``order``, ``name``, ``opset``, ``signature`` or ``output``.
        message: What is wrong and where.
    """

    code: str
    message: str


def verify_model(
    model: ir.Model,
    graphs: Iterable[GraphWithNodes] = (),
    names: dict[str, ir.Value] | None = None,
) -> list[Problem]:
    """Check use-def chains, order, names, opsets and signatures of all graphs of ``model``.

    Args:
        model: The model.
        graphs: Its graphs with their nodes, where they have been listed already.
        names: Filled with the values by their names.
    """
    check = _Check(model, graphs, {} if names is None else names)
    roots: list[GraphLike] = [model.graph, *model.functions.values()]
    for root in roots:
        check.graph(root, (), root.opset_imports)
    return check.problems


def verify_edited(
    model: ir.Model, nodes: Iterable[ir.Node], values: Iterable[ir.Value], *, order: bool = True
) -> list[Problem]:
    """Check only ``nodes`` and ``values``, for a model that was right before they were edited.

    Args:
        model: The model.
        nodes: Nodes inserted or rewired; those no longer in a graph are passed over.
        values: Values renamed, registered or made outputs.
        order: Check that producers stand before consumers.
    """
    check = _Check(model)
    problems = check.problems
    positions = Positions(model)
    imports = _Imports(model)
    for node in _with_inner(nodes):
        graph = node._graph
        if graph is None:
            continue
        check.node(node, graph, imports.of(graph))
        for index, read in enumerate(node._inputs):
            if read is not None and (node, index) not in read._uses:
                problems.append(_unrecorded(node, read))
        if order:
            for reader, read in positions.misplaced(node):
                problems.append(_undefined(reader, read))
        for value in node._outputs:
            if value._producer is not node:
                problems.append(_unmade(node, value))
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


class _Check:
    """Checks whole graphs and single nodes, and collects what is wrong with them."""

    def __init__(
        self,
        model: ir.Model,
        graphs: Iterable[GraphWithNodes] = (),
        names: dict[str, ir.Value] | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self._functions = model.functions
        self._nodes = {id(owning_graph(graph)): nodes for graph, nodes in graphs}
        self._names = names
        self._right: set[tuple[object, ...]] = set()

    def graph(
        self, container: GraphLike, outer: tuple[Scope, ...], imports: dict[str, int]
    ) -> None:
        """Check a graph, the graphs in it, and what it reads of those around it."""
        graph = owning_graph(container)
        scope: Scope = {}
        scopes = (*outer, scope)
        find = scope.get
        right: set[tuple[object, ...]] = set()
        self._define(graph.inputs, scopes)
        initializers = graph.initializers.values()
        self._define((value for value in initializers if not value.is_graph_input()), scopes)
        for node in self._nodes.get(id(graph)) or ordered_nodes(graph):
            index = 0
            for read in node._inputs:
                if read is not None:
                    # Most values are defined in the graph itself; a call for each costs too much.
                    if find(read._name) is not read and not _in_sight(read, scopes):
                        self.problems.append(_undefined(node, read))
                    if (node, index) not in read._uses:
                        self.problems.append(_unrecorded(node, read))
                index += 1
            outputs = node._outputs
            if node._attributes.data:
                self.node(node, graph, imports)
                for subgraph in node_subgraphs(node):
                    self.graph(subgraph, scopes, imports)
            else:
                # As in self.node, for the many nodes that look like others of this graph.
                kind = (node._op_type, node._domain, node._version, index, len(outputs))
                if kind not in right or node._overload or node._graph is not graph:
                    known = len(self.problems)
                    self.node(node, graph, imports)
                    if len(self.problems) == known:
                        right.add(kind)
            for value in outputs:
                if value._producer is not node:
                    self.problems.append(_unmade(node, value))
                name = value._name
                if outer or not name or name in scope:
                    self._define((value,), scopes)
                else:
                    scope[name] = value
        for value in graph.outputs:
            if not _in_sight(value, scopes):
                self.problems.append(_never_computed(value, graph))
        if self._names is not None:
            self._names.update((name, value) for name, value in scope.items() if name)

    def _define(self, values: Iterable[ir.Value], scopes: tuple[Scope, ...]) -> None:
        for value in values:
            name = value.name
            if not name:
                continue
            if name in scopes[-1] or any(s.get(name, value) is not value for s in scopes):
                self.problems.append(Problem("name", f"two values are called '{name}'"))
            scopes[-1][name] = value

    def node(self, node: ir.Node, graph: ir.Graph, imports: dict[str, int]) -> None:
        """Check one node, but for what it reads and makes."""
        outputs, attributes = node._outputs, node._attributes.data
        if node._graph is not graph:
            self._wrong("use-def", f"{node_path(node)} does not know the graph that it is in")
        # Nodes of one kind are right or wrong together: the schema is asked once for each.
        version = node._version or imports.get(node._domain)
        kind: tuple[object, ...] = (
            node._domain,
            node._op_type,
            node._overload,
            version,
            len(node._inputs),
            len(outputs),
        )
        if attributes:
            kind += tuple(attributes)
        if kind not in self._right and self._is_right(node, version):
            self._right.add(kind)

    def _is_right(self, node: ir.Node, version: int | None) -> bool:
        if node.op_identifier() in self._functions:
            return True
        if version is None:
            domain = node.domain or "ai.onnx"
            text = f"{node_path(node)} is of domain '{domain}', which is not imported"
            self._wrong("opset", text)
        elif wrong := signature_problem(node, version):
            self._wrong("signature", wrong)
        else:
            return True
        return False

    def _wrong(self, code: str, message: str) -> None:
        self.problems.append(Problem(code, message))


def _in_sight(value: ir.Value, scopes: tuple[Scope, ...]) -> bool:
    """Tell whether the name of ``value`` means ``value`` in the innermost scope."""
    for scope in reversed(scopes):
        found = scope.get(value.name or "")
        if found is not None:
            return found is value
    return False


def _undefined(node: ir.Node, value: ir.Value) -> Problem:
    producer = value.producer()
    if producer is not None and producer.graph is not None:
        where = f"{node_path(node)} stands before {node_path(producer)}"
        return Problem("order", f"{where}, whose '{value.name}' it reads")
    return Problem("use-def", f"{node_path(node)} reads '{value.name}', which nothing computes")


def _unmade(node: ir.Node, value: ir.Value) -> Problem:
    return Problem("use-def", f"'{value.name}' does not know that {node_path(node)} makes it")


def _unrecorded(node: ir.Node, value: ir.Value) -> Problem:
    return Problem("use-def", f"{node_path(node)} is no recorded use of '{value.name}'")


def _never_computed(value: ir.Value, graph: ir.Graph) -> Problem:
    return Problem("output", f"output '{value.name}' of graph '{graph.name}' is never computed")


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
