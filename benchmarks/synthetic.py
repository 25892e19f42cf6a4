"""Synthetic graphs with something to clean up in every block: chains and wide graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

BLOCK = 10
"""Nodes of a block."""


def _block(name: str, x: str) -> tuple[list[NodeProto], str]:
    """Return ten nodes that read ``x``, of which five are left at best, and what they compute."""

    def node(op_type: str, output: str, *inputs: str, **attributes: object) -> NodeProto:
        return helper.make_node(op_type, inputs, [f"{name}{output}"], **attributes)

    def constant(output: str, number: float) -> NodeProto:
        tensor = numpy_helper.from_array(np.full(4, number, np.float32))
        return node("Constant", output, value=tensor)

    return [
        constant("one", 1.0),
        constant("half", float(len(name)) / 2),
        node("Add", "sum", f"{name}one", f"{name}half"),
        node("Identity", "same", x),
        node("Mul", "scaled", f"{name}same", f"{name}sum"),
        node("Relu", "a", f"{name}scaled"),
        node("Relu", "b", f"{name}scaled"),
        node("Sigmoid", "c", f"{name}b"),
        node("Dropout", "d", f"{name}c"),
        node("Sub", "y", f"{name}a", f"{name}d"),
    ], f"{name}y"


def _save(nodes: list[NodeProto], output: str, shape: list[int | str | None], path: Path) -> None:
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape)],
    )
    imports = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=9), path)


def make_chain(path: Path, nodes_wanted: int) -> None:
    """Write blocks one after the other."""
    nodes: list[NodeProto] = []
    value = "x"
    for index in range(nodes_wanted // BLOCK):
        block, value = _block(f"n{index}.", value)
        nodes += block
    _save(nodes, value, ["batch", 4], path)


def make_wide(path: Path, nodes_wanted: int) -> None:
    """Write blocks beside each other, each on its own column of ``x``, that meet in one Concat."""
    nodes: list[NodeProto] = []
    outputs = []
    for index in range(nodes_wanted // (BLOCK + 2)):
        number = numpy_helper.from_array(np.full(4, index, np.float32))
        nodes.append(helper.make_node("Constant", [], [f"n{index}.shift"], value=number))
        nodes.append(helper.make_node("Add", ["x", f"n{index}.shift"], [f"n{index}.x"]))
        block, value = _block(f"n{index}.", f"n{index}.x")
        nodes += block
        outputs.append(value)
    nodes.append(helper.make_node("Concat", outputs, ["y"], axis=1))
    _save(nodes, "y", ["batch", None], path)


SHAPES: dict[str, Callable[[Path, int], None]] = {"chain": make_chain, "wide": make_wide}
