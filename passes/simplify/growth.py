"""GrowthLimit: how much larger a model may become by a result instead of its computation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx_ir as ir

    from ..analyze.shape_functions import Typing

DATA_DEPENDENT = frozenset(["Compress", "NonMaxSuppression", "NonZero", "Unique"])
"""Operators whose output size depends on the values of the input, and is bounded by its size."""


class GrowthLimit:
    """Weighs results against the constants that they replace.

    Args:
        most: Bytes by which the results of a node may exceed the constants that only it reads.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def obstacle(
        self,
        node: ir.Node,
        typings: Mapping[ir.Value, Typing],
        constants: Mapping[ir.Value, ir.TensorProtocol],
    ) -> str | None:
        """Return why the results of ``node`` are too large.

        Args:
            node: A node that reads only constants, and results of other such nodes.
            typings: Types and shapes of those results and its own.
            constants: The constants.

        Returns:
            ``None`` where they are not, and the empty string where their size is unknown.
        """
        size = 0
        for value in node.outputs:
            if value.name:
                known = tensor_bytes(typings.get(value))
                if known is None:
                    known = _bound(node, constants)
                if known is None:
                    return ""
                size += known
        if size <= self._most:
            return None
        replaced = sum(
            _replaced_bytes(node, value, typings, constants) for value in set(node.inputs)
        )
        if size - replaced <= self._most:
            return None
        return f"its result of {size:,} bytes would take the place of {replaced:,}"


def tensor_bytes(typing: Typing | None) -> int | None:
    """Return the bytes of a tensor of this type and shape, or ``None`` where they are unknown."""
    if typing is None or typing.dims is None or typing.type.dtype is None:
        return None
    numbers = [dim for dim in typing.dims if isinstance(dim, int)]
    if len(numbers) < len(typing.dims):
        return None
    return math.ceil(math.prod(numbers) * typing.type.dtype.itemsize)


def _bound(node: ir.Node, constants: Mapping[ir.Value, ir.TensorProtocol]) -> int | None:
    """Bound the size of a result that depends on the data, given the constants it is made from."""
    tensors = [constants.get(read) for read in node.inputs if read is not None]
    if node.op_type not in DATA_DEPENDENT or None in tensors:
        return None
    # At worst an index of 8 bytes in each of 8 dimensions for every element.
    return 64 * sum(tensor.size for tensor in tensors if tensor is not None)


def _replaced_bytes(
    node: ir.Node,
    value: ir.Value | None,
    typings: Mapping[ir.Value, Typing],
    constants: Mapping[ir.Value, ir.TensorProtocol],
) -> int:
    """Return the bytes of ``value`` where nothing but ``node`` needs them."""
    if value is None or value.is_graph_output() or any(user is not node for user, _ in value._uses):
        return 0
    producer = value.producer()
    if producer is not None and producer.op_type == "Identity":
        return 0  # what it names may have other readers
    tensor = constants.get(value)
    return tensor.nbytes if tensor is not None else tensor_bytes(typings.get(value)) or 0
