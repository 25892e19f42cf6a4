"""Copies of a model that share its weights and nothing else."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from .collector import gc_paused
from .walk import model_graphs

if TYPE_CHECKING:
    import onnx_ir as ir


def clone_model(model: ir.Model) -> ir.Model:
    """Return a copy of ``model`` that shares its tensors, with ``meta`` of the model too.

    ``Model.clone`` lets the copy share the objects of types as well, in which ``value.dtype = ...``
    writes. It cannot read a graph whose nodes are out of order; such a model has to be sorted
    first.
    """
    with gc_paused():
        clone = model.clone()
        for graph in model_graphs(clone):
            values = [*graph.inputs, *getattr(graph, "initializers", {}).values()]
            values.extend(value for node in graph for value in node.outputs)
            for value in values:
                value._type = _own(value._type)
    clone.meta.update(model.meta)
    return clone


def _own(type_: ir.TypeProtocol | None) -> ir.TypeProtocol | None:
    # A sequence or an optional holds the type of its elements.
    return copy.deepcopy(type_) if hasattr(type_, "_elem_type") else copy.copy(type_)
