"""The IR as text: one line per node, without weights, for printing and diffs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..report.displayed import Displayed
from .walk import GRAPH_KINDS, node_subgraphs

if TYPE_CHECKING:
    import onnx_ir as ir
    from rich.console import RenderableType

_TENSOR = 4


def model_text(model: ir.Model) -> list[str]:
    """Return ``model`` as lines of text; weights by type and shape only."""
    imports = ", ".join(f"{d or 'ai.onnx'} {v}" for d, v in model.opset_imports.items())
    lines = [f"model ir_version {model.ir_version}, opset {imports}"]
    lines += _graph_text(model.graph, "")
    for function in model.functions.values():
        name = ":".join(filter(None, function.identifier()))
        lines += [f"function {name}", *_graph_text(function, "")]
    return lines


class TextDiff(str, Displayed):
    """A unified diff; a notebook shows it in colours."""

    __slots__ = ()

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.diffs([self] if self else [])


def text_diff(before: list[str], after: list[str], old: str, new: str) -> TextDiff:
    """Return the unified diff of two texts, called ``old`` and ``new``; empty where equal."""
    return TextDiff("\n".join(difflib.unified_diff(before, after, old, new, lineterm="", n=2)))


def _graph_text(graph: ir.Graph | ir.Function, indent: str) -> list[str]:
    inputs = ", ".join(_value(value) for value in graph.inputs)
    lines = [f"{indent}graph {graph.name or ''}({inputs})"]
    for value in getattr(graph, "initializers", {}).values():
        lines.append(f"{indent}  {_value(value)} = initializer")
    for node in graph:
        outputs = ", ".join(_value(value) for value in node.outputs)
        reads = ", ".join("" if value is None else f"%{value.name}" for value in node.inputs)
        domain = f"{node.domain}::" if node.domain else ""
        attributes = [_attribute(a) for a in node.attributes.values() if a.type not in GRAPH_KINDS]
        suffix = f" {{{', '.join(attributes)}}}" if attributes else ""
        lines.append(f"{indent}  {outputs} = {domain}{node.op_type}({reads}){suffix}")
        for subgraph in node_subgraphs(node):
            lines += _graph_text(subgraph, indent + "    ")
    lines.append(f"{indent}  return {', '.join(f'%{value.name}' for value in graph.outputs)}")
    return lines


def _value(value: ir.Value) -> str:
    if value.type is None:
        return f"%{value.name}"
    shape = "" if value.shape is None else str(value.shape)
    return f"%{value.name}: {value.type}{shape}"


def _attribute(attribute: Any) -> str:
    if attribute.is_ref():
        return f"{attribute.name}=@{attribute.ref_attr_name}"
    if attribute.type == _TENSOR:
        tensor = attribute.value
        text = tensor.numpy().tolist() if tensor.size <= 8 else "..."
        return f"{attribute.name}={tensor.dtype}{tensor.shape}{text}"
    return f"{attribute.name}={attribute.value}"
