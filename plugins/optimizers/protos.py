"""Files of models as optimizers in Python read and write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

_LIMIT = 1 << 31


def rewrite(source: Path, target: Path, function: Callable[[Any], Any]) -> None:
    """Write to ``target`` the proto that ``function`` makes of the one in ``source``."""
    import onnx

    proto = function(onnx.load(source))
    external = proto.ByteSize() >= _LIMIT
    onnx.save(proto, target, save_as_external_data=external, location="optimized.data")
