"""Perturb: change a model in one aspect, which nobody may notice who does not read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...contract import Aspect
from ...ir.walk import model_graphs, model_nodes

if TYPE_CHECKING:
    import onnx_ir as ir

EACH = (Aspect.STRUCTURE, Aspect.TYPES, Aspect.WEIGHTS, Aspect.NAMES)


def perturb(model: ir.Model, aspect: Aspect) -> None:
    """Change ``model`` in one aspect alone."""
    {
        Aspect.STRUCTURE: _append_a_node,
        Aspect.TYPES: _forget_types,
        Aspect.WEIGHTS: _change_weights,
        Aspect.NAMES: _rename,
    }[aspect](model)


def _append_a_node(model: ir.Model) -> None:
    import onnx_ir as ir

    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        added = ir.node("Identity", [value], name="perturb_node")
        added.outputs[0].name = "perturb_value"
        added.outputs[0].shape, added.outputs[0].type = value.shape, value.type
        model.graph.append(added)
        return


def _forget_types(model: ir.Model) -> None:
    for value in _inner_values(model):
        value.shape = value.type = None


def _change_weights(model: ir.Model) -> None:
    for graph in model_graphs(model):
        for value in getattr(graph, "initializers", {}).values():
            value.const_value = _other(value.const_value)
    import onnx_ir as ir

    for node in model_nodes(model):
        for name, attribute in list(node.attributes.items()):
            if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                node.attributes[name] = ir.AttrTensor(name, _other(attribute.value))


def _other(tensor: Any) -> Any:
    """Return a tensor of the same type and shape with other contents."""
    import numpy as np
    import onnx_ir as ir

    if tensor is None or hasattr(tensor, "string_data"):
        return tensor
    array = tensor.numpy()
    changed = (
        ~array if array.dtype == bool else (array + np.ones((), array.dtype)).astype(array.dtype)
    )
    return ir.Tensor(changed, tensor.dtype, name=tensor.name)


def _rename(model: ir.Model) -> None:
    for number, value in enumerate(list(_inner_values(model))):
        value.name = f"perturbed_{number}"
        value.doc_string = "perturbed"
    for number, node in enumerate(model_nodes(model)):
        node.name = f"perturbed_node_{number}"
    model.graph.doc_string = model.doc_string = "perturbed"


def _inner_values(model: ir.Model) -> Iterator[ir.Value]:
    """Yield the results of nodes that are no outputs of a graph and have a name."""
    for node in model_nodes(model):
        for value in node.outputs:
            if value.name and not value.is_graph_output():
                yield value
