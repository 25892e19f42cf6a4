"""Inspect a model: signature, opsets, ops, parameters and what it says about itself."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import ValueInfo
from ..ir.walk import graphs_with_nodes, model_graphs, op_histogram
from ..registry import Registry, load_registry
from .load import load_model

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Inspection:
    """What a model consists of.

    Args:
        ir_version: Version of the ONNX file format.
        producer: Name and version of the tool that made the model.
        opsets: Imported version of each domain; the standard one is ``""``.
        inputs: Signature of the inputs, without those that only give an initializer a default.
        outputs: Signature of the outputs.
        nodes: Nodes of the graph, its subgraphs and functions.
        subgraphs: Graphs inside nodes, such as the branches of an If.
        functions: Model-local functions, as ``domain::name``.
        ops: How many nodes there are of each op type, the most frequent first.
        parameters: Elements of all initializers.
        parameter_bytes: Their bytes.
        element_types: Bytes of the initializers of each element type.
        external_files: Files beside the model that hold weights, with the bytes used of each.
        metadata: Metadata properties.
        doc: The model's doc string.
    """

    ir_version: int
    producer: str
    opsets: Mapping[str, int]
    inputs: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]
    nodes: int
    subgraphs: int
    functions: tuple[str, ...]
    ops: Mapping[str, int]
    parameters: int
    parameter_bytes: int
    element_types: Mapping[str, int]
    external_files: Mapping[str, int]
    metadata: Mapping[str, str]
    doc: str

    def to_json(self) -> dict[str, Any]:
        """The inspection as JSON data."""
        return dataclasses.asdict(self)


def inspect(model: str | Path | ir.Model, *, registry: Registry | None = None) -> Inspection:
    """Return what ``model`` consists of; no weights are read.

    Args:
        model: A file that a front end reads, or a model in memory.
        registry: Where front ends come from; by default what is installed.

    Raises:
        ModelError: The file is missing, damaged or of another kind.
        UsageError: No front end reads such files.
    """
    source = Path(model) if isinstance(model, str | Path) else None
    model = load_model(model, registry or load_registry())
    graphs = tuple(model_graphs(model))
    tensors = [
        value.const_value
        for graph in graphs
        for value in getattr(graph, "initializers", {}).values()
        if value.const_value is not None
    ]
    types: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for tensor in tensors:
        types[tensor.dtype.name.lower()] += tensor.nbytes
        # A weight that lies in the model file itself is read from there, but is not external.
        path = getattr(tensor, "path", None)
        if path is not None and (source is None or Path(path).name != source.name):
            files[str(getattr(tensor, "location", path))] += tensor.nbytes
    ops = {_op_name(*key): count for key, count in op_histogram(graphs_with_nodes(model)).items()}
    given = [value for value in model.graph.inputs if not value.is_initializer()]
    return Inspection(
        ir_version=model.ir_version,
        producer=f"{model.producer_name or ''} {model.producer_version or ''}".strip(),
        opsets=dict(model.opset_imports),
        inputs=tuple(_value_info(value) for value in given),
        outputs=tuple(_value_info(value) for value in model.graph.outputs),
        nodes=sum(ops.values()),
        subgraphs=len(graphs) - 1 - len(model.functions),
        functions=tuple(_op_name(f.domain, f.name) for f in model.functions.values()),
        ops=dict(sorted(ops.items(), key=lambda item: (-item[1], item[0]))),
        parameters=sum(tensor.size for tensor in tensors),
        parameter_bytes=sum(types.values()),
        element_types=dict(types.most_common()),
        external_files=dict(files.most_common()),
        metadata=dict(model.metadata_props),
        doc=model.doc_string or "",
    )


def _op_name(domain: str, op_type: str) -> str:
    return f"{domain}::{op_type}" if domain else op_type


def _value_info(value: ir.Value) -> ValueInfo:
    shape = None
    if value.shape is not None:
        shape = tuple(dim if isinstance(dim, int) else dim.value for dim in value.shape)
    return ValueInfo(value.name or "", _type_text(value.type), shape)


def _type_text(kind: ir.TypeProtocol | None) -> str:
    """Return a type as runtimes print it: ``tensor(float)``, ``seq(tensor(int64))``."""
    import onnx_ir as ir

    if isinstance(kind, ir.SequenceType):
        return f"seq({_type_text(kind.elem_type)})"
    if isinstance(kind, ir.OptionalType):
        return f"optional({_type_text(kind.elem_type)})"
    if kind is None:
        return "unknown"
    wrapper = "sparse_tensor" if isinstance(kind, ir.SparseTensorType) else "tensor"
    return f"{wrapper}({kind.dtype.name.lower()})"
