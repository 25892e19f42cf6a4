"""Builder: draws values, constants and nodes, and knows what it has made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx_ir as ir

from . import sizes
from .attributes import attribute
from .bounding import bounded
from .choices import Choices, Source
from .constants import make_constant, numbers
from .kernels import takes
from .options import Options
from .sizes import Dim, Dims
from .values import (
    FLOAT_BOUNDS,
    INPUT_BOUNDS,
    LARGEST,
    Frame,
    FrameKind,
    Result,
    UnfitError,
    Val,
    release,
)

MOST_ELEMENTS = 4096
"""Elements of a value where every symbol is 8, so that models run fast."""


class Builder(Choices):
    """A model under construction, and the choices that are made for it.

    Args:
        source: Makes the choices.

    Attributes:
        options: What the user asked for.
        opset: The opset of the model.
        ir_version: Its IR version.
        frame: The graph that is being written.
        functions: The functions of the model so far.
        nodes: The nodes made so far, those in subgraphs and functions included.
    """

    def __init__(self, source: Source, options: Options, opset: int, ir_version: int) -> None:
        super().__init__(source)
        self.options = options
        self.opset = opset
        self.ir_version = ir_version
        self.frame = Frame("main")
        self.functions: list[ir.Function] = []
        self.nodes: list[ir.Node] = []
        self.depth = 0
        self._names = 0

    # Graphs.

    @contextmanager
    def inside(self, kind: FrameKind) -> Iterator[Frame]:
        """Write a graph inside the present one, or a function beside it."""
        outer = self.frame
        self.frame = Frame(kind, None if kind == "function" else outer)
        self.depth += 1
        try:
            yield self.frame
        finally:
            self.frame = outer
            self.depth -= 1

    def attempt(self, step: Callable[[Builder], object]) -> bool:
        """Take a step, or only its beginning; take it back where it is not legal or too large."""
        frames = [(frame, frame.sizes()) for frame in self.frame.chain()]
        nodes, functions, first = len(self.nodes), len(self.functions), len(self.frame.nodes)
        try:
            step(self)
            count = len(self.frame.nodes) - first
            # Otherwise a step of many nodes could not shrink to the one that matters.
            kept = self.integer(1, 8 * count) if count > 1 else 1
            if kept < count:
                self._release(self.nodes.index(self.frame.nodes[first + kept - 1]) + 1)
                self.frame.forget(first + kept)
                alive = set(self.nodes)
                self.functions = [f for f in self.functions if alive.issuperset(f)]
            if len(self.nodes) <= self.options.max_nodes:
                return True
        except UnfitError:
            pass
        self._release(nodes)
        for frame, before in frames:
            frame.cut(before)
        del self.functions[functions:]
        return False

    def _release(self, first: int) -> None:
        """Take back all nodes from ``first`` on."""
        for node in self.nodes[first:]:
            release(node)
        del self.nodes[first:]

    def name(self, prefix: str = "v") -> str:
        """Return a name that nothing else in the model has."""
        self._names += 1
        return f"{prefix}{self._names}"

    # Nodes.

    def emit(
        self,
        op_type: str,
        inputs: Sequence[Val | None],
        results: Sequence[Result | None],
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
    ) -> list[Val]:
        """Add a node.

        Args:
            op_type: Its operator.
            inputs: What it reads; ``None`` leaves an input out.
            results: What is known of its outputs; ``None`` leaves an output out.
            attributes: Numbers, texts, lists of those, tensors, graphs or attributes; those that
                are ``None`` are left out.
            domain: The domain of the operator.

        Returns:
            The outputs that are not left out.

        Raises:
            UnfitError: An output may become too large, in elements or in magnitude.
        """
        outputs, made = [], []
        for result in results:
            if result is None:
                outputs.append(ir.Value(name=""))
                continue
            too_many = sizes.count_at(result.dims) > MOST_ELEMENTS
            if too_many or max(-result.low, result.high) > LARGEST.get(result.dtype, 1e4):
                raise UnfitError
            value = ir.Value(name=self.name())
            outputs.append(value)
            made.append(Val(value, result.dtype, result.dims, result.low, result.high))
        node = ir.Node(
            domain,
            op_type,
            [None if val is None else val.value for val in inputs],
            [attribute(k, v) for k, v in (attributes or {}).items() if v is not None],
            outputs=outputs,
            name="",
        )
        frame = self.frame
        frame.nodes.append(node)
        frame.values += made
        frame.history.append((node, made))
        self.nodes.append(node)
        return made

    def node(
        self,
        op_type: str,
        inputs: Sequence[Val | None],
        like: Val | ir.DataType,
        dims: Dims | None = None,
        bounds: tuple[float, float] | None = None,
        **attributes: Any,
    ) -> Val:
        """Add a node of one output, which has the type, shape and bounds of ``like`` by default."""
        if isinstance(like, Val):
            dtype = like.dtype
            dims = like.dims if dims is None else dims
            bounds = (like.low, like.high) if bounds is None else bounds
        else:
            dtype = like
        assert dims is not None
        assert bounds is not None
        return self.emit(op_type, inputs, [Result(dtype, dims, *bounds)], attributes)[0]

    # Operands.

    def dtypes(
        self, op_type: str, among: Collection[ir.DataType], position: int = 0
    ) -> tuple[ir.DataType, ...]:
        """Return the element types of ``among`` that are wanted and that the operator takes.

        Args:
            op_type: The operator.
            among: Element types.
            position: The input of the operator that is to have the type.

        Raises:
            UnfitError: There is none.
        """
        wanted = self.options.dtypes
        found = tuple(d for d in wanted if d in among and takes(op_type, self.opset, d, position))
        if not found:
            raise UnfitError
        return found

    def pick(
        self,
        dtypes: Sequence[ir.DataType],
        fits: Callable[[Val], bool] | None = None,
        ranks: tuple[int, int] = (0, 5),
    ) -> Val:
        """Draw a value of one of ``dtypes``, or make one where there is none.

        Args:
            dtypes: Element types.
            fits: What else must be true of it.
            ranks: Its least and greatest rank.
        """
        least, most = ranks
        found = [
            val
            for val in self.frame.visible()
            if val.dtype in dtypes and least <= len(val.dims) <= most and (not fits or fits(val))
        ]
        # Mostly what is newest, so that nodes form chains; the last choice is something fresh.
        if found and not self.one_in(4):
            return found[self.integer(0, min(3, len(found) - 1))]
        index = self.integer(0, len(found))
        if index < len(found):
            return found[index]
        for _ in range(3):
            val = self.fresh(self.choice(dtypes), self.dims(*ranks))
            if not fits or fits(val):
                return val
        raise UnfitError

    def fresh(self, dtype: ir.DataType, dims: Dims) -> Val:
        """Make a value that no node computes: an input of the main graph, or a constant."""
        if self.frame.kind != "main" or (sizes.is_static(dims) and self.one_in(8)):
            return self.constant(self.array(self.static(dims), dtype))
        low, high = INPUT_BOUNDS.get(dtype, FLOAT_BOUNDS)
        value = ir.Value(name=self.name("x"), type=ir.TensorType(dtype), shape=sizes.shape(dims))
        val = Val(value, dtype, dims, low, high)
        self.frame.inputs.append(val)
        self.frame.values.append(val)
        return val

    def dims(self, least: int = 0, most: int = 4) -> Dims:
        """Draw a shape."""
        rank = self.choice([r for r in (2, 3, 1, 4, 0, 5) if least <= r <= most])
        return tuple(self.dim() for _ in range(rank))

    def dim(self) -> Dim:
        """Draw a dimension: mostly a small number, at times a symbol, very rarely zero."""
        drawn = self.integer(1, 31)
        if drawn < 24:
            return (2, 3, 1, 4)[drawn % 4]
        if drawn == 31:
            return 0 if self.options.empty and self.one_in(4) else 5
        return sizes.symbolic(("N", "S", "T")[drawn % 3]) if self.options.dynamic_shapes else 6

    def static(self, dims: Dims) -> tuple[int, ...]:
        """Return the shape of a constant that broadcasts to ``dims``."""
        return tuple(dim if isinstance(dim, int) else 1 for dim in dims)

    # Constants.

    def array(
        self, dims: Sequence[int], dtype: ir.DataType, low: float = -2.0, high: float = 2.0
    ) -> np.ndarray[Any, Any]:
        """Draw numbers between ``low`` and ``high``; equal draws give equal numbers."""
        return numbers(dims, dtype, low, high, self.integer(0, 3))

    def ints(self, *numbers: int) -> Val:
        """Make a constant list of integers, as axes and sizes are."""
        return self.constant(np.array(numbers, np.int64))

    def scalar(self, number: float, dtype: ir.DataType) -> Val:
        """Make a constant without dimensions."""
        return self.constant(np.array(number, dtype.numpy()))

    def constant(self, array: np.ndarray[Any, Any]) -> Val:
        """Make a constant or share an equal one; how it is written is drawn."""
        return make_constant(self, array)

    # Legality.

    def within(self, val: Val, low: float, high: float) -> Val:
        """Return ``val``, or what is made of it if its elements may not lie in the interval.

        Raises:
            UnfitError: There is no way for this element type.
        """
        if low <= val.low and val.high <= high:
            return val
        if not val.is_float:
            raise UnfitError
        return bounded(self, val, low, high)
