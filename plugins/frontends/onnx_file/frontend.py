"""The front end for ONNX files: file to IR, with one clear line for each way it can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.protobuf.message import DecodeError
from onnx_ir.serde import SerdeError

from passmgr.core.errors import ModelError
from passmgr.core.ir.collector import gc_paused

from .deserialize import Deserializer
from .read import read_binary, read_text

if TYPE_CHECKING:
    from pathlib import Path

    import onnx_ir as ir


class OnnxFrontend:
    """Reads ONNX models of any opset and IR version, binary or text.

    Weights are lazy: tensors point into the file, or into the files of external data beside it,
    which stay open. Nothing of the model is dropped: what the IR has no field for, such as the
    type of a map, travels in ``meta`` and is written back by the emitter.
    """

    name: ClassVar[str] = "onnx"
    suffixes: ClassVar[tuple[str, ...]] = (".onnx", ".onnxtxt")

    def load(self, source: Path) -> ir.Model:
        """Read ``source``.

        Raises:
            ModelError: The file is missing, damaged or of another kind; its external data are
                missing, too short or outside its folder; its graph is not one: a value that nothing
                produces or that is defined twice, a cycle.
        """
        with gc_paused():
            try:
                if source.suffix == ".onnxtxt":
                    proto, file = read_text(source), None
                else:
                    proto, file = read_binary(source)
                return Deserializer(source, file).model(proto)
            except OSError as error:
                raise ModelError(f"'{source}' cannot be read: {error.strerror}") from error
            except (DecodeError, UnicodeDecodeError, RecursionError, SerdeError) as error:
                raise ModelError(f"'{source}' is no ONNX model, or is damaged") from error
