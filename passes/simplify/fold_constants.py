"""Pass `fold-constants`: compute before the run what does not depend on the inputs.

    Add(Constant 1, Constant 2) -> Mul(x)      Mul(x, initializer 3)
    Shape(x: float[N, 3]) -> Gather(1)         initializer 3

1. A node whose inputs are all constants is computed, all such nodes in one small model by the
   runtime that the guard uses, so that results are those of the graph as written. Dimensions that
   follow from the inputs' signature count as constants, declarations inside the graph do not.
2. Left alone, each with a remark where it is not plain: what is random, runs graphs of its own,
   quantizes or dequantizes, belongs to another domain than the default one, has results that are no
   numeric tensors, would make the model larger, or is refused by the runtime.
3. Results become initializers of the graph in which they stand. In functions, and where a graph
   returns them, they become Constant nodes. Other Constant nodes of a graph become initializers.

A result may be larger than `max_growth` where it is not larger than the constants of which nothing
else than its node makes use.

Numerics: exact; unoptimized, one thread.
References: onnxscript/optimizer/_constant_folding.py (https://github.com/microsoft/onnxscript),
which evaluates node by node with the reference implementation and trusts declared shapes;
onnxruntime/core/optimizer/constant_folding.cc (https://github.com/microsoft/onnxruntime).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from passmgr.core.contract import Pass, PassContext, option
from passmgr.core.ir.walk import graph_tree, ordered_nodes

from ..analyze.constants import constant_tensor, constant_values, liftable_tensor
from ..analyze.inferred_shapes import InferredShapes
from ..analyze.shape_functions import default_opset
from .constant_batch import ConstantBatch, is_feedable
from .constant_placement import Placement
from .foldable import is_foldable, is_foldable_type
from .growth import GrowthLimit
from .shape_values import ShapeValues

if TYPE_CHECKING:
    from ..analyze.shape_functions import Typing

    GraphLike = ir.Graph | ir.Function
    Tensors = dict[ir.Value, ir.TensorProtocol]

_FINAL = ("no-constant", "runtime-refused")
"""Reasons that another round does not take away."""


@dataclass(frozen=True)
class FoldConstants(Pass):
    """Compute nodes that read only constants, and make initializers of Constant nodes."""

    name = "fold-constants"
    requires = ("sorted",)
    establishes = ("constants-folded",)
    idempotent = True
    scope = "model"

    max_growth: int = option(
        1 << 20,
        help="Bytes up to which a result may be larger than the constants it replaces.",
        minimum=0,
    )

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Fold in the main graph with its subgraphs, then in every function."""
        roots: list[GraphLike] = [model.graph, *model.functions.values()]
        for root in roots:
            opset = default_opset(root.opset_imports)
            folding = _Folding(model, ctx, root, opset or 0, self.max_growth)
            if opset is not None:
                folding.run()
            folding.lift()


