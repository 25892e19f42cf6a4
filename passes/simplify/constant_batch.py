"""ConstantBatch: a small model of constant nodes, to learn how large their results are and run it.

Values are renamed: nodes of sibling subgraphs, whose names may be the same, share one graph here.
Nodes that compute the same from the same constants are computed once.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from passmgr.core.errors import RuntimeFailure

from ..analyze.inferred_shapes import INFERENCE_ERRORS, SMALL_TENSOR, read_typing
from .computation import computation_key
from .foldable import DTYPES

if TYPE_CHECKING:
    import numpy as np

    from passmgr.core.contract import Runtime

    from ..analyze.shape_functions import Typing

    Array = np.ndarray[Any, np.dtype[Any]]

MOST_FAILURES = 32
"""After so many nodes that the runtime refuses in a row, the others are not tried any more."""

MOST_NODES = 1000
"""Nodes that are run together: the time to load a model grows faster than its nodes."""


class ConstantBatch:
    """Nodes that read nothing but constants and each other.

    Args:
        nodes: The nodes, producers before consumers.
        constants: Tensors of the constants that they read.
        opset: Version of the default domain.
    """

    def __init__(
        self,
        nodes: Sequence[ir.Node],
        constants: Mapping[ir.Value, ir.TensorProtocol],
        opset: int,
    ) -> None:
        self.nodes = nodes
        self._constants = constants
        self._opset = opset
        self._first: dict[ir.Value, ir.Value] = {}
        self._number()
        self._distinct = self._distinct_of(nodes)

    def _number(self) -> None:
        """Find the first node of each computation; ``_first`` maps what the others read and make.

        Value numbering: Aho, Lam, Sethi, Ullman: Compilers, 2nd ed. (2006), section 6.1.2.
        """
        first, constants = self._first, self._constants
        nodes: dict[Hashable, ir.Node] = {}
        contents: dict[Hashable, ir.Value] = {}
        for node in self.nodes:
            for value in node.inputs:
                if value is not None and value not in first:
                    # What is no constant is made by a node that comes later or was left out.
                    tensor = constants.get(value)
                    key = None if tensor is None else _contents(tensor)
                    first[value] = value if key is None else contents.setdefault(key, value)
            key = computation_key(node, [None if v is None else first[v] for v in node.inputs])
            earlier = node if key is None else nodes.setdefault(key, node)
            first.update(zip(node.outputs, earlier.outputs, strict=True))

    def _distinct_of(self, nodes: Iterable[ir.Node]) -> list[ir.Node]:
        """Return the first node of each computation that ``nodes`` make, producers first."""
        producers = (self._first[node.outputs[0]].producer() for node in nodes)
        return list(dict.fromkeys(node for node in producers if node is not None))

    def typings(self) -> dict[ir.Value, Typing]:
        """Return the types and shapes of the results, as far as ONNX's inference knows them."""
        proto, names, _ = self._model(self._distinct, self._constants, ())
        try:
            inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True)
        except INFERENCE_ERRORS:
            return {}
        values = {name: value for value, name in names.items()}
        found = {}
        for item in inferred.graph.value_info:
            typing = read_typing(item.type, set())
            if typing is not None:
                found[values[item.name]] = typing
        outputs = (value for node in self.nodes for value in node.outputs)
        return {v: found[self._first[v]] for v in outputs if self._first[v] in found}

    def evaluate(
        self, runtime: Runtime, nodes: Sequence[ir.Node], wanted: Collection[ir.Value]
    ) -> tuple[dict[ir.Value, Array], dict[ir.Node, str]]:
        """Compute values, each computation once.

        Where the runtime refuses the batch, its halves are tried, down to single nodes.

        Args:
            runtime: What computes them.
            nodes: The nodes to run: those of the batch that ``wanted`` depends on.
            wanted: Outputs of the nodes.

        Returns:
            The values, and the nodes that were not computed with the reason. What depends on such
            a node is missing from both.
        """
        first = self._first
        targets = {first[value] for value in wanted}
        results, failed = self._evaluate(runtime, self._distinct_of(nodes), targets)
        # Nodes of one computation fail together.
        reasons = {value: why for node, why in failed.items() for value in node.outputs}
        return (
            {value: results[first[value]] for value in wanted if first[value] in results},
            {
                node: reasons[first[node.outputs[0]]]
                for node in nodes
                if first[node.outputs[0]] in reasons
            },
        )

    def _evaluate(
        self, runtime: Runtime, nodes: Sequence[ir.Node], wanted: set[ir.Value]
    ) -> tuple[dict[ir.Value, Array], dict[ir.Node, str]]:
        known: dict[ir.Value, ir.TensorProtocol] = dict(self._constants)
        results: dict[ir.Value, Array] = {}
        failed: dict[ir.Node, str] = {}
        lost: set[ir.Value | None] = set()
        stack = list(self._parts(nodes, wanted))
        while stack:
            nodes, targets = stack.pop()
            lost.update(output for node in failed for output in node.outputs)
            ready = []
            for node in nodes:
                if lost and any(value in lost for value in self._reads(node)):
                    lost.update(node.outputs)
                else:
                    ready.append(node)
            targets -= lost
            if not ready or not targets:
                continue
            try:
                found = self._run(runtime, ready, known, list(targets))
            except RuntimeFailure as error:
                if len(failed) >= MOST_FAILURES:
                    failed.update(dict.fromkeys(ready, f"not tried after {MOST_FAILURES} failures"))
                elif len(ready) == 1:
                    failed[ready[0]] = str(error)
                else:
                    middle = len(ready) // 2
                    # Halves read each other's values, so then everything is wanted.
                    for half in (ready[middle:], ready[:middle]):
                        stack.append((half, _outputs(half)))
                continue
            for value, array in found.items():
                results[value] = array
                known[value] = ir.Tensor(array)
        return results, failed

    def _reads(self, node: ir.Node) -> list[ir.Value | None]:
        """Return what stands for the inputs of ``node``."""
        return [None if value is None else self._first[value] for value in node.inputs]

    def _parts(
        self, nodes: Sequence[ir.Node], wanted: set[ir.Value]
    ) -> Iterator[tuple[Sequence[ir.Node], set[ir.Value]]]:
        """Yield ``nodes`` in parts that a runtime loads quickly, last first.

        With each comes what is wanted of it, or read by later parts.
        """
        asked: set[ir.Value | None] = set(wanted)
        for start in reversed(range(0, len(nodes), MOST_NODES)):
            part = nodes[start : start + MOST_NODES]
            yield part, {value for value in _outputs(part) if value in asked}
            for node in part:
                asked.update(self._reads(node))

    def _run(
        self,
        runtime: Runtime,
        nodes: Sequence[ir.Node],
        known: Mapping[ir.Value, ir.TensorProtocol],
        wanted: Sequence[ir.Value],
    ) -> dict[ir.Value, Array]:
        proto, names, feed = self._model(nodes, known, wanted)
        session = runtime.session(proto.SerializeToString(), optimize=False)
        found = session.run(feed, [names[value] for value in wanted])
        return dict(zip(wanted, found, strict=True))

    def _model(
        self,
        nodes: Sequence[ir.Node],
        known: Mapping[ir.Value, ir.TensorProtocol],
        wanted: Collection[ir.Value],
    ) -> tuple[onnx.ModelProto, dict[ir.Value, str], dict[str, Array]]:
        """Return the model, the names of the values in it, and the large constants to feed."""
        proto = onnx.ModelProto(ir_version=8)
        proto.opset_import.add(domain="", version=self._opset)
        graph = proto.graph
        graph.name = "constants"
        names: dict[ir.Value, str] = {}
        feed: dict[str, Array] = {}
        for node in nodes:
            inputs = self._reads(node)
            for value in inputs:
                if value is not None and value not in names:
                    name = names[value] = f"c{len(names)}"
                    tensor = known[value]
                    if tensor.nbytes <= SMALL_TENSOR:
                        ir.serde.serialize_tensor_into(graph.initializer.add(), tensor)
                        graph.initializer[-1].name = name
                    else:
                        graph.input.append(
                            onnx.helper.make_tensor_value_info(
                                name, tensor.dtype.value, tensor.shape.numpy()
                            )
                        )
                        feed[name] = tensor.numpy()
            for value in node.outputs:
                if value.name:
                    names[value] = f"v{len(names)}"
            item = graph.node.add(op_type=node.op_type)
            item.input.extend(["" if value is None else names[value] for value in inputs])
            item.output.extend([names.get(value, "") for value in node.outputs])
            for attribute in node.attributes.values():
                ir.serde.serialize_attribute_into(item.attribute.add(), attribute)
        graph.output.extend([onnx.ValueInfoProto(name=names[value]) for value in wanted])
        return proto, names, feed


def _contents(tensor: ir.TensorProtocol) -> Hashable | None:
    """Return type, shape and bytes of a small tensor."""
    if not is_feedable(tensor) or tensor.size > SMALL_TENSOR:
        return None
    array = tensor.numpy()
    return tensor.dtype, array.shape, array.tobytes()


def _outputs(nodes: Iterable[ir.Node]) -> set[ir.Value]:
    return {value for node in nodes for value in node.outputs if value.name}


def is_feedable(tensor: ir.TensorProtocol) -> bool:
    """Tell whether a constant can be handed to a runtime as an array."""
    return tensor.dtype in DTYPES
