"""The interface of a model: what its users rely on, compared around every pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import onnx_ir as ir


class Interface(NamedTuple):
    """Inputs and outputs as ``(name, type, shape)``; initializers of IR < 4 are no inputs."""

    inputs: tuple[tuple[str, str, str], ...]
    outputs: tuple[tuple[str, str, str], ...]


def interface_of(model: ir.Model) -> Interface:
    """Return the interface of ``model``."""
    graph = model.graph
    inputs = [v for v in graph.inputs if model.ir_version >= 4 or not v.is_initializer()]
    return Interface(tuple(map(_signature, inputs)), tuple(map(_signature, graph.outputs)))


def interface_change(before: Interface, after: Interface) -> str | None:
    """Return the first difference of two interfaces in words, or ``None`` where they are equal."""
    if before == after:
        return None
    for kind, old, new in (
        ("inputs", before.inputs, after.inputs),
        ("outputs", before.outputs, after.outputs),
    ):
        if [name for name, *_ in old] != [name for name, *_ in new]:
            was, now = (", ".join(name for name, *_ in side) for side in (old, new))
            return f"{kind} were {was or 'none'}, are {now or 'none'}"
        for (name, *was_type), (_, *is_type) in zip(old, new, strict=True):
            if was_type != is_type:
                return f"{kind[:-1]} '{name}' was {' '.join(was_type)}, is {' '.join(is_type)}"
    return None


def _signature(value: ir.Value) -> tuple[str, str, str]:
    return value.name or "", str(value.type), str(value.shape)
