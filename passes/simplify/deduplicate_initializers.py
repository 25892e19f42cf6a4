"""Deduplicate-initializers: one initializer for all that hold the same tensor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import model_graphs, node_subgraphs, owning_graph

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

_SAMPLE_BYTES = 64
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class DeduplicateInitializers(Pass):
    """Let initializers of equal type, shape and bytes be one.

    Contents are read only where type, shape, place in the file and a sample leave the question
    open, so most weights stay on disk. An initializer of a subgraph may give way to one of the
    graphs around it. Initializers that a user may override and those that are outputs stay.
    """

    name = "deduplicate-initializers"
    requires = ("names-unique",)
    idempotent = True
    scope = "model"

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Group the initializers, finer and finer, and merge what stays together."""
        scopes = _Scopes(model)
        removed: set[ir.Value] = set()
        groups: Iterable[list[ir.Value]] = [list(_candidates(model, ctx))]
        for criterion in (_kind, _sample, _contents):
            groups = [part for group in groups for part in _split(group, criterion)]
        for group in groups:
            kept = group[:1]
            for value in group[1:]:
                first = next((k for k in kept if scopes.sees(value.graph, k.graph)), None)
                if first is None or value.is_graph_output():
                    kept.append(value)
                elif ctx.action(None, "merge-initializer"):
                    ctx.edit.replace_uses(value, first)
                    ctx.edit.remove_initializer(value)
                    removed.add(value)
        if any(value.is_graph_input() for value in removed):
            inputs = [value for value in model.graph.inputs if value not in removed]
            ctx.edit.set_inputs(model.graph, inputs)


def _candidates(model: ir.Model, ctx: PassContext) -> Iterator[ir.Value]:
    """Yield the initializers that no user can override, those of outer graphs first."""
    for container in ctx.graphs(model):
        graph = owning_graph(container)
        inputs_are_defaults = graph is not model.graph or model.ir_version >= 4
        for value in graph.initializers.values():
            overridable = value.is_graph_input() and inputs_are_defaults
            if value.const_value is not None and not overridable:
                yield value


def _split(
    group: list[ir.Value], criterion: Callable[[ir.TensorProtocol], Hashable]
) -> Iterator[list[ir.Value]]:
    """Yield the parts of ``group`` that agree in ``criterion`` and have two members or more."""
    parts: dict[Hashable, list[ir.Value]] = {}
    answers: dict[Hashable, Hashable] = {}
    places = [_place(value.const_value) for value in group if value.const_value is not None]
    several = len(set(places)) > 1
    for value, place in zip(group, places, strict=True):
        # What lies at one place of one file is asked for once, or not at all if nothing else is.
        if place not in answers:
            assert value.const_value is not None
            answers[place] = criterion(value.const_value) if several else None
        parts.setdefault(answers[place], []).append(value)
    return (part for part in parts.values() if len(part) > 1)


def _place(tensor: ir.TensorProtocol) -> Hashable:
    """Return where in which file the tensor lies, or the tensor itself where it lies in none."""
    path, offset = getattr(tensor, "path", None), getattr(tensor, "offset", None)
    return id(tensor) if path is None else (str(path), offset, *_kind(tensor))


def _kind(tensor: ir.TensorProtocol) -> tuple[Hashable, ...]:
    return (tensor.dtype, *tensor.shape.numpy())


def _sample(tensor: ir.TensorProtocol) -> Hashable:
    """Return the first and last bytes."""
    data = _bytes(tensor)
    if data is None:
        return None
    return (data[:_SAMPLE_BYTES].tobytes(), data[-_SAMPLE_BYTES:].tobytes())


def _contents(tensor: ir.TensorProtocol) -> Hashable:
    """Return a digest of all bytes, or the strings."""
    strings = getattr(tensor, "string_data", None)
    if strings is not None:
        return tuple(strings())
    data = _bytes(tensor)
    if data is None:
        return tensor.tobytes()
    if data.size <= 2 * _SAMPLE_BYTES:
        return None  # the sample was all of it
    digest = hashlib.blake2b(digest_size=16)
    for start in range(0, data.size, _CHUNK_BYTES):
        digest.update(data[start : start + _CHUNK_BYTES].data)
    return digest.digest()


def _bytes(tensor: ir.TensorProtocol) -> np.ndarray[Any, Any] | None:
    """View the bytes without reading them; ``None`` for strings and elements below a byte."""
    import numpy as np

    if hasattr(tensor, "string_data") or tensor.dtype.bitwidth < 8:
        return None
    return np.ascontiguousarray(tensor.numpy()).reshape(-1).view(np.uint8)


class _Scopes:
    """Tells which graphs lie around which."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._parents: dict[ir.Graph, ir.Graph] | None = None

    def sees(self, graph: ir.Graph | None, other: ir.Graph | None) -> bool:
        """Tell whether ``other`` is ``graph`` or lies around it."""
        while graph is not None and graph is not other:
            graph = self._parent(graph)
        return graph is not None

    def _parent(self, graph: ir.Graph) -> ir.Graph | None:
        if self._parents is None:
            self._parents = {
                subgraph: owning_graph(container)
                for container in model_graphs(self._model)
                for node in container
                if node.attributes
                for subgraph in node_subgraphs(node)
            }
        return self._parents.get(graph)
