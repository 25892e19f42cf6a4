"""Constants: which values of a model are known before it runs, as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx_ir as ir

from passmgr.core.ir.versions import OVERRIDABLE_SINCE

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_constant_initializer(value: ir.Value, ir_version: int) -> bool:
    """Tell whether ``value`` is an initializer that no caller can override.

    From IR version 4 on, an initializer that is also an input of its graph is a default that the
    caller may override; before, all initializers had to be inputs.
    """
    return (
        value.is_initializer()
        and value.const_value is not None
        and (ir_version < OVERRIDABLE_SINCE or not value.is_graph_input())
    )


def constant_tensor(node: ir.Node) -> ir.TensorProtocol | None:
    """Return the value of a Constant node as a dense tensor.

    Returns:
        ``None`` for any other node, for a value that a caller of the function gives, and for
        sparse and string values.
    """
    if node.op_type != "Constant" or node.domain or len(node.attributes) != 1:
        return None
    ((name, attribute),) = node.attributes.items()
    if attribute.is_ref():
        return None
    if name == "value":
        tensor: ir.TensorProtocol = attribute.value  # as_tensor() costs 70 us
        return tensor
    if name in ("value_int", "value_ints"):
        return ir.tensor(np.array(attribute.value, dtype=np.int64))
    if name in ("value_float", "value_floats"):
        return ir.tensor(np.array(attribute.value, dtype=np.float32))
    return None


def liftable_tensor(node: ir.Node) -> ir.TensorProtocol | None:
    """Return the tensor of a Constant node in whose place an initializer can stand.

    Returns:
        ``None`` where the node makes an output of its graph, or has no dense value.
    """
    return None if node.outputs[0].is_graph_output() else constant_tensor(node)


def constant_values(
    graph: ir.Graph | ir.Function, ir_version: int
) -> Iterator[tuple[ir.Value, ir.TensorProtocol]]:
    """Yield the constant initializers of ``graph`` with their tensors."""
    for value in getattr(graph, "initializers", {}).values():
        if is_constant_initializer(value, ir_version):
            yield value, value.const_value
