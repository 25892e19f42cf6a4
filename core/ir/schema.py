"""Operator schemas: does an operator of this opset exist, and take these inputs and attributes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from .path import node_path

if TYPE_CHECKING:
    import onnx_ir as ir


_SOUND: set[tuple[object, ...]] = set()
"""Operators with numbers of inputs and outputs and names of attributes that were found right."""


class Signature(NamedTuple):
    """What an operator of one opset version takes.

    Args:
        inputs: Least and greatest number of inputs.
        outputs: Least and greatest number of outputs.
        attributes: The names of its attributes.
    """

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    attributes: frozenset[str]


@functools.lru_cache(maxsize=4096)
def signature(domain: str, op_type: str, version: int) -> Signature | None:
    """Return the signature of an operator at an opset version.

    Returns:
        ``None`` where onnx knows no operator of that name in that domain at that version.
    """
    import onnx

    try:
        schema = onnx.defs.get_schema(op_type, version, domain)
    except onnx.defs.SchemaError:
        return None
    return Signature(
        (schema.min_input, schema.max_input),
        (schema.min_output, schema.max_output),
        frozenset(schema.attributes),
    )


@functools.cache
def known_domains() -> frozenset[str]:
    """Return the domains of which onnx knows all operators."""
    import onnx

    return frozenset(schema.domain for schema in onnx.defs.get_all_schemas())


def signature_problem(node: ir.Node, version: int) -> str | None:
    """Return what is wrong with the inputs, outputs or attributes of ``node`` at this opset.

    Operators of domains that onnx does not know are taken as they are.
    """
    domain, inputs, outputs = node._domain, len(node._inputs), len(node._outputs)
    shape = (domain, node._op_type, version, inputs, outputs, *node._attributes.data)
    if shape in _SOUND:
        return None
    problem = _signature_problem(node, domain, version)
    if problem is None:
        _SOUND.add(shape)
    return problem


def _signature_problem(node: ir.Node, domain: str, version: int) -> str | None:
    if domain not in known_domains():
        return None
    found = signature(domain, node.op_type, version)
    where = f"in opset {version}" if not domain else f"in opset {version} of {domain}"
    if found is None:
        return f"{node_path(node)}: there is no {node.op_type} {where}"
    least, most = found.inputs
    count = len(node.inputs)
    if not least <= count <= most:
        return f"{node_path(node)} has {count} inputs; {where} it takes {_range(least, most)}"
    least, most = found.outputs
    count = len(node.outputs)
    if not least <= count <= most:
        return f"{node_path(node)} has {count} outputs; {where} it has {_range(least, most)}"
    if node.attributes:
        for name in node.attributes:
            if name not in found.attributes:
                return f"{node_path(node)}: {where} it has no attribute '{name}'"
    return None


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
