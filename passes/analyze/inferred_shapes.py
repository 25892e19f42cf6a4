"""Analysis `inferred-shapes`: what ONNX's inference derives from inputs and constants alone.

Types and shapes that a file declares for values inside the graph can be stale: somebody gave the
inputs a symbolic batch dimension and left the rest at batch 1. Here they are left out, so that what
comes back holds for every input that the signature admits, and may decide what is constant. Only of
operators that ONNX cannot infer is the declaration taken, there being nothing else.

ONNX's inference runs on a copy of the model without its weights. Symbols that it invents
(``unk__0``) are dropped: in the model they would look like the user's own.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import onnx
import onnx_ir as ir

from passmgr.core.contract import Analysis, AnalysisContext, Aspect
from passmgr.core.ir.walk import graph_tree, node_subgraphs

from .constants import constant_tensor, is_constant_initializer
from .shape_functions import UNKNOWN, Typing, default_opset

SMALL_TENSOR = 1024
"""Bytes up to which a constant is given to the inference with its data."""

INFERENCE_ERRORS = (
    onnx.shape_inference.InferenceError,
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
)
"""What onnx raises where it cannot cope with a model; none of it may fail a run."""


@dataclass(frozen=True)
class ShapeTable:
    """What was inferred.

    Args:
        known: Types and dimensions of outputs of nodes, in the main graph and its subgraphs.
        problem: Why the inference failed; empty where it did not.
    """

    known: Mapping[ir.Value, Typing] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class InferredShapes(Analysis[ShapeTable]):
    """Types and shapes that follow from the inputs, the constants and the operators."""

    name: ClassVar[str] = "inferred-shapes"
    reads: ClassVar[Aspect] = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    def compute(self, model: ir.Model, ctx: AnalysisContext) -> ShapeTable:
        """Infer the types and shapes of all values of the main graph and its subgraphs."""
        try:
            skeleton = _Skeleton(model)
            inferred = onnx.shape_inference.infer_shapes(
                skeleton.proto, check_type=False, strict_mode=False, data_prop=True
            )
        except INFERENCE_ERRORS as error:
            return ShapeTable({}, " ".join(str(error).split()) or type(error).__name__)
        known: dict[ir.Value, Typing] = {}
        skeleton.collect(model.graph, inferred.graph, known)
        return ShapeTable(known)


class _Skeleton:
    """The model as a proto without weights and without doubtful declarations."""

    def __init__(self, model: ir.Model) -> None:
        self._model = model
        self._renamed = _names_that_differ(model)
        self.symbols: set[str] = set()
        self.proto = onnx.ModelProto(ir_version=max(model.ir_version, 4))
        for domain, version in model.opset_imports.items():
            self.proto.opset_import.add(domain=domain, version=version)
        for function in model.functions.values():
            ir.serde.serialize_function_into(self.proto.functions.add(), function)
        self._fill(self.proto.graph, model.graph)

    def _fill(self, proto: onnx.GraphProto, graph: ir.Graph) -> None:
        """Write ``graph``; of a subgraph's inputs only the types hold in every iteration."""
        is_main = graph is self._model.graph
        proto.name = graph.name or "graph"
        for value in graph.inputs:
            if is_main and is_constant_initializer(value, self._model.ir_version):
                continue
            self._declare(proto.input, value, with_shape=is_main)
        for value in graph.initializers.values():
            if is_constant_initializer(value, self._model.ir_version):
                self._constant(proto, value, value.const_value)
        for node in graph:
            tensor = constant_tensor(node)
            if tensor is not None and tensor.nbytes > SMALL_TENSOR:
                self._constant(proto, node.outputs[0], tensor)
                continue
            self._node(proto.node.add(), node)
            if not self._is_inferable(node):
                for value in node.outputs:
                    if value.name and value.type is not None and not value.is_graph_output():
                        self._declare(proto.value_info, value)
        for value in graph.outputs:
            # ONNX's inference takes a constant that is an output for an unknown, and Slice then
            # for one along the first axes.
            if not value.is_initializer():
                self._declare(proto.output, value, with_shape=False)

    def _node(self, proto: onnx.NodeProto, node: ir.Node) -> None:
        subgraphs = list(node_subgraphs(node)) if node.attributes else []
        if not subgraphs and not self._renamed:
            ir.serde.serialize_node_into(proto, node)
            return
        proto.op_type, proto.domain, proto.name = node.op_type, node.domain, node.name or ""
        proto.overload = node.overload
        proto.input.extend(map(self._name, node.inputs))
        proto.output.extend(map(self._name, node.outputs))
        for attribute in node.attributes.values():
            if attribute.is_ref():
                ir.serde.serialize_reference_attribute_into(proto.attribute.add(), attribute)
            elif attribute.type == ir.AttributeType.GRAPH:
                item = proto.attribute.add(name=attribute.name, type=onnx.AttributeProto.GRAPH)
                self._fill(item.g, attribute.value)
            elif attribute.type == ir.AttributeType.GRAPHS:
                item = proto.attribute.add(name=attribute.name, type=onnx.AttributeProto.GRAPHS)
                for graph in attribute.value:
                    self._fill(item.graphs.add(), graph)
            else:
                ir.serde.serialize_attribute_into(proto.attribute.add(), attribute)

    def _constant(
        self, proto: onnx.GraphProto, value: ir.Value, tensor: ir.TensorProtocol | None
    ) -> None:
        assert tensor is not None
        if tensor.nbytes <= SMALL_TENSOR and tensor.dtype != ir.DataType.STRING:
            item = proto.initializer.add()
            ir.serde.serialize_tensor_into(item, tensor)
            item.name = self._name(value)
        else:
            dims = tensor.shape.numpy()
            proto.value_info.append(
                onnx.helper.make_tensor_value_info(self._name(value), tensor.dtype.value, dims)
            )

    def _declare(
        self,
        target: Any,
        value: ir.Value,
        with_shape: bool = True,
    ) -> None:
        item = target.add(name=self._name(value))
        if value.type is None:
            return
        ir.serde.serialize_type_into(item.type, value.type)
        if with_shape and value.shape is not None:
            ir.serde.serialize_shape_into(item.type, value.shape)
            self.symbols.update(
                dim.value for dim in value.shape if not isinstance(dim, int) and dim.value
            )

    def collect(
        self, graph: ir.Graph, proto: onnx.GraphProto, known: dict[ir.Value, Typing]
    ) -> None:
        """Read the inferred types of ``graph`` and of the graphs inside it into ``known``."""
        items = {item.name: item.type for item in (*proto.value_info, *proto.output)}
        holders = [node for node in proto.node if any(_subgraphs(node))]
        for node in graph:
            for value in node.outputs:
                found = items.get(self._name(value))
                if found is not None and (typing := read_typing(found, self.symbols)) is not None:
                    known[value] = typing
        ours = [
            node for node in graph if node.attributes and any(True for _ in node_subgraphs(node))
        ]
        for node, holder in zip(ours, holders, strict=True):
            for subgraph, inner in zip(node_subgraphs(node), _subgraphs(holder), strict=True):
                self.collect(subgraph, inner, known)

    def _name(self, value: ir.Value | None) -> str:
        if value is None:
            return ""
        return self._renamed.get(value) or value.name or ""

    def _is_inferable(self, node: ir.Node) -> bool:
        if node.op_identifier() in self._model.functions:
            return True
        imports = self._model.opset_imports
        version = imports.get(node.domain) if node.domain else default_opset(imports)
        return version is not None and _has_inference(node.domain, node.op_type, version)


