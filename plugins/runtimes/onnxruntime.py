"""ONNX Runtime on the CPU as a runtime: the graph as written, or optimized."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from passmgr.core.contract import ValueInfo
from passmgr.core.errors import RuntimeFailure

if TYPE_CHECKING:
    import onnx_ir as ir

_LONGEST_MESSAGE = 400
_DATA_FOLDER = "session.model_external_initializers_file_folder_path"


class OnnxRuntime:
    """Runs ONNX models with ONNX Runtime's CPU execution provider."""

    name = "onnxruntime"

    def session(
        self, model: ir.Model | Path | bytes, *, optimize: bool = False, threads: int = 1
    ) -> OnnxRuntimeSession:
        """Load a model.

        Without ``optimize``, graph optimizations and the prepacking of weights are off: prepacked
        kernels sum in another order, so that the same graph would give other last bits.

        Args:
            model: The IR, a file, or a serialized ``ModelProto``. Large weights of the IR are
                handed over as arrays, so that a model may be larger than 2 GB.
            optimize: Let ONNX Runtime optimize the graph and prepack weights.
            threads: Threads of one operator; operators run one after the other.

        Raises:
            RuntimeFailure: ONNX Runtime is missing or does not take the model.
        """
        ort = _library()
        options = ort.SessionOptions()
        levels = ort.GraphOptimizationLevel
        options.graph_optimization_level = (
            levels.ORT_ENABLE_ALL if optimize else levels.ORT_DISABLE_ALL
        )
        if not optimize:
            options.add_session_config_entry("session.disable_prepacking", "1")
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        source: str | bytes
        ranks: dict[str, bool] = {}
        weights: dict[str, Any] = {}
        if isinstance(model, bytes):
            source = model
        elif isinstance(model, Path):
            source = str(model)
            if not _is_unicode(model.name):  # ONNX Runtime takes no such name, but the contents.
                source = model.read_bytes()
                options.add_session_config_entry(_DATA_FOLDER, str(model.parent))
        else:
            from .onnxruntime_model import serialize

            source, arrays = serialize(model)
            ranks = {
                v.name or "": v.shape is not None
                for v in (*model.graph.inputs, *model.graph.outputs)
            }
            weights = {name: ort.OrtValue.ortvalue_from_numpy(a) for name, a in arrays.items()}
            if weights:
                options.add_external_initializers(list(weights), list(weights.values()))
        try:
            loaded = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except _failures() as error:
            raise RuntimeFailure(_words(error)) from error
        return OnnxRuntimeSession(loaded, ranks, weights)


class OnnxRuntimeSession:
    """A model loaded by ONNX Runtime.

    Attributes:
        inputs: Signature of the required inputs; initializers that are inputs are not among them.
        outputs: Signature of the outputs.
    """

    def __init__(self, loaded: Any, ranks: Mapping[str, bool], weights: Mapping[str, Any]) -> None:
        self._loaded = loaded
        # ONNX Runtime may use the arrays in place, for as long as the session lives.
        self._weights = weights
        self.inputs: Sequence[ValueInfo] = [_value_info(x, ranks) for x in loaded.get_inputs()]
        self.outputs: Sequence[ValueInfo] = [_value_info(x, ranks) for x in loaded.get_outputs()]

    def run(self, feed: Mapping[str, Any], outputs: Sequence[str] | None = None) -> list[Any]:
        """Run the model.

        Args:
            feed: A value per input: arrays (element types that NumPy lacks as ``ml_dtypes``),
                lists for sequences, dictionaries for maps, ``None`` for an empty optional.
            outputs: The names of the outputs to compute; all by default.

        Raises:
            RuntimeFailure: ONNX Runtime refused the inputs or failed; its words in one line.
        """
        from .onnxruntime_values import is_foreign, run_with_foreign_types

        wanted = [info for info in self.outputs if outputs is None or info.name in outputs]
        if outputs is not None:
            by_name = {info.name: info for info in wanted}
            unknown = [name for name in outputs if name not in by_name]
            if unknown:
                raise RuntimeFailure(f"the model has no output '{unknown[0]}'")
            wanted = [by_name[name] for name in outputs]
        try:
            if any(is_foreign(info.type) for info in (*self.inputs, *wanted)):
                return run_with_foreign_types(self._loaded, self.inputs, wanted, feed)
            results = self._loaded.run([info.name for info in wanted], dict(feed))
        except _failures() as error:
            raise RuntimeFailure(_words(error)) from error
        return [_own(result) for result in results]


def _value_info(argument: Any, ranks: Mapping[str, bool]) -> ValueInfo:
    # ONNX Runtime shows an unknown rank and a scalar alike, as an empty list.
    shape: tuple[int | str | None, ...] | None = tuple(
        None if isinstance(dim, int) and dim < 0 else dim for dim in argument.shape or ()
    )
    if not shape and not ranks.get(argument.name, True):
        shape = None
    return ValueInfo(argument.name, argument.type, shape)


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _own(value: Any) -> Any:
    """A copy: an array of ONNX Runtime keeps the memory of the whole session alive."""
    if isinstance(value, list):
        return [_own(part) for part in value]
    return value.copy() if hasattr(value, "dtype") else value


@cache
def _library() -> Any:
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as error:
        raise RuntimeFailure(
            f"ONNX Runtime cannot be imported ({error}); 'pip install onnxruntime' brings it"
        ) from error
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


@cache
def _failures() -> tuple[type[Exception], ...]:
    """The exceptions of ONNX Runtime, which share no base, and those of its Python layer."""
    from onnxruntime.capi import (  # type: ignore[import-untyped]
        onnxruntime_pybind11_state as state,
    )

    own = {
        value
        for value in vars(state).values()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    return (*own, RuntimeError, ValueError, TypeError, OverflowError)


_NOISE = (
    re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : "),
    re.compile(r"\S*/onnxruntime/\S+:\d+ .*?\) (?=\S)"),
    re.compile(r"Non-zero status code returned while "),
    re.compile(r"This is an invalid model\. "),
    re.compile(r"Load model from .*? failed: ?"),
)


def _words(error: Exception) -> str:
    """What ONNX Runtime says, on one line, without its source files and error numbers."""
    text = " ".join(str(error).split())
    for noise in _NOISE:
        text = noise.sub("", text)
    if len(text) > _LONGEST_MESSAGE:
        text = text[: _LONGEST_MESSAGE - 3] + "..."
    return "ONNX Runtime: " + (text.strip() or type(error).__name__)
