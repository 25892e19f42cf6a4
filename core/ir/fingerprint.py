"""Fingerprints: one number per aspect of a model, equal where the aspect is unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import onnx_ir as ir

from ..contract.aspects import Aspect
from .walk import model_graphs, node_subgraphs, ordered_nodes

_TENSOR, _GRAPH, _TENSORS, _GRAPHS = 4, 5, 9, 10

Fingerprint = dict[Aspect, int]
"""A number for each single aspect, valid within one process: strings hash anew in another."""


def fingerprint(model: ir.Model) -> Fingerprint:
    """Return the fingerprint of ``model``.

    Values are numbered in the order of their definition, so that structure does not depend on
    names. The identity of a weight is its tensor object or, for external data, its place in a file.
    """
    return _Hasher().model(model)


def changed_aspects(before: Fingerprint, after: Fingerprint) -> Aspect:
    """Return the aspects in which two fingerprints differ."""
    changed = Aspect(0)
    for aspect, number in before.items():
        if after[aspect] != number:
            changed |= aspect
    return changed


class _Hasher:
    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.structure: list[Any] = []
        self.types: list[Any] = []
        self.weights: list[Any] = []
        self.names: list[Any] = []

    def model(self, model: ir.Model) -> Fingerprint:
        self.structure.append((model.ir_version, _items(model.opset_imports)))
        self.names.append(
            (
                model.producer_name,
                model.producer_version,
                model.domain,
                model.model_version,
                model.doc_string,
                _items(model.metadata_props),
            )
        )
        for container in model_graphs(model):
            self._graph(container)
        return {
            Aspect.STRUCTURE: hash(tuple(self.structure)),
            Aspect.TYPES: hash(tuple(self.types)),
            Aspect.WEIGHTS: hash(tuple(self.weights)),
            Aspect.NAMES: hash(tuple(self.names)),
        }

    def _graph(self, graph: ir.Graph | ir.Function) -> None:
        if isinstance(graph, ir.Function):
            self.structure.append(
                (graph.identifier(), tuple(graph.attributes), _items(graph.opset_imports))
            )
        self.names.append((graph.name, graph.doc_string, _items(graph.metadata_props)))
        self._define(graph.inputs)
        for value in getattr(graph, "initializers", {}).values():
            self._define((value,))
            self.weights.append(weight_identity(value.const_value))
        structure, numbers = self.structure, self.numbers
        for node in ordered_nodes(graph):
            structure.append(
                (
                    node.domain,
                    node.op_type,
                    node.overload,
                    len(node._outputs),
                    *[-1 if v is None else numbers.get(id(v), id(v)) for v in node._inputs],
                )
            )
            if node._attributes.data:
                self._attributes(node)
            self.names.append((node.name, node.doc_string, _items(node._metadata_props)))
            self._define(node._outputs)
        structure.append(tuple(numbers.get(id(value), -2) for value in graph.outputs))

    def _define(self, values: Iterable[ir.Value]) -> None:
        numbers = self.numbers
        for value in values:
            numbers.setdefault(id(value), len(numbers))
            shape = value._shape
            self.types.append(
                (value._type, None if shape is None else tuple(map(str, shape._dims)))
            )
            self.names.append((value._name, value.doc_string, _items(value._metadata_props)))

    def _attributes(self, node: ir.Node) -> None:
        for name, attribute in node.attributes.items():
            kind, value = attribute.type, attribute.value
            if attribute.is_ref():
                value = attribute.ref_attr_name
            elif kind == _TENSOR:
                self.weights.append(weight_identity(value))
                value = None
            elif kind == _TENSORS:
                self.weights.extend(map(weight_identity, value))
                value = len(value)
            elif kind in (_GRAPH, _GRAPHS):
                value = sum(1 for _ in node_subgraphs(node))
            elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
                value = tuple(value)
            elif value != value:
                value = "nan"
            self.structure.append((name, int(kind), str(value) if kind > _GRAPHS else value))


def weight_identity(tensor: Any) -> Any:
    """Return what makes a weight the same weight within a run.

    For external data it is file, offset and length; for a tensor in memory the object itself.
    """
    location = getattr(tensor, "location", None)
    if location is not None:
        return (str(tensor.path), tensor.offset, tensor.length)
    return id(tensor)


def _items(mapping: Any) -> Any:
    # A map has no order: protobuf's tools sort it.
    return frozenset(mapping.items()) if mapping else None
