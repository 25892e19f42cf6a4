"""ValueType: the type text of a signature, such as ``seq(tensor(float))``, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import onnx_ir as ir

Kind = Literal["tensor", "sequence", "optional", "map", "other"]

_WRAPPERS: dict[str, Kind] = {
    "tensor": "tensor",
    "sparse_tensor": "other",
    "seq": "sequence",
    "optional": "optional",
    "map": "map",
}
_SPELLED_OUT = {"float": "FLOAT", "double": "DOUBLE"}


@dataclass(frozen=True)
class ValueType:
    """The type of a value.

    Args:
        kind: What the value is.
        element: Type of what a sequence, an optional or a map holds; ``None`` for a tensor.
        name: Element type of a tensor, or key type of a map, as ONNX writes it (``float``).
    """

    kind: Kind
    element: ValueType | None = None
    name: str = ""

    @property
    def dtype(self) -> ir.DataType:
        """The element type of a tensor or the key type of a map; ``UNDEFINED`` if not known."""
        import onnx_ir as ir

        name = _SPELLED_OUT.get(self.name, self.name.upper())
        return ir.DataType.__members__.get(name, ir.DataType.UNDEFINED)


def parse_type(text: str) -> ValueType:
    """Take apart the type text of a :class:`~passmgr.core.contract.ValueInfo`."""
    match = re.fullmatch(r"\s*(\w+)\((.*)\)\s*", text)
    kind = _WRAPPERS.get(match[1], "other") if match else "other"
    if match is None or kind == "other":
        return ValueType("other", name=text)
    inner = match[2]
    if kind == "tensor":
        return ValueType("tensor", name=inner.strip())
    if kind == "map":
        key, _, value = inner.partition(",")
        # ONNX Runtime leaves out the word "tensor" for the scalars that a map holds.
        held = parse_type(value) if "(" in value else ValueType("tensor", name=value.strip())
        return ValueType("map", held, key.strip())
    return ValueType(kind, parse_type(inner))
