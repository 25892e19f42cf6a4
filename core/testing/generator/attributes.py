"""Attributes: what Python values become as attributes of a node."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir


def attribute(name: str, value: Any) -> ir.Attr:
    """Return ``value`` as the attribute ``name``; an attribute stays what it is."""
    if isinstance(value, ir.Attr):
        return value
    if isinstance(value, (bool, int)):
        return ir.AttrInt64(name, int(value))
    if isinstance(value, float):
        return ir.AttrFloat32(name, value)
    if isinstance(value, str):
        return ir.AttrString(name, value)
    if isinstance(value, ir.Graph):
        return ir.AttrGraph(name, value)
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], float):
            return ir.AttrFloat32s(name, value)
        if value and isinstance(value[0], str):
            return ir.AttrStrings(name, value)
        return ir.AttrInt64s(name, value)
    return ir.AttrTensor(name, value)
