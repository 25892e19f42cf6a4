"""What the file of an optimizer no longer says as its author did: doc strings, metadata, shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from passmgr.core.ir.walk import ordered_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx_ir as ir

_OF_MODEL = ("producer_name", "producer_version", "domain", "doc_string")


def restore(model: ir.Model, old: ir.Model) -> None:
    """Let ``model`` say what ``old`` says, where it says nothing or says more of an output.

    Nodes and values are matched by name. The shapes of outputs are what the users of a model rely
    on: an optimizer that has inferred more of one writes it down, and may be wrong.
    """
    for attribute in _OF_MODEL:
        if not getattr(model, attribute):
            setattr(model, attribute, getattr(old, attribute))
    model.model_version = model.model_version or old.model_version
    _describe(model, old)
    before = dict(_described(old.graph))
    for key, found in _described(model.graph):
        if key in before:
            _describe(found, before[key])
    for found, declared in zip(model.graph.outputs, old.graph.outputs, strict=False):
        if found.name == declared.name and found.type == declared.type and _fits(found, declared):
            found.shape = None if declared.shape is None else declared.shape.copy()


def _fits(found: ir.Value, declared: ir.Value) -> bool:
    """Tell whether the shape of ``found`` only says more than the one that was declared."""
    if declared.shape is None or found.shape is None:
        return True
    pairs = zip(found.shape, declared.shape, strict=False)
    return len(found.shape) == len(declared.shape) and all(
        new == old or not isinstance(old, int) for new, old in pairs
    )


def _described(graph: ir.Graph) -> Iterator[tuple[tuple[str, str | None], Any]]:
    """Yield what can be described of the main graph, with what it is matched by."""
    yield ("graph", ""), graph
    for value in (*graph.inputs, *graph.initializers.values()):
        yield ("value", value.name), value
    for node in ordered_nodes(graph):
        if node.name:
            yield ("node", node.name), node
        for value in node.outputs:
            yield ("value", value.name), value


def _describe(found: Any, before: Any) -> None:
    found.doc_string = found.doc_string or before.doc_string
    # To ask for metadata makes a dictionary of each.
    if known := before._metadata_props:
        found.metadata_props.update({**known, **found.metadata_props})
