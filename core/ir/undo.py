"""The inverses of the editor's edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .walk import model_graphs, owning_graph

if TYPE_CHECKING:
    import onnx_ir as ir

# They use private members of onnx_ir where its public interface would rename, check
# ownership or append at the end instead of restoring what was.


_WIDE = 64


def put_input(
    node: ir.Node, index: int, value: ir.Value | None, opened: list[ir.Node] | None
) -> None:
    """Set one input of ``node``; the uses of the values are the caller's to change.

    The inputs of a node are a tuple, which is copied for every input that changes: the cost of
    rewiring a Concat of a thousand inputs would be a million. A node with many inputs gets a list
    instead, until :func:`close_inputs`.

    Args:
        node: The node.
        index: The input.
        value: What it becomes.
        opened: Where nodes are noted that got a list; ``None`` to keep the tuple.
    """
    inputs: Any = node._inputs
    if isinstance(inputs, list):
        inputs[index] = value
        return
    changed: Any = list(inputs)
    changed[index] = value
    if opened is not None and len(changed) > _WIDE:
        node._inputs = changed
        opened.append(node)
    else:
        node._inputs = tuple(changed)


def close_inputs(opened: list[ir.Node]) -> None:
    """Give the nodes in ``opened`` tuples of inputs again, and forget them."""
    for node in opened:
        node._inputs = tuple(node._inputs)
    opened.clear()


def undo_make(slot: list[ir.Node]) -> None:
    """Let a node that was made use nothing."""
    for node in slot:
        detach(node)


def detach(node: ir.Node) -> None:
    """Let a node that is in no graph use none of its inputs any more."""
    for index, value in enumerate(node.inputs):
        if value is not None:
            node.replace_input_with(index, None)


def detach_strays(model: ir.Model) -> None:
    """Let no value be used by a node that was made and is in no graph of the model."""
    graphs = list(model_graphs(model))
    inside = {id(owning_graph(graph)) for graph in graphs}
    for graph in graphs:
        values = [*graph.inputs, *getattr(graph, "initializers", {}).values()]
        values.extend(value for node in graph for value in node.outputs)
        users = {use.node for value in values for use in value._uses}
        for node in users:
            if id(node.graph) not in inside:
                detach(node)


def undo_insert(node: ir.Node) -> None:
    """Take an inserted node out again."""
    if node.graph is not None:
        node.graph.remove(node)


def undo_remove(
    node: ir.Node, graph: ir.Graph, previous: ir.Node | None, inputs: Sequence[ir.Value | None]
) -> None:
    """Put a removed node back where it stood, with its inputs."""
    if node.graph is graph:
        return
    box = graph._nodes._root if previous is None else graph._nodes._value_ids_to_boxes[id(previous)]
    graph._nodes._insert_one_after(box, node)
    node._graph = graph
    node._inputs = tuple(inputs)
    for index, value in enumerate(inputs):
        if value is not None:
            value._add_usage(node, index)


def undo_input(
    node: ir.Node,
    index: int,
    old: ir.Value | None,
    devices: tuple[Any, ...],
) -> None:
    """Restore one input of a node."""
    if node.inputs[index] is not old:
        node.replace_input_with(index, old)
    node.device_configurations = devices


def undo_cut_outputs(node: ir.Node, outputs: Sequence[ir.Value], devices: tuple[Any, ...]) -> None:
    """Give a node back the outputs that were cut."""
    for index, value in enumerate(outputs):
        value._producer, value._index = node, index
    node._outputs = tuple(outputs)
    node.device_configurations = devices


def undo_uses(old: ir.Value, new: ir.Value, uses: Sequence[Any]) -> None:
    """Restore the readers of a value."""
    for use in uses:
        node, index = use
        put_input(node, index, old, None)
        new._uses.pop(use, None)
    old._uses.clear()
    old._uses.update(dict.fromkeys(uses))


def undo_op(node: ir.Node, op_type: str, domain: str) -> None:
    """Restore the operator of a node."""
    node.op_type, node.domain = op_type, domain


def undo_rename(value: ir.Value, name: str | None) -> None:
    """Restore the name of a value."""
    # The initializers' dictionary, where the value is in it, is restored by its own log entry.
    value._name = name
    if value.const_value is not None:
        value.const_value.name = name


def restore_typing(value: ir.Value, type_: ir.TypeProtocol | None, shape: ir.Shape | None) -> None:
    """Set both; the setter of the shape checks its type, which costs as much as all the rest."""
    value._type = type_
    value._shape = shape


def restore_initializers(graph: ir.Graph, snapshot: Mapping[str, ir.Value]) -> None:
    """Restore the initializers of a graph, in their order."""
    initializers = graph.initializers
    for value in tuple(initializers.data.values()):
        initializers._maybe_unset_graph(value)
    initializers.data.clear()
    for value in snapshot.values():
        initializers._set_graph(value)
    initializers.data.update(snapshot)


def undone_earlier() -> None:
    """Undone by an earlier entry of the log."""


def restore_dict(target: Any, contents: Mapping[Any, Any]) -> None:
    """Restore a dictionary."""
    target.clear()
    target.update(contents)


def restore_io(target: Any, values: Sequence[ir.Value]) -> None:
    """Restore inputs or outputs."""
    target[:] = list(values)


_CONTENTS = (
    "graph",
    "_functions",
    "ir_version",
    "producer_name",
    "producer_version",
    "domain",
    "model_version",
    "doc_string",
    "_metadata",
    "_metadata_props",
    "device_configurations",
)


def contents(model: ir.Model) -> dict[str, Any]:
    """Return everything that a model holds."""
    return {name: getattr(model, name) for name in _CONTENTS if hasattr(model, name)}


def restore_contents(model: ir.Model, contents: Mapping[str, Any]) -> None:
    """Restore everything that a model holds."""
    for name, value in contents.items():
        setattr(model, name, value)
