"""Snapshot: everything of a model that a failed pass must leave as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.walk import model_graphs

if TYPE_CHECKING:
    import onnx_ir as ir

Snapshot = tuple[bytes, tuple[object, ...]]


def snapshot(model: ir.Model) -> Snapshot:
    """Return the serialized model, and the identities of its objects with their uses."""
    objects: list[object] = []
    for graph in model_graphs(model):
        initializers = getattr(graph, "initializers", {})
        values = [*graph.inputs, *initializers.values()]
        objects.append(tuple(initializers))
        for node in graph:
            objects += [id(node), *map(id, node.inputs), *map(id, node.outputs)]
            values += node.outputs
        for value in values:
            uses = {(id(node), index) for node, index in value.uses()}
            objects.append((id(value), uses, value.is_initializer(), value.is_graph_output()))
            if value.producer() is None or value.producer().op_type != "Constant":
                objects.append(id(value.const_value))  # of a Constant, a copy of its attribute
    return serialized(model), tuple(objects)


def serialized(model: ir.Model) -> bytes:
    """Return ``model`` as bytes that are equal for equal models."""
    import onnx_ir as ir

    data: bytes = ir.to_proto(model).SerializeToString(deterministic=True)
    return data


def thaw(model: ir.Model) -> None:
    """Let every weight be an array of its own that can be written to, as a careless pass wants."""
    import onnx_ir as ir

    for graph in model_graphs(model):
        for value in getattr(graph, "initializers", {}).values():
            tensor = value.const_value
            if tensor is not None and not hasattr(tensor, "string_data"):
                value.const_value = ir.Tensor(tensor.numpy().copy(), tensor.dtype, name=value.name)


def weight_bytes(model: ir.Model) -> dict[int, tuple[object, bytes]]:
    """Return tensor and contents of every weight, by the id of the tensor."""
    return {
        id(value.const_value): (value.const_value, value.const_value.tobytes())
        for graph in model_graphs(model)
        for value in getattr(graph, "initializers", {}).values()
        if value.const_value is not None and not hasattr(value.const_value, "string_data")
    }
