"""Sparse tensors: seen as dense ones by whoever computes with them, written as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

if TYPE_CHECKING:
    import onnx


class SparseTensor(ir.LazyTensor):
    """A constant in coordinate form that is made dense when its numbers are asked for.

    Args:
        proto: Values, their indices (linear, or one row of coordinates each) and the shape.
    """

    __slots__ = ("proto",)

    def __init__(self, proto: onnx.SparseTensorProto) -> None:
        super().__init__(
            self._dense,
            dtype=ir.DataType(proto.values.data_type),
            shape=ir.Shape(proto.dims, frozen=True),
            name=proto.values.name,
        )
        self.proto = proto

    def _dense(self) -> ir.Tensor[np.ndarray[Any, Any]]:
        values = ir.serde.deserialize_tensor(self.proto.values).numpy()
        indices = ir.serde.deserialize_tensor(self.proto.indices).numpy()
        dense = np.zeros(self.shape.numpy(), values.dtype)
        if indices.ndim == 1:
            dense.reshape(-1)[indices] = values
        else:
            dense[tuple(indices.T)] = values
        dense.flags.writeable = False
        return ir.Tensor(dense, dtype=self.dtype, name=self.name)