class _Folding:
    """Folding in one graph or function with its subgraphs."""

    def __init__(
        self, model: ir.Model, ctx: PassContext, root: GraphLike, opset: int, max_growth: int
    ) -> None:
        self._model = model
        self._ctx = ctx
        self._graphs = list(graph_tree(root))
        self._looks_at_shapes = any(
            node.op_type in ("Shape", "Size") and not node.domain
            for graph in self._graphs
            for node in ordered_nodes(graph)
        )
        self._in_function = root is not model.graph
        self._placement = Placement(ctx.edit, in_function=self._in_function, opset=opset)
        self._opset = opset
        self._growth = GrowthLimit(max_growth)
        self._inputs = frozenset(model.graph.inputs)
        self._inferred: Mapping[ir.Value, Typing] | None = None
        self._left: dict[ir.Node, tuple[str, str]] = {}

    def run(self) -> None:
        """Fold until nothing is left that became constant or small enough by the last round."""
        while self._round():
            self._left = {n: why for n, why in self._left.items() if why[0] in _FINAL}
        for node, (code, reason) in self._left.items():
            self._ctx.remark(code, reason, node=node)

    def lift(self) -> None:
        """Make initializers of the Constant nodes."""
        if self._in_function:
            return
        for graph in self._graphs:
            for node in ordered_nodes(graph):
                if node._op_type != "Constant" or not node.outputs[0]._uses:
                    continue
                tensor = liftable_tensor(node)
                if self._placement.as_node(node.outputs[0]):
                    continue
                if tensor is not None and self._ctx.action(node, "lift-constant"):
                    self._placement.put(node, node.outputs[0], tensor)
                    self._ctx.edit.remove(node)

    # -- what is constant ----------------------------------------------------------------------

    def _shape_values(self, constants: Tensors) -> Tensors:
        """Return the values that follow from static dimensions."""
        if not self._looks_at_shapes:
            return {}
        if self._inferred is None:
            self._inferred = self._infer()
        inferred, inputs = self._inferred, self._inputs

        def dims(value: ir.Value) -> tuple[int | None, ...] | None:
            shape: Iterable[Any] | None
            if value in constants:
                shape = constants[value].shape.numpy()
            elif value in inputs:
                shape = value.shape
            else:
                shape = inferred[value].dims if value in inferred else None
            if shape is None:
                return None
            return tuple(dim if isinstance(dim, int) else None for dim in shape)

        values = ShapeValues(dims, constants)
        for graph in self._graphs:
            values.follow(ordered_nodes(graph))
        return {v: t for v, t in values.resolved.items() if not _is_returned_twice(v)}

    def _infer(self) -> Mapping[ir.Value, Typing]:
        """Return the types of values where dimensions are asked for; folding changes none."""
        return {} if self._in_function else self._ctx.get(InferredShapes).known

    def _constants(self) -> Tensors:
        """Return the constants of all graphs that can be computed with."""
        found: Tensors = {}
        for graph in self._graphs:
            found.update(constant_values(graph, self._model.ir_version))
            for node in ordered_nodes(graph):
                if node._op_type == "Constant":
                    tensor = constant_tensor(node)
                    if tensor is not None:
                        found[node.outputs[0]] = tensor
        return found

    def _candidates(self, constants: Tensors, given: Tensors) -> list[ir.Node]:
        """Return the nodes that depend on nothing but ``constants``, producers first.

        Other names for constants are added to them.
        """
        found: list[ir.Node] = []
        known = {value for value, tensor in constants.items() if is_feedable(tensor)}
        known.update(given)
        functions = self._model.functions
        for graph in self._graphs:
            for node in ordered_nodes(graph):
                for value in node._inputs:
                    if value is not None and value not in known:
                        break
                else:
                    if not node.outputs or node.outputs[0] in given:
                        continue
                    if node in self._left or not is_foldable(node, self._opset, functions):
                        continue
                    source = node.inputs[0] if node.op_type == "Identity" else None
                    if source in constants:
                        # Another name for a constant; eliminate-identity removes it.
                        constants[node.outputs[0]] = constants[source]
                        known.add(node.outputs[0])
                        continue
                    if any(map(_is_returned_twice, node.outputs)):
                        continue
                    found.append(node)
                    known.update(node.outputs)
        return found

    # -- one round -----------------------------------------------------------------------------

    def _round(self) -> bool:
        """Fold once what can be folded; return whether another round may find more."""
        constants = self._constants()
        shapes = self._shape_values(constants)
        constants.update(shapes)
        candidates = self._candidates(constants, shapes)
        batch = ConstantBatch(candidates, constants, self._opset)
        selected = self._select(batch, constants) if candidates else []
        resolved = [producer for v in shapes if (producer := v.producer()) is not None]
        folded = set(selected) | set(resolved)
        wanted = [
            value
            for node in (*resolved, *selected)
            if any(_is_read(value, folded) for value in node.outputs)
            # The node goes, with all that it makes, be it read by nothing but dead nodes.
            for value in node.outputs
            if value._uses or value.is_graph_output()
        ]
        results: Tensors = {value: shapes[value] for value in wanted if value in shapes}
        needed = _producers(wanted, set(selected))
        failed: Mapping[ir.Node, str] = {}
        if needed:
            nodes = [node for node in selected if node in needed]
            values = [value for value in wanted if value not in shapes]
            arrays, failed = batch.evaluate(self._ctx.runtime("onnxruntime"), nodes, values)
            for value, array in arrays.items():
                array.setflags(write=False)
                results[value] = ir.Tensor(array)
            for node, reason in failed.items():
                self._left[node] = ("runtime-refused", f"the runtime cannot compute it: {reason}")
        changed = self._apply(wanted, results, folded) or bool(failed)
        # Where all that is constant was folded at once, another look would find nothing.
        done = len(selected) == len(candidates) and not self._left.keys() & folded
        return changed and (self._looks_at_shapes or not done)

    def _select(self, batch: ConstantBatch, constants: Tensors) -> list[ir.Node]:
        """Return the nodes of ``batch`` of which the results are known to be small enough."""
        typings = batch.typings()
        selected: list[ir.Node] = []
        absent: set[ir.Value] = set()
        for node in batch.nodes:
            inputs = [value for value in node.inputs if value is not None]
            outputs = [value for value in node.outputs if value.name]
            if any(value in absent for value in inputs):
                absent.update(outputs)
                continue
            if not all(is_foldable_type(typings.get(value)) for value in outputs):
                self._left[node] = ("not-a-tensor", "its result cannot be an initializer")
            elif (reason := self._growth.obstacle(node, typings, constants)) is None:
                selected.append(node)
                continue
            elif reason:
                self._left[node] = ("result-too-large", reason)
            elif all(value in constants for value in inputs):
                # Otherwise its size may be known in the next round, when its inputs are.
                self._left[node] = (
                    "result-too-large",
                    "the size of its result is not known before it runs",
                )
            absent.update(outputs)
        return selected

    # -- rewriting -----------------------------------------------------------------------------

    def _apply(self, wanted: list[ir.Value], results: Tensors, folded: Collection[ir.Node]) -> bool:
        changed = False
        by_node: dict[ir.Node, list[ir.Value]] = {}
        for value in wanted:
            producer = value.producer()
            if producer is not None:
                by_node.setdefault(producer, []).append(value)
        for node, values in by_node.items():
            if not all(value in results for value in values):
                continue
            reasons = [self._placement.obstacle(value, results[value]) for value in values]
            if why := next(filter(None, reasons), None):
                self._left[node] = ("no-constant", why)
                continue
            if not self._ctx.action(node, "fold"):
                continue
            for value in values:
                self._placement.put(node, value, results[value])
            self._placement.remove_unused(node, folded)
            changed = True
        return changed


def _is_read(value: ir.Value, folded: Collection[ir.Node]) -> bool:
    """Tell whether something other than the nodes ``folded`` reads ``value``."""
    return value.is_graph_output() or any(user not in folded for user, _ in value._uses)


def _is_returned_twice(value: ir.Value) -> bool:
    if not value.is_graph_output() or value.graph is None:
        return False
    return sum(output is value for output in value.graph.outputs) > 1


def _producers(values: Iterable[ir.Value], among: Collection[ir.Node]) -> set[ir.Node]:
    """Return the nodes of ``among`` from which ``values`` are computed."""
    needed: set[ir.Node] = set()
    stack = [value.producer() for value in values]
    while stack:
        node = stack.pop()
        if node is not None and node in among and node not in needed:
            needed.add(node)
            stack.extend([value.producer() for value in node.inputs if value is not None])
    return needed
