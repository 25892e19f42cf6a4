"""Describer: results of analyses as numbers, the same number for the same result."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from ...ir.walk import model_graphs

if TYPE_CHECKING:
    import onnx_ir as ir

_PLAIN = (bool, int, float, complex, str, bytes, type(None))


class Describer:
    """Numbers what analyses say about one model.

    Values, nodes and graphs of the model stand for themselves, those that an analysis has made for
    the order in which they come; arrays for dtype, shape and bytes; an object of another class for
    its fields. Equal parts have one number, so that results with shared parts cost no more.
    """

    def __init__(self, model: ir.Model) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._own = {id(model)}
        for graph in model_graphs(model):
            self._own.add(id(graph))
            self._own.update(map(id, (*graph.inputs, *getattr(graph, "initializers", {}).values())))
            for node in graph:
                self._own.add(id(node))
                self._own.update(map(id, (*node.outputs, *node.attributes.values())))

    def number(self, result: Any) -> int:
        """Return the number of ``result``."""
        return self._number(result, {}, {}, [])

    def _number(
        self, value: Any, known: dict[int, int], made: dict[int, int], path: list[int]
    ) -> int:
        if id(value) in known:
            return known[id(value)]
        if id(value) in path:
            return self._interned(("cycle", len(path) - path.index(id(value))))
        path.append(id(value))

        def part(inner: Any) -> int:
            return self._number(inner, known, made, path)

        number = self._interned((type(value).__qualname__, self._key(value, part, made)))
        path.pop()
        if not isinstance(value, _PLAIN):
            known[id(value)] = number
        return number

    def _key(self, value: Any, part: Any, made: dict[int, int]) -> Hashable:
        if isinstance(value, _PLAIN):
            return repr(value)
        if id(value) in self._own:
            return id(value)
        if hasattr(value, "tobytes") and hasattr(value, "shape"):
            return str(getattr(value, "dtype", "")), str(value.shape), value.tobytes()
        if type(value).__module__.startswith("onnx_ir"):
            import onnx_ir as ir

            places = (ir.Value, ir.Node, ir.Graph, ir.Function, ir.Model)
            is_place = isinstance(value, places)
            return made.setdefault(id(value), len(made)) if is_place else str(value)
        if isinstance(value, Mapping):
            return tuple((part(key), part(item)) for key, item in value.items())
        if isinstance(value, AbstractSet):
            return frozenset(part(inner) for inner in value)
        if isinstance(value, Sequence):
            return tuple(part(inner) for inner in value)
        is_data = dataclasses.is_dataclass(value) and not isinstance(value, type)
        names = [field.name for field in dataclasses.fields(value)] if is_data else []
        fields = {name: getattr(value, name) for name in names} or getattr(value, "__dict__", {})
        return tuple((name, part(inner)) for name, inner in sorted(fields.items())) or str(value)

    def _interned(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
