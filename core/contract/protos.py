"""A model through a ``ModelProto`` and back, for what takes and gives protos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

_LIMIT = 1 << 31
_OVERRIDABLE_SINCE = 4


def through_proto(
    model: ir.Model, function: Callable[[onnx.ModelProto], onnx.ModelProto | None]
) -> ir.Model:
    """Return what ``function`` makes of ``model``; itself, where that is the same proto.

    Args:
        model: The model, which is not changed.
        function: Edits the proto, or returns the one that replaces it.

    Raises:
        ValueError: The model is over the 2 GB of a ``ModelProto``.
        TypeError: ``function`` returned something else.
    """
    import onnx
    import onnx_ir as ir

    _check_size(sum(_initializer_bytes(model)))
    loaded = model.clone()
    _load_weights(loaded)
    try:
        proto = ir.to_proto(loaded)
    except ir.serde.SerdeError as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        words = " ".join(str(cause).split())
        raise ValueError(f"the model cannot be written as a ModelProto: {words}") from error
    if model.ir_version < _OVERRIDABLE_SINCE:
        _complete_inputs(proto.graph)
    _check_size(proto.ByteSize())
    before = _digest(proto)
    result = function(proto)
    if result is None:
        result = proto
    if not isinstance(result, onnx.ModelProto):
        raise TypeError(f"it returned {type(result).__name__}, not a ModelProto")
    # What the IR has and a proto has not, such as results without a name, comes back only so.
    return model if _digest(result) == before else ir.from_proto(result)


def _digest(proto: onnx.ModelProto) -> bytes:
    return hashlib.sha256(proto.SerializeToString(deterministic=True)).digest()


def _check_size(size: int) -> None:
    if size >= _LIMIT:
        raise ValueError(
            f"the model takes {size / 1e9:.1f} GB, and a ModelProto ends at 2 GB; adapt a function "
            "that takes an onnx_ir.Model by from_function instead"
        )


def _graphs(model: ir.Model) -> Iterator[ir.Graph]:
    for root in (model.graph, *(function.graph for function in model.functions.values())):
        yield root
        yield from root.subgraphs()


def _initializer_bytes(model: ir.Model) -> Iterator[int]:
    for graph in _graphs(model):
        for value in graph.initializers.values():
            yield value.const_value.nbytes if value.const_value is not None else 0


def _load_weights(model: ir.Model) -> None:
    """Let no tensor refer to a file, whose folder a proto does not know."""
    import onnx_ir as ir

    for graph in _graphs(model):
        for value in graph.initializers.values():
            if isinstance(value.const_value, ir.ExternalTensor):
                value.const_value = _in_memory(value.const_value)
        for node in graph:
            for attribute in tuple(node.attributes.values()):
                if isinstance(attribute.value, ir.ExternalTensor):
                    tensor = _in_memory(attribute.value)
                    node.attributes[attribute.name] = ir.AttrTensor(attribute.name, tensor)


def _in_memory(tensor: ir.ExternalTensor) -> ir.TensorProtocol:
    import onnx_ir as ir

    return ir.Tensor(
        tensor.numpy(),
        dtype=tensor.dtype,
        shape=tensor.shape,
        name=tensor.name,
        doc_string=tensor.doc_string,
        metadata_props=tensor.metadata_props,
    )


def _complete_inputs(graph: onnx.GraphProto) -> None:
    """Make inputs of all initializers, as IR versions before 4 want them."""
    import onnx

    known = {value.name for value in graph.input}
    for tensor in graph.initializer:
        if tensor.name not in known:
            graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
