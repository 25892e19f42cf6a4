"""An IR model as ONNX Runtime takes it: bytes, and the large weights as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import onnx_ir as ir

from passmgr.core.errors import RuntimeFailure
from passmgr.core.ir.walk import model_graphs, model_nodes

_LARGE = 1 << 16
"""Weights of at least so many bytes are handed over as arrays."""


def serialize(model: ir.Model) -> tuple[bytes, dict[str, np.ndarray[Any, Any]]]:
    """Return ``model`` as a ``ModelProto`` without its large weights, and these by name.

    Nothing in the bytes refers to a file, so that they can be loaded anywhere. The model gets
    placeholders for the time of the call.

    Raises:
        RuntimeFailure: What is left is over the 2 GB of a ``ModelProto``, weights cannot be
            read, or the model is broken.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    try:
        with ExitStack() as stack:
            for value, tensor in _weights(model):
                if value.graph is model.graph and value.name and _is_large(tensor):
                    arrays[value.name] = np.ascontiguousarray(tensor.numpy())
                    stack.enter_context(_swapped(value, _placeholder(tensor, value.name)))
                elif isinstance(tensor, ir.ExternalTensor):
                    stack.enter_context(_swapped(value, _in_memory(tensor)))
            for node in model_nodes(model):
                for attribute in tuple(node.attributes.values()):
                    if not attribute.is_ref() and isinstance(attribute.value, ir.ExternalTensor):
                        stack.enter_context(_attribute_in_memory(node, attribute))
            proto = ir.to_proto(model)
    except OSError as error:
        raise RuntimeFailure(f"the weights cannot be read: {error}") from error
    except ir.serde.SerdeError as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        words = " ".join(str(cause).split())
        raise RuntimeFailure(f"the model cannot be serialized: {words}") from error
    if proto.ByteSize() >= 1 << 31:
        raise RuntimeFailure(
            "more than 2 GB of weights are in subgraphs, functions or Constant nodes; "
            "ONNX Runtime takes them only as initializers of the main graph"
        )
    # Before IR version 4 an initializer had to be an input too, which those of passes are not yet.
    proto.ir_version = max(proto.ir_version, 4)
    return proto.SerializeToString(), arrays


def _weights(model: ir.Model) -> Iterator[tuple[ir.Value, ir.TensorProtocol]]:
    for graph in model_graphs(model):
        for value in getattr(graph, "initializers", {}).values():
            if value.const_value is not None:
                yield value, value.const_value


def _is_large(tensor: ir.TensorProtocol) -> bool:
    return tensor.nbytes >= _LARGE and tensor.dtype.numpy().kind in "fiub"


def _placeholder(tensor: ir.TensorProtocol, name: str) -> ir.ExternalTensor:
    shape = ir.Shape([int(dim) for dim in tensor.numpy().shape])
    return ir.ExternalTensor(
        "given-as-array", 0, tensor.nbytes, tensor.dtype, shape=shape, name=name
    )


def _in_memory(tensor: ir.ExternalTensor) -> ir.TensorProtocol:
    return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, name=tensor.name)


@contextmanager
def _swapped(value: ir.Value, substitute: ir.TensorProtocol) -> Iterator[None]:
    tensor = value.const_value
    value.const_value = substitute
    try:
        yield
    finally:
        value.const_value = tensor


@contextmanager
def _attribute_in_memory(node: ir.Node, attribute: ir.Attr) -> Iterator[None]:
    node.attributes[attribute.name] = ir.AttrTensor(attribute.name, _in_memory(attribute.value))
    try:
        yield
    finally:
        node.attributes[attribute.name] = attribute
