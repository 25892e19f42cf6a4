"""Shapes by ONNX's own inference, one node at a time, with expressions passed as symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnx_ir as ir

from .expressions import Expression, Number
from .inferred_shapes import INFERENCE_ERRORS

if TYPE_CHECKING:
    from .symbolic_shapes import Walk

_ELEMENT_TYPES = {ir.DataType.INT32: np.int32, ir.DataType.INT64: np.int64}


def infer_by_schema(walk: Walk, node: ir.Node) -> None:
    """Note the types and dimensions of the outputs of ``node``, as far as its schema tells."""
    version = walk.opset if not node.domain else walk.model.opset_imports.get(node.domain, 0)
    try:
        schema = onnx.defs.get_schema(node.op_type, version, node.domain)
    except onnx.defs.SchemaError:
        _believe(walk, node)
        return
    if not schema.has_type_and_shape_inference_function:
        _believe(walk, node)
        return
    proto = onnx.NodeProto(op_type=node.op_type, domain=node.domain)
    types: dict[str, onnx.TypeProto] = {}
    data: dict[str, onnx.TensorProto] = {}
    symbols: dict[str, Number] = {}
    for value in node.inputs:
        name = "" if value is None else f"v{id(value)}"
        proto.input.append(name)
        if value is None or name in types:
            continue
        type_ = _type(walk, value, symbols)
        if type_ is None:
            return
        types[name] = type_
        tensor = _data(walk, value)
        if tensor is not None:
            data[name] = tensor
    proto.output.extend([f"o{i}" if value.name else "" for i, value in enumerate(node.outputs)])
    try:
        for attribute in node.attributes.values():
            if not attribute.is_ref():
                ir.serde.serialize_attribute_into(proto.attribute.add(), attribute)
        imports = [onnx.helper.make_opsetid(node.domain, version)]
        inferred = onnx.shape_inference.infer_node_outputs(
            schema, proto, types, data, opset_imports=imports
        )
    except (*INFERENCE_ERRORS, onnx.checker.ValidationError, KeyError):
        return
    for index, value in enumerate(node.outputs):
        found = inferred.get(f"o{index}")
        if found is not None and found.HasField("tensor_type"):
            _note(walk, value, found.tensor_type, symbols)


def _believe(walk: Walk, node: ir.Node) -> None:
    """Take what the file declares of an operator that nothing else is known of."""
    for value in node.outputs:
        if value.shape is not None and value in walk.dtypes:
            walk.dims[value] = tuple(
                dim if isinstance(dim, int) else walk.fresh() for dim in value.shape
            )


def _type(walk: Walk, value: ir.Value, symbols: dict[str, Number]) -> onnx.TypeProto | None:
    dtype = walk.dtypes.get(value)
    if dtype is None:
        if value.type is None or isinstance(value.type, ir.TensorType):
            return None
        proto = onnx.TypeProto()
        ir.serde.serialize_type_into(proto, value.type)
        return proto
    proto = onnx.TypeProto()
    proto.tensor_type.elem_type = dtype.value
    dims = walk.dims.get(value)
    if dims is not None:
        shape = proto.tensor_type.shape
        shape.SetInParent()
        for dim in dims:
            if isinstance(dim, int):
                shape.dim.add(dim_value=dim)
            else:
                name = str(dim)
                symbols[name] = dim
                shape.dim.add(dim_param=name)
    return proto


def _data(walk: Walk, value: ir.Value) -> onnx.TensorProto | None:
    numbers = walk.numbers.get(value)
    dtype = _ELEMENT_TYPES.get(walk.dtypes.get(value, ir.DataType.UNDEFINED))
    if numbers is None or dtype is None:
        return None
    elements = numbers if isinstance(numbers, tuple) else (numbers,)
    if any(isinstance(number, Expression) for number in elements):
        return None
    return onnx.numpy_helper.from_array(np.array(numbers, dtype))


def _note(
    walk: Walk, value: ir.Value, proto: onnx.TypeProto.Tensor, symbols: dict[str, Number]
) -> None:
    if proto.elem_type:
        walk.dtypes[value] = ir.DataType(proto.elem_type)
    if not proto.HasField("shape"):
        return
    dims: list[Number] = []
    for dim in proto.shape.dim:
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            dims.append(int(dim.dim_value))
        else:
            dims.append(symbols.get(dim.dim_param) or walk.fresh())
    walk.dims[value] = tuple(dims)
