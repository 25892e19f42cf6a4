"""Paths: where a node stands, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir


def node_path(node: ir.Node) -> str:
    """Return where ``node`` stands: ``Add 'layer1/add'``, or by its output where it has no name."""
    domain = f"{node.domain}::" if node.domain else ""
    if node.name:
        return f"{domain}{node.op_type} '{node.name}'"
    outputs = [value.name for value in node.outputs if value.name]
    return f"{domain}{node.op_type} that makes '{outputs[0]}'" if outputs else domain + node.op_type