@functools.lru_cache(maxsize=4096)
def _has_inference(domain: str, op_type: str, version: int) -> bool:
    try:
        schema = onnx.defs.get_schema(op_type, version, domain)
    except onnx.defs.SchemaError:
        return False
    return bool(schema.has_type_and_shape_inference_function)


def _subgraphs(node: onnx.NodeProto) -> Iterable[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        elif attribute.type == onnx.AttributeProto.GRAPHS:
            yield from attribute.graphs


def _names_that_differ(model: ir.Model) -> dict[ir.Value, str]:
    """Return names for the values whose own another value has, be it in another graph.

    ONNX's inference knows values by name alone, and takes one that shadows another for that one.
    """
    taken: set[str] = set()
    twins: list[ir.Value] = []
    for graph in graph_tree(model.graph):
        values = [*graph.inputs, *getattr(graph, "initializers", {}).values()]
        values += [value for node in graph for value in node.outputs]
        for value in dict.fromkeys(values):
            if value.name:
                twins += [value] if value.name in taken else []
                taken.add(value.name)
    numbers = itertools.count()
    free = (name for number in numbers if (name := f"twin_{number}") not in taken)
    return {value: next(free) for value in twins}


def read_typing(proto: onnx.TypeProto, symbols: set[str]) -> Typing | None:
    """Return the type and dimensions in ``proto``, of the symbols only those in ``symbols``."""
    if proto.HasField("tensor_type"):
        tensor = proto.tensor_type
        if not tensor.elem_type:
            return None
        element = ir.TensorType(ir.DataType(tensor.elem_type))
        if not tensor.HasField("shape"):
            return Typing(element, None)
        return Typing(element, tuple(_dim(dim, symbols) for dim in tensor.shape.dim))
    if proto.HasField("sequence_type") and (inner := _element(proto.sequence_type, symbols)):
        return Typing(ir.SequenceType(inner), None)
    if proto.HasField("optional_type") and (inner := _element(proto.optional_type, symbols)):
        return Typing(ir.OptionalType(inner), None)
    return None  # maps have no type in onnx_ir


def _element(proto: Any, symbols: set[str]) -> ir.TypeProtocol | None:
    typing = read_typing(proto.elem_type, symbols)
    return None if typing is None else typing.type


def _dim(proto: onnx.TensorShapeProto.Dimension, symbols: set[str]) -> int | ir.SymbolicDim:
    if proto.HasField("dim_value"):
        return int(proto.dim_value) if proto.dim_value >= 0 else UNKNOWN
    if proto.dim_param in symbols:
        return ir.SymbolicDim(proto.dim_param)
    return UNKNOWN
