"""Facts about the order, names, types, opsets and operators of a model, with their checkers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from passmgr.core.contract import Aspect, Fact, FactFamily
from passmgr.core.ir.path import node_path
from passmgr.core.ir.walk import graph_tree, model_nodes, node_subgraphs

if TYPE_CHECKING:
    import onnx_ir as ir

    GraphLike = ir.Graph | ir.Function


def roots(model: ir.Model) -> Iterator[GraphLike]:
    """Yield the main graph and the functions: the containers that capture nothing."""
    yield model.graph
    yield from model.functions.values()


def own_values(graph: GraphLike) -> Iterator[ir.Value]:
    """Yield the inputs and initializers of ``graph``, each once; a function has no initializers."""
    yield from graph.inputs
    for value in getattr(graph, "initializers", {}).values():
        if not value.is_graph_input():
            yield value


def _check_sorted(model: ir.Model) -> str | None:
    for root in roots(model):
        reason = _unsorted(root, set())
        if reason is not None:
            return reason
    return None


def _unsorted(graph: GraphLike, defined: set[ir.Value]) -> str | None:
    defined.update(own_values(graph))
    for node in graph:
        for value in node.inputs:
            if value is not None and value not in defined:
                return f"{node_path(node)} stands before what computes its input '{value.name}'"
        if node.attributes:
            for subgraph in node_subgraphs(node):
                reason = _unsorted(subgraph, defined)
                if reason is not None:
                    return reason
        defined.update(node.outputs)
    return None


def _check_names(model: ir.Model) -> str | None:
    for root in roots(model):
        reason = _name_clash(root, {})
        if reason is not None:
            return reason
    return None


def _name_clash(graph: GraphLike, visible: dict[str, ir.Value]) -> str | None:
    """Find a value without a name, or of a name that is taken in ``graph`` or around it."""
    added: list[str] = []

    def define(values: Iterable[ir.Value]) -> str | None:
        for value in values:
            name = value.name
            if not name:
                if name is None or value._uses or value.is_graph_output():
                    return f"a value of graph '{graph.name}' has no name"
                continue  # an omitted optional output
            if visible.setdefault(name, value) is not value:
                return f"two values are called '{name}'"
            added.append(name)
        return None

    reason = define(own_values(graph))
    if reason is not None:
        return reason
    for node in graph:
        if node.attributes:
            for subgraph in node_subgraphs(node):
                reason = reason or _name_clash(subgraph, visible)
        reason = reason or define(node.outputs)
        if reason is not None:
            return f"{node_path(node)}: {reason}"
    for name in added:
        del visible[name]
    return None


def _check_shapes_inferred(model: ir.Model) -> str | None:
    from .shape_functions import declared_typing, default_opset, elementwise_typing

    opset = default_opset(model.opset_imports)
    for graph in graph_tree(model.graph):
        for node in graph:
            value = node.outputs[0] if node.outputs else None
            if value is None or (value.shape is not None and value.type is not None):
                continue
            if not value.name or (graph is model.graph and value.is_graph_output()):
                continue
            typing = elementwise_typing(node, opset, declared_typing)
            if typing is not None and (value.type is None or typing.dims is not None):
                return f"{node_path(node)}: the shape of '{value.name}' is known and not set"
    return None


def _check_static_shapes(model: ir.Model) -> str | None:
    for graph in graph_tree(model.graph):
        for value in graph.inputs:
            if not _is_static(value):
                return f"input '{value.name}' of graph '{graph.name}' has no static shape"
        for node in graph:
            for value in node.outputs:
                if value.name and not _is_static(value):
                    return f"{node_path(node)}: '{value.name}' has no static shape"
    return None


def _is_static(value: ir.Value) -> bool:
    return value.shape is not None and value.shape.is_static()


def _check_constants_folded(model: ir.Model) -> str | None:
    from passmgr.core.ir.versions import OVERRIDABLE_SINCE

    from .constants import liftable_tensor

    for graph in graph_tree(model.graph):
        if graph is not model.graph and model.ir_version < OVERRIDABLE_SINCE:
            continue  # a subgraph has no initializers then
        for node in graph:
            if (
                node.op_type == "Constant"
                and node.outputs[0]._uses
                and liftable_tensor(node) is not None
            ):
                return f"{node_path(node)} is no initializer"
    return None


def _opset_fact(parameter: str) -> Fact:
    least = _positive(parameter)

    def check(model: ir.Model) -> str | None:
        from .shape_functions import default_opset

        for root in roots(model):
            opset = default_opset(root.opset_imports)
            what = "the model" if root is model.graph else f"function '{root.name}'"
            if opset is None:
                return f"{what} imports no opset of the default domain"
            if opset < least:
                return f"{what} is of opset {opset}"
        return None

    return Fact(
        f"opset>={least}",
        Aspect.STRUCTURE,
        check,
        doc=f"The model and its functions import opset {least} or later of the default domain.",
    )


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ValueError(f"'opset>={text}' needs a number, as in 'opset>=13'")
    return int(text)


def _no_op_fact(parameter: str) -> Fact:
    domain, _, op_type = parameter.rpartition("::")
    if not op_type.isidentifier():
        raise ValueError(
            f"'no-op:{parameter}' needs an op type, as in 'no-op:Dropout' or 'no-op:my.domain::Op'"
        )

    def check(model: ir.Model) -> str | None:
        for node in model_nodes(model):
            if node.op_type == op_type and node.domain == domain:
                return f"there is {node_path(node)}"
        return None

    return Fact(
        f"no-op:{parameter}", Aspect.STRUCTURE, check, doc=f"No node of the model is a {parameter}."
    )


SORTED = Fact(
    "sorted",
    Aspect.STRUCTURE,
    _check_sorted,
    "sort",
    "Every graph has its nodes in topological order, with what its subgraphs capture.",
    proved_by="order",
)
NAMES_UNIQUE = Fact(
    "names-unique",
    Aspect.NAMES,
    _check_names,
    "fix-names",
    "Every value has a name that no other value visible at the same place has.",
    proved_by="name",
)
SHAPES_INFERRED = Fact(
    "shapes-inferred",
    Aspect.STRUCTURE | Aspect.TYPES,
    _check_shapes_inferred,
    "infer-shapes",
    "No elementwise operator whose inputs have types and shapes makes a value without; "
    "outputs of the model are left as they were declared, functions have no types of their own.",
)
STATIC_SHAPES = Fact(
    "static-shapes",
    Aspect.STRUCTURE | Aspect.TYPES,
    _check_static_shapes,
    None,
    "Every input of a graph and every output of a node has a shape of numbers.",
)
CONSTANTS_FOLDED = Fact(
    "constants-folded",
    Aspect.STRUCTURE | Aspect.WEIGHTS,
    _check_constants_folded,
    "fold-constants",
    "Outside of functions, numeric constants that are read are initializers, not Constant nodes.",
)
OPSET = FactFamily(
    "opset>=", _opset_fact, "The default domain is imported at this version or later.", "13"
)
NO_OP = FactFamily("no-op:", _no_op_fact, "No node of the model is of this op type.", "Identity")
