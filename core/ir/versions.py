"""Versions of the ONNX IR that changed what a model means."""

OVERRIDABLE_SINCE = 4
"""IR version from which on an initializer need not be an input of its graph; where it is one, its
value is a default that the caller may override."""
