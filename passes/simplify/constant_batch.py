"""ConstantBatch: a small model of constant nodes, to learn how large their results are and run it.

Values are renamed: nodes of sibling subgraphs, whose names may be the same, share one graph here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from passmgr.core.errors import RuntimeFailure

from ..analyze.inferred_shapes import INFERENCE_ERRORS, SMALL_TENSOR, read_typing
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

    def typings(self) -> dict[ir.Value, Typing]:
        """Return the types and shapes of the results, as far as ONNX's inference knows them."""
        proto, names, _ = self._model(self.nodes, self._constants, ())
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
        return found

    def evaluate(
        self, runtime: Runtime, wanted: Collection[ir.Value]
    ) -> tuple[dict[ir.Value, Array], dict[ir.Node, str]]:
        """Compute values.

        Where the runtime refuses the batch, its halves are tried, down to single nodes.

        Args:
            runtime: What computes them.
            wanted: Outputs of the nodes.

        Returns:
            The values, and the nodes that were not computed with the reason. What depends on such
            a node is missing from both.
        """
        known: dict[ir.Value, ir.TensorProtocol] = dict(self._constants)
        results: dict[ir.Value, Array] = {}
        failed: dict[ir.Node, str] = {}
        stack = [
            (part, targets | (set(wanted) & _outputs(part))) for part, targets in _parts(self.nodes)
        ][::-1]
        while stack:
            nodes, targets = stack.pop()
            lost = {output for node in failed for output in node.outputs}
            ready = []
            for node in nodes:
                if any(value in lost for value in node.inputs):
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
        return {value: results[value] for value in wanted if value in results}, failed

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
            for value in node.inputs:
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
            item.input.extend(["" if value is None else names[value] for value in node.inputs])
            item.output.extend([names.get(value, "") for value in node.outputs])
            for attribute in node.attributes.values():
                ir.serde.serialize_attribute_into(item.attribute.add(), attribute)
        graph.output.extend([onnx.ValueInfoProto(name=names[value]) for value in wanted])
        return proto, names, feed


def _parts(nodes: Sequence[ir.Node]) -> Iterator[tuple[list[ir.Node], set[ir.Value]]]:
    """Yield ``nodes`` in parts that a runtime loads quickly, each with what others read of it."""
    for start in range(0, len(nodes), MOST_NODES):
        part = list(nodes[start : start + MOST_NODES])
        own = set(part)
        later = {
            value for value in _outputs(part) if any(user not in own for user, _ in value._uses)
        }
        yield part, later


def _outputs(nodes: Iterable[ir.Node]) -> set[ir.Value]:
    return {value for node in nodes for value in node.outputs if value.name}


def is_feedable(tensor: ir.TensorProtocol) -> bool:
    """Tell whether a constant can be handed to a runtime as an array."""
    return tensor.dtype in DTYPES
