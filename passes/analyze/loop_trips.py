"""How often Loop and Scan run their bodies, where the model says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import onnx_ir as ir

from .symbolic_access import input_at, numbers_of

if TYPE_CHECKING:
    from .expressions import Number
    from .symbolic_shapes import Dims, Walk

MOST = 2**31
"""Trip counts from here on mean "until the condition fails"."""


def loop_trips(walk: Walk, node: ir.Node, body: ir.Graph) -> Number | None:
    """Return how often the Loop ``node`` runs ``body``.

    Returns:
        ``None`` where the count is open, or a condition may end the loop before.
    """
    begins = [1] if input_at(node, 1) is None else walk.ints(input_at(node, 1))
    count = numbers_of(walk, node)
    if isinstance(count, tuple):
        count = count[0] if len(count) == 1 else None
    if begins == [0]:
        return 0
    if begins is None or count is None or (isinstance(count, int) and count >= MOST):
        return None
    if not _goes_on(walk, body.outputs[0], body.inputs[1]):
        return None
    return max(count, 0) if isinstance(count, int) else count


def _goes_on(walk: Walk, end: ir.Value, begin: ir.Value) -> bool:
    """Tell whether the condition that a body returns is true, or the one that it was given."""
    if walk.ints(end) == [1]:
        return True
    producer = end.producer()
    while producer is not None and producer.op_type in ("Identity", "Cast") and end is not begin:
        source = producer.inputs[0]
        if source is None:
            return False
        end, producer = source, source.producer()
    return end is begin or walk.ints(end) == [1]


def scan_dims(
    walk: Walk, node: ir.Node, scanned: Sequence[ir.Value | None]
) -> tuple[Number | None, list[Dims | None]]:
    """Return how often a Scan runs its body, and the dimensions of one slice of each input."""
    attribute = node.attributes.get("scan_input_axes")
    axes = list(attribute.as_ints()) if attribute is not None else [0] * len(scanned)
    trips: Number | None = None
    slices: list[Dims | None] = []
    for value, axis in zip(scanned, axes, strict=True):
        dims = None if value is None else walk.dims.get(value)
        if dims is None:
            slices.append(None)
            continue
        axis %= len(dims)
        slices.append((*dims[:axis], *dims[axis + 1 :]))
        if trips is None or isinstance(dims[axis], int):
            trips = dims[axis]
    return trips, slices
