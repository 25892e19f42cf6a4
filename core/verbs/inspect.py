"""Inspect a model: signature, opsets, ops, parameters, costs, and what it says about itself."""

from __future__ import annotations

import dataclasses
import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import ValueInfo
from ..errors import UsageError
from ..ir.path import node_path
from ..ir.walk import graphs_with_nodes, model_graphs, op_histogram
from ..manager.analyses import AnalysisCache
from ..registry import Registry, load_registry
from ..report.displayed import Displayed
from .load import load_model

if TYPE_CHECKING:
    import onnx_ir as ir
    from rich.console import RenderableType


@dataclass(frozen=True)
class CostSummary:
    """Multiply-accumulates of one run.

    Args:
        macs: All, without those that are not known.
        by_op: The same of each op type, the dearest first; those that cost nothing are left out.
        unknown: Nodes whose MACs are not known, each with the reason.
        approximate: Nodes whose bodies are counted once, as it is not known how often they run.
    """

    macs: int
    by_op: Mapping[str, int]
    unknown: tuple[tuple[str, str], ...]
    approximate: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MemorySummary:
    """Activation memory of one run, without reuse in place.

    Args:
        peak_bytes: The most that is alive at once, without what is not known.
        peak_node: The node during which it is, empty for a model without nodes.
        constant_bytes: Bytes of initializers and constants, which are not in the peak.
        unknown: Values whose size is not known.
    """

    peak_bytes: int
    peak_node: str
    constant_bytes: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Inspection(Displayed):
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
        dims: The open dimensions of the inputs, with the sizes at which costs are given.
        costs: Multiply-accumulates; ``None`` where no plugin brings the analysis ``costs``.
        memory: Activation memory; ``None`` where none brings ``peak-memory``.
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
    dims: Mapping[str, int] = field(default_factory=dict)
    costs: CostSummary | None = None
    memory: MemorySummary | None = None

    def to_json(self) -> dict[str, Any]:
        """The inspection as JSON data."""
        return dataclasses.asdict(self)

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.inspection(self)


def inspect(
    model: str | Path | ir.Model,
    *,
    dims: Mapping[str, int] | None = None,
    registry: Registry | None = None,
) -> Inspection:
    """Return what ``model`` consists of; no weights are read.

    Args:
        model: A file that a front end reads, or a model in memory.
        dims: Sizes of open dimensions of the inputs, such as ``{"batch": 8}``, at which costs are
            given; the others are 1. A dimension without a name is called by its input and axis,
            ``x[0]``.
        registry: Where front ends come from; by default what is installed.

    Raises:
        ModelError: The file is missing, damaged or of another kind.
        UsageError: No front end reads such files, or ``dims`` names no open dimension or gives it
            no positive size.
    """
    registry = registry or load_registry()
    source = Path(model) if isinstance(model, str | Path) else None
    model = load_model(model, registry)
    bound, costs, memory = _measure(model, dims or {}, registry)
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
        dims=bound,
        costs=costs,
        memory=memory,
    )


def _measure(
    model: ir.Model, dims: Mapping[str, int], registry: Registry
) -> tuple[dict[str, int], CostSummary | None, MemorySummary | None]:
    """Return the sizes of the open dimensions, and what a run costs at them.

    Raises:
        UsageError: ``dims`` names no open dimension, or gives it no positive size.
    """
    for name, size in dims.items():
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size < 2**63:
            told = "too large" if type(size) is int and size > 0 else repr(size)
            raise UsageError(f"dimension '{name}' is {told}, legal is a whole number from 1")
    found: dict[str, Any] = {}
    cache = AnalysisCache(model)
    given = tuple(f"{name}={size}" for name, size in sorted(dims.items()))
    for name in ("costs", "peak-memory"):
        if name in registry.entries("analyses"):
            # Nothing of a pass is known here but the name and that it takes sizes.
            analysis: Any = registry.analysis(name)
            found[name] = cache.get(analysis(dims=given, rest=1))
    if not found:
        if dims:
            raise UsageError("sizes are of no use: no plugin brings the analysis 'costs'")
        return {}, None, None
    bound = dict(next(iter(found.values())).symbols)
    for name in dims:
        if name not in bound:
            raise _unknown_dimension(name, bound)
    costs, memory = found.get("costs"), found.get("peak-memory")
    return (
        bound,
        None if costs is None else _cost_summary(costs.evaluate()),
        None if memory is None else _memory_summary(memory.constant_bytes, memory.evaluate()),
    )


def _unknown_dimension(name: str, known: Mapping[str, int]) -> UsageError:
    message = f"no input has an open dimension '{name}'"
    if near := difflib.get_close_matches(name, known, n=1):
        message += f"; did you mean '{near[0]}'?"
    told = ", ".join(f"'{other}'" for other in known) or "none"
    return UsageError(f"{message}; open dimensions: {told}".replace("?;", "?"))


def _cost_summary(count: Any) -> CostSummary:
    by_op = {_op_name(*kind): macs for kind, macs in count.by_op.items()}
    return CostSummary(
        macs=count.total,
        by_op=dict(sorted(by_op.items(), key=lambda item: (-item[1], item[0]))),
        unknown=tuple((node_path(node), reason) for node, reason in count.unknown.items()),
        approximate=tuple((node_path(node), reason) for node, reason in count.approximate.items()),
    )


def _memory_summary(constant_bytes: int, peak: Any) -> MemorySummary:
    return MemorySummary(
        peak_bytes=peak.bytes,
        peak_node="" if peak.node is None else node_path(peak.node),
        constant_bytes=constant_bytes,
        unknown=tuple(value.name or "" for value in peak.unknown),
    )


def _op_name(domain: str, op_type: str) -> str:
    """Return how an op type is shown: with its domain unless that is the default one."""
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
