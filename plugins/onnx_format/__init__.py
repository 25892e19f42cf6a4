"""What the front end and the emitter of ``.onnx`` files share: wire format and lazy weights."""
