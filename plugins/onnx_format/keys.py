"""Keys under which the IR's ``meta`` carries what its own fields have no place for."""

from __future__ import annotations

TYPE_PROTO_KEY = "passmgr.type_proto"
"""On a value: the serialized ``TypeProto`` of a type that the IR cannot express, such as a map."""

EXTERNAL_FORM_KEY = "passmgr.external_data"
"""On the main graph: true where the weights came from files beside the model."""

QUANTIZATION_KEY = "quant_parameter_tensor_names"
"""On a value: its quantization annotation; the key is that of ``onnx_ir``."""
