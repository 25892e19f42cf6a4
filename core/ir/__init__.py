"""The ir room: what onnx_ir lacks."""
