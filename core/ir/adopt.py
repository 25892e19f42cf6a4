"""A model that replaces another keeps the weights that it has in common with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import onnx_ir as ir

from .walk import model_graphs, ordered_nodes


def adopt(model: ir.Model, old: ir.Model) -> None:
    """Give ``model``, read from a copy of ``old``, what it still has of ``old``.

    A weight of equal name, type, shape and bytes is the tensor that it was, so that it counts as
    unchanged and is still copied from file to file; and ``meta`` says of values of the same name
    what it said before.
    """
    _adopt_tensors(model, old)
    _adopt_meta(model, old)


def _adopt_tensors(model: ir.Model, old: ir.Model) -> None:
    known: dict[Any, list[Any]] = defaultdict(list)
    for name, tensor, _ in _slots(old):
        known[_key(name, tensor)].append(tensor)
    same = {id(tensor) for tensors in known.values() for tensor in tensors}
    for name, tensor, put in _slots(model):
        candidates = known.get(_key(name, tensor))
        if id(tensor) in same or not candidates:
            continue
        data = _data(tensor)
        found = next((candidate for candidate in candidates if _data(candidate) == data), None)
        if found is not None:
            put(found)


def _slots(model: ir.Model) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    """Yield name and tensor of every weight, with a function that puts another in its place."""
    for graph in model_graphs(model):
        for value in getattr(graph, "initializers", {}).values():
            if value.const_value is not None:
                yield value.name or "", value.const_value, _initializer(value)
        for node in ordered_nodes(graph):
            for attribute in tuple(node.attributes.values()):
                if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                    yield attribute.value.name or "", attribute.value, _attribute(node, attribute)


def _initializer(value: ir.Value) -> Callable[[Any], None]:
    def put(tensor: Any) -> None:
        value.const_value = tensor

    return put


def _attribute(node: ir.Node, attribute: ir.Attr) -> Callable[[Any], None]:
    def put(tensor: Any) -> None:
        node.attributes[attribute.name] = ir.AttrTensor(
            attribute.name, tensor, doc_string=attribute.doc_string
        )

    return put


def _key(name: str, tensor: Any) -> tuple[Any, ...]:
    return name, tensor.dtype, tuple(tensor.shape.numpy())


def _data(tensor: Any) -> Any:
    if tensor.dtype == ir.DataType.STRING:
        return list(tensor.string_data())
    return tensor.tobytes()


def _adopt_meta(model: ir.Model, old: ir.Model) -> None:
    for key, value in old.graph.meta.items():
        model.graph.meta.setdefault(key, value)
    # To ask a value for ``meta`` makes a store of its own for each.
    said = {value.name: value.meta for value in _values(old.graph) if value._metadata}
    for value in _values(model.graph) if said else ():
        for key, told in said.get(value.name, {}).items():
            value.meta.setdefault(key, told)


def _values(graph: ir.Graph) -> Iterator[ir.Value]:
    yield from graph.inputs
    yield from graph.initializers.values()
    for node in ordered_nodes(graph):
        yield from node.outputs
