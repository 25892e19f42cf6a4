"""Overrides: other values for the inputs of a model that have defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..ir.versions import OVERRIDABLE_SINCE
from .trace import is_random

if TYPE_CHECKING:
    import onnx_ir as ir

MOST_BYTES = 16 << 20
"""Bytes of other values that are made at most: some exporters let every weight be an input."""


def overrides(model: ir.Model) -> Iterator[Mapping[str, Any]]:
    """Yield other values for the inputs with defaults, the most telling first.

    A pass that takes a default for a constant computes something else with them. Integers are
    changed in the first set only: where they are shapes or axes, the model may not run then.
    """
    import numpy as np

    changed: dict[str, Any] = {}
    left = MOST_BYTES
    for value in model.graph.inputs if model.ir_version >= OVERRIDABLE_SINCE else ():
        tensor = value.const_value
        if tensor is None or hasattr(tensor, "string_data") or tensor.nbytes > left:
            continue
        array = tensor.numpy()
        left -= array.nbytes
        if array.dtype == bool:
            if any(is_random(use.node) for use in value.uses()):
                continue  # the training mode of a Dropout, which gives other numbers in each graph
            other = ~array
        elif array.dtype.kind in "iu":
            other = array + np.ones((), array.dtype)
        else:
            half, quarter = (np.array(x).astype(array.dtype) for x in (0.5, 0.25))
            other = array * half + quarter
        changed[value.name or ""] = np.asarray(other, array.dtype)
    if changed:
        yield changed
    rest = {name: array for name, array in changed.items() if array.dtype.kind not in "iu"}
    if rest and len(rest) < len(changed):
        yield rest
