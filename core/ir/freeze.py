"""Frozen weights: an in-place write into a weight raises instead of changing other models."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .walk import graphs_with_nodes

if TYPE_CHECKING:
    import onnx_ir as ir

    from .walk import GraphWithNodes

_TENSOR = 4


def _tensors(graphs: Iterable[GraphWithNodes]) -> Iterator[Any]:
    """Yield the tensors of all initializers and of all tensor attributes."""
    for graph, nodes in graphs:
        for value in getattr(graph, "initializers", {}).values():
            if value.const_value is not None:
                yield value.const_value
        for node in nodes:
            if node._attributes.data:
                for attribute in node.attributes.values():
                    if attribute.type == _TENSOR and not attribute.is_ref():
                        yield attribute.value


def freeze_weights(graphs: Iterable[GraphWithNodes]) -> None:
    """Let every weight that is a numpy array in memory be a read-only view of it.

    The caller's own array stays writable; what passes get to see is not.
    """
    for tensor in _tensors(graphs):
        array = getattr(tensor, "_raw", None)
        if isinstance(array, np.ndarray) and array.flags.writeable:
            view = array.view()
            view.flags.writeable = False
            tensor._raw = view


def weight_digests(model: ir.Model, only: Container[int] | None = None) -> dict[int, bytes]:
    """Return a digest of the bytes of each weight held in memory, by the id of its tensor.

    Args:
        model: The model.
        only: Ids of tensors to look at; by default all.
    """
    return {
        id(tensor): hashlib.blake2b(np.ascontiguousarray(tensor._raw).tobytes()).digest()
        for tensor in _tensors(graphs_with_nodes(model))
        if isinstance(getattr(tensor, "_raw", None), np.ndarray)
        and (only is None or id(tensor) in only)
    }
