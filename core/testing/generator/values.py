"""Values of a model that is being generated, and the graph that they are part of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx_ir as ir

from .sizes import Dims

BOOL = ir.DataType.BOOL
DOUBLE = ir.DataType.DOUBLE
FLOAT = ir.DataType.FLOAT
FLOAT16 = ir.DataType.FLOAT16
INT32 = ir.DataType.INT32
INT64 = ir.DataType.INT64

FLOATS = (FLOAT, DOUBLE, FLOAT16)
INTS = (INT64, INT32)
NUMBERS = (*FLOATS, *INTS)
ANY = (*NUMBERS, BOOL)

INPUT_BOUNDS = {BOOL: (0.0, 1.0), INT32: (0.0, 8.0), INT64: (0.0, 8.0)}
"""Between which numbers synthesized inputs lie; floats are standard normal or narrower."""

FLOAT_BOUNDS = (-8.0, 8.0)

LARGEST = {FLOAT: 1e4, DOUBLE: 1e4, FLOAT16: 60.0, INT32: 1e5, INT64: 1e5, BOOL: 1.0}
"""Magnitudes that no value exceeds, so that nothing overflows and comparisons mean something."""


class UnfitError(Exception):
    """A step cannot be taken with the values that are at hand; it leaves no trace."""


@dataclass(slots=True, eq=False)
class Val:
    """A tensor of the model with all that is known of it.

    Args:
        value: What the IR has.
        dtype: Its element type.
        dims: Its shape.
        low: No element is smaller.
        high: No element is larger.
        array: Its elements, where it is an initializer or a Constant.
    """

    value: ir.Value
    dtype: ir.DataType
    dims: Dims
    low: float
    high: float
    array: np.ndarray[Any, Any] | None = None

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.dims)

    @property
    def bound(self) -> float:
        """The largest magnitude of an element."""
        return max(abs(self.low), abs(self.high))

    @property
    def is_float(self) -> bool:
        """Whether the elements are floats."""
        return self.dtype in FLOATS


@dataclass(slots=True)
class Result:
    """What is known of an output before its node is made."""

    dtype: ir.DataType
    dims: Dims
    low: float
    high: float


FrameKind = Literal["main", "branch", "function"]


@dataclass(slots=True, eq=False)
class Frame:
    """A graph under construction.

    Args:
        kind: The main graph, a graph inside a node, or the body of a function.
        parent: The graph around it, whose values it can read.
    """

    kind: FrameKind
    parent: Frame | None = None
    inputs: list[Val] = field(default_factory=list)
    nodes: list[ir.Node] = field(default_factory=list)
    values: list[Val] = field(default_factory=list)
    constants: list[Val] = field(default_factory=list)
    initializers: list[Val] = field(default_factory=list)
    history: list[tuple[ir.Node, list[Val]]] = field(default_factory=list)

    def visible(self) -> list[Val]:
        """All values that a node of this graph can read, the newest first."""
        return [val for frame in self.chain() for val in reversed(frame.values)]

    def visible_constants(self) -> list[Val]:
        """All constants that a node of this graph can read."""
        return [val for frame in self.chain() for val in frame.constants]

    def chain(self) -> Iterator[Frame]:
        """Yield this graph and those around it, the innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def sizes(self) -> tuple[int, ...]:
        """How much there is now, for :meth:`cut`."""
        return tuple(map(len, self._lists()))

    def cut(self, sizes: tuple[int, ...]) -> None:
        """Take back what was added since :meth:`sizes` gave ``sizes``."""
        for entries, size in zip(self._lists(), sizes, strict=True):
            del entries[size:]

    def forget(self, count: int) -> None:
        """Drop all nodes but the first ``count``, with what they have made."""
        gone = set(self.nodes[count:])
        del self.nodes[count:]
        self.history = [entry for entry in self.history if entry[0] not in gone]
        self.values = [val for val in self.values if val.value.producer() not in gone]
        self.constants = [val for val in self.constants if val.value.producer() not in gone]

    def _lists(self) -> tuple[list[Any], ...]:
        values = (self.inputs, self.values, self.constants, self.initializers)
        return (self.nodes, *values, self.history)


def release(node: ir.Node) -> None:
    """Take back the uses that ``node`` makes of values."""
    for index in range(len(node.inputs)):
        node.replace_input_with(index, None)
