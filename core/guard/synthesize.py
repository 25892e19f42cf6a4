"""Synthesize inputs for a model from its signature and from what its inputs are used for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..contract import ValueInfo
from ..errors import RuntimeFailure
from .dimensions import DEFAULT_INTEGERS, Binding, bindings
from .legal_values import LegalValues, Use, legal_values
from .trace import final_uses
from .value_types import ValueType, parse_type

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

_SEQUENCE_LENGTH = 2
_INTERVALS: dict[str, tuple[float, float] | None] = {
    "normal": None,
    "between 0 and 1": (0.0, 1.0),
    "between 1 and 2": (1.0, 2.0),
}
"""How float inputs are drawn: many an op has its domain in one of these."""

_ROUNDS = [
    ("normal", True, True),
    ("between 0 and 1", True, False),
    ("between 1 and 2", True, False),
    ("normal", False, True),
]
"""How floats are drawn, whether the uses of inputs count, whether integers are varied."""


@dataclass(frozen=True)
class Candidate:
    """Inputs that a model may accept.

    Args:
        feed: A value per input.
        description: How they were chosen, for a person.
        shapes: The sizes chosen for the inputs.
    """

    feed: dict[str, Any]
    description: str
    shapes: tuple[tuple[int, ...], ...]


def synthesize_inputs(
    model: ir.Model, signature: Sequence[ValueInfo], seed: int = 0
) -> Iterator[Candidate]:
    """Yield inputs for ``model``, the likeliest to be accepted first.

    Integers that end up as indices, sizes or shapes are drawn so that the op that uses them is
    legal; what is left free is standard normal (floats), small (integers), random (bools). The
    same seed gives the same inputs.

    Args:
        model: The model; only read.
        signature: Its required inputs, as the runtime tells them.
        seed: Seed of the random numbers.

    Raises:
        RuntimeFailure: An input has a type of which no value can be made.
    """
    values = {value.name: value for value in model.graph.inputs}
    uses = {
        info.name: list(final_uses(model, values[info.name])) if info.name in values else []
        for info in signature
    }
    seen: set[tuple[object, ...]] = set()
    for interval, is_traced, every in _ROUNDS:
        for binding in bindings(signature):
            if not every and binding.integers != DEFAULT_INTEGERS:
                continue
            maker = _Maker(binding, seed, interval, values, uses if is_traced else {})
            shapes = tuple(maker.dims_of(info) for info in signature)
            key = (shapes, binding.integers, interval, is_traced)
            if key in seen:
                continue
            seen.add(key)
            feed = {
                info.name: maker.value(info, shape)
                for info, shape in zip(signature, shapes, strict=True)
            }
            yield Candidate(feed, _described(signature, binding, interval), shapes)
    optional = [info.name for info in signature if parse_type(info.type).kind == "optional"]
    if optional:
        yield Candidate({**feed, **dict.fromkeys(optional)}, "empty optionals", shapes)


def _described(signature: Sequence[ValueInfo], binding: Binding, interval: str) -> str:
    """How the inputs were chosen, as far as there was a choice."""
    parts = []
    shapes = [info.shape for info in signature]
    if not all(shape is not None and all(map(_is_known, shape)) for shape in shapes):
        parts.append(binding.name)
    parts.append(f"floats {interval}")
    if binding.integers != DEFAULT_INTEGERS:
        least, most = binding.integers
        parts.append(f"integers {least} to {most}")
    return ", ".join(parts)


def _is_known(dim: int | str | None) -> bool:
    return isinstance(dim, int)


class _Maker:
    """Makes the values of one candidate."""

    def __init__(
        self,
        binding: Binding,
        seed: int,
        interval: str,
        values: dict[str | None, ir.Value],
        uses: dict[str, list[tuple[ir.Node, int]]],
    ) -> None:
        self.binding = binding
        self.seed = seed
        self.interval = _INTERVALS[interval]
        self.values = values
        self.uses = uses

    def dims_of(self, info: ValueInfo) -> tuple[int, ...]:
        shape = info.shape
        value = self.values.get(info.name)
        # What runtimes tell of a sequence or an optional has no shape; the model may have one.
        if parse_type(info.type).kind in ("sequence", "optional") and value is not None:
            shape = _symbols(value.shape)
        return self.binding.shape(shape)

    def value(self, info: ValueInfo, shape: tuple[int, ...]) -> Any:
        import numpy as np

        rng = np.random.default_rng([self.seed, zlib.crc32(info.name.encode())])
        return self._make(parse_type(info.type), info, shape, rng)

    def _make(
        self, kind: ValueType, info: ValueInfo, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Any:
        if kind.kind == "tensor" and kind.dtype != 0:
            return self._tensor(kind, info, shape, rng)
        if kind.kind == "sequence" and kind.element:
            return [self._make(kind.element, info, shape, rng) for _ in range(_SEQUENCE_LENGTH)]
        if kind.kind == "optional" and kind.element:
            return self._make(kind.element, info, shape, rng)
        if kind.kind == "map" and kind.element:
            keys = self._tensor(ValueType("tensor", name=kind.name), info, (3,), rng)
            held = kind.element
            return {key: self._make(held, info, (), rng).item() for key in keys.tolist()}
        raise RuntimeFailure(f"no value can be synthesized for input '{info.name}' of {info.type}")

    def _legal(self, info: ValueInfo, count: int) -> LegalValues:
        legal = LegalValues()
        for node, index in self.uses.get(info.name, ()):
            found = legal_values(Use(node, index, self._dims, count))
            legal = legal & found if found else legal
        return legal

    def _dims(self, value: ir.Value | None) -> tuple[int, ...] | None:
        if value is None or value.shape is None:
            return None
        dims = [
            dim if isinstance(dim, int) else self.binding.size(dim or "")
            for dim in _symbols(value.shape) or ()
        ]
        known = [dim for dim in dims if dim is not None]
        return tuple(known) if len(known) == len(dims) else None

    def _tensor(
        self, kind: ValueType, info: ValueInfo, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Any:
        import numpy as np

        dtype = kind.dtype
        count = int(np.prod(shape, dtype=np.int64))
        legal = self._legal(info, count)
        if dtype.name == "STRING":
            words = [key for key in legal.choices if isinstance(key, str)]
            words = words or [f"text {index}" for index in range(4)]
            return np.array(words, dtype=object)[rng.integers(0, len(words), count)].reshape(shape)
        target = dtype.numpy()
        numbers = [key for key in legal.choices if not isinstance(key, str)]
        if legal.values:
            drawn = np.resize(np.array(legal.values), count)
        elif numbers:
            drawn = np.array(numbers)[rng.integers(0, len(numbers), count)]
        elif dtype.name == "BOOL":
            drawn = np.ones(count) if "mask" in info.name.lower() else rng.random(count) < 0.5
        elif target.kind in "fcV" and not dtype.is_integer():
            drawn = self._floats(legal, count, rng)
        else:
            drawn = self._integers(legal, info, shape, target, rng)
        return np.asarray(drawn).reshape(shape).astype(target)

    def _floats(self, legal: LegalValues, count: int, rng: np.random.Generator) -> Any:
        low, high = legal.low, legal.high
        if low is not None or high is not None:
            low = low if low is not None else min(0.0, high or 0.0)
            return rng.uniform(low, max(high if high is not None else low + 3, low), count)
        if self.interval:
            return rng.uniform(*self.interval, count)
        return rng.standard_normal(count)

    def _integers(
        self,
        legal: LegalValues,
        info: ValueInfo,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        rng: np.random.Generator,
    ) -> Any:
        import numpy as np

        count = int(np.prod(shape, dtype=np.int64))
        name = info.name.lower()
        least, most = self.binding.integers
        if "mask" in name:
            return np.ones(count)
        if legal.low is None and legal.high is None:
            if re.search(r"(^|_)sr$|sample_?rate", name):
                return np.full(count, 16000)
            if re.search(r"len(gth)?s?$", name):
                return np.full(count, self.binding.sizes("length", 1, 2))
            if dtype.itemsize == 1 and dtype.kind in "iu" and len(shape) >= 3:
                limits = np.iinfo(dtype)
                return rng.integers(limits.min, limits.max, count, endpoint=True)
            return rng.integers(least, most, count, endpoint=True)
        low = int(legal.low) if legal.low is not None else 0
        high = int(legal.high) if legal.high is not None else low + 3
        return rng.integers(low, max(low, high), count, endpoint=True)


def _symbols(shape: ir.Shape | None) -> tuple[int | str | None, ...] | None:
    if shape is None:
        return None
    return tuple(dim if isinstance(dim, int) else dim.value for dim in shape)
