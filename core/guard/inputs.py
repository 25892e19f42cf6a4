"""Load the inputs of a model from files, from a function or from Python values."""

from __future__ import annotations

import importlib
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import ValueInfo
from ..errors import UsageError
from .value_types import parse_type

if TYPE_CHECKING:
    import numpy as np

InputSpec = (
    str
    | Path
    | Mapping[str, Any]
    | Iterable[Mapping[str, Any]]
    | Callable[[], Mapping[str, Any] | Iterable[Mapping[str, Any]]]
)


def load_inputs(
    spec: InputSpec, signature: Sequence[ValueInfo], *, limit: int | None = None
) -> list[dict[str, Any]]:
    """Load and check inputs.

    Args:
        spec: An ``.npz`` file; a folder of ``.npy`` files named as the inputs; a folder of
            ``input_0.pb``, ``input_1.pb``, ... in the order of the inputs, or of several
            ``test_data_set_*`` folders of those; ``module:function``, importable from the current
            folder, whose function gives a mapping or an iterable of mappings; such a function, a
            mapping, or an iterable of mappings.
        signature: The required inputs of the model.
        limit: Take at most so many sets of inputs.

    Returns:
        One mapping of input names to values for every set of inputs.

    Raises:
        UsageError: The source cannot be read, or a value does not fit the signature.
    """
    sets = list(itertools.islice(_sets(spec, signature), limit))
    if not sets:
        raise UsageError(f"inputs: {_source(spec)} has no set of inputs")
    return [_checked(feed, signature) for feed in sets]


def _source(spec: InputSpec) -> str:
    return f"'{spec}'" if isinstance(spec, (str, Path)) else "what was given"


def _sets(spec: InputSpec, signature: Sequence[ValueInfo]) -> Iterator[Mapping[str, Any]]:
    if isinstance(spec, (str, Path)):
        yield from _from_path(str(spec), signature)
    elif isinstance(spec, Mapping):
        yield spec
    elif callable(spec):
        yield from _from_result(spec(), "the function")
    else:
        yield from _from_result(spec, "what was given")


def _from_result(result: Any, source: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(result, Mapping):
        yield result
        return
    if not isinstance(result, Iterable) or isinstance(result, (str, bytes)):
        raise UsageError(
            f"inputs: {source} must give a mapping of input names to arrays or an iterable of "
            f"such, not {type(result).__name__}"
        )
    for feed in result:
        if not isinstance(feed, Mapping):
            raise UsageError(
                f"inputs: {source} must give mappings of input names to arrays, "
                f"not {type(feed).__name__}"
            )
        yield feed


def _from_path(spec: str, signature: Sequence[ValueInfo]) -> Iterator[Mapping[str, Any]]:
    path = Path(spec)
    if path.is_dir():
        yield from _from_folder(path, signature)
    elif path.is_file():
        yield _from_npz(path)
    elif re.fullmatch(r"[\w.]+:[\w.]+", spec):
        yield from _from_result(_called(spec), f"'{spec}'")
    else:
        raise UsageError(
            f"inputs: '{spec}' is no file, no folder and no function such as 'module:function'"
        )


def _called(spec: str) -> Any:
    function = _function(spec)
    try:
        return function()
    except Exception as error:  # whatever the user's own function raises
        raise UsageError(f"inputs: '{spec}' raised {type(error).__name__}: {error}") from error


def _from_npz(path: Path) -> dict[str, Any]:
    import zipfile

    import numpy as np

    try:
        # NumPy leaves a file that it opened itself open where it is damaged.
        with path.open("rb") as file:
            content = np.load(file)
            if isinstance(content, np.lib.npyio.NpzFile):
                return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"inputs: '{path}' cannot be read as .npz{_why(error)}") from error
    raise UsageError(f"inputs: '{path}' holds one array; name the arrays in an .npz file")


def _why(error: Exception) -> str:
    """Return what NumPy says, but for its advice to unpickle whatever is no array."""
    return "" if "pickle" in str(error) else f": {error}"


def _from_folder(path: Path, signature: Sequence[ValueInfo]) -> Iterator[Mapping[str, Any]]:
    arrays = sorted(path.glob("*.npy"))
    if arrays:
        yield {file.stem: _from_npy(file) for file in arrays}
        return
    sets = sorted(path.glob("test_data_set_*"), key=_number) or [path]
    for folder in sets:
        files = sorted(folder.glob("input_*.pb"), key=_number)
        if not files and len(sets) == 1 and signature:
            raise UsageError(f"inputs: '{path}' holds no .npy and no input_*.pb files")
        yield dict(_from_pb(file, signature) for file in files)


def _number(path: Path) -> int:
    digits = re.search(r"(\d+)\D*$", path.name)
    return int(digits[1]) if digits else 0


def _from_npy(path: Path) -> Any:
    import numpy as np

    try:
        return np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"inputs: '{path}' cannot be read as .npy{_why(error)}") from error


def _from_pb(path: Path, signature: Sequence[ValueInfo]) -> tuple[str, Any]:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    from onnx import numpy_helper

    position = _number(path)
    if position >= len(signature):
        raise UsageError(
            f"inputs: '{path}' is for input {position}, the model has {len(signature)} from 0 on"
        )
    info = signature[position]
    kind = parse_type(info.type).kind
    message: Any
    decode: Any
    message, decode = {
        "sequence": (onnx.SequenceProto(), numpy_helper.to_list),
        "optional": (onnx.OptionalProto(), numpy_helper.to_optional),
        "map": (onnx.MapProto(), numpy_helper.to_dict),
    }.get(kind, (onnx.TensorProto(), numpy_helper.to_array))
    try:
        message.ParseFromString(path.read_bytes())
        return info.name, decode(message)
    except (OSError, DecodeError, ValueError, TypeError) as error:
        raise UsageError(f"inputs: '{path}' is no {info.type} in protobuf: {error}") from error


def _function(spec: str) -> Callable[[], Any]:
    module_name, _, name = spec.partition(":")
    added = "" not in sys.path
    if added:
        sys.path.insert(0, "")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except ModuleNotFoundError as error:
        raise UsageError(f"inputs: module '{error.name}' of '{spec}' is not found") from error
    except AttributeError as error:
        raise UsageError(f"inputs: module '{module_name}' has no function '{name}'") from error
    finally:
        if added:
            sys.path.remove("")
    if not callable(function):
        raise UsageError(f"inputs: '{spec}' is no function")
    return function  # type: ignore[no-any-return]


def _checked(feed: Mapping[str, Any], signature: Sequence[ValueInfo]) -> dict[str, Any]:
    """Return the values in the order of the signature; they all fit it."""
    names = [info.name for info in signature]
    unknown = [name for name in feed if name not in names]
    if unknown:
        raise UsageError(f"inputs: the model has no input '{unknown[0]}'; it has {_listed(names)}")
    missing = [info for info in signature if info.name not in feed]
    if missing:
        raise UsageError(
            f"inputs: input '{missing[0].name}' ({missing[0].type}) is missing; "
            f"given are {_listed(list(feed))}"
        )
    return {info.name: _fitting(info, feed[info.name]) for info in signature}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"


def _fitting(info: ValueInfo, value: Any) -> Any:
    import numpy as np

    kind = parse_type(info.type)
    if kind.kind == "optional":
        if value is None or kind.element is None:
            return value
        kind = kind.element
    if kind.kind == "sequence":
        if not isinstance(value, (list, tuple)):
            raise _misfit(info, "a list", type(value).__name__)
        return list(value)
    if kind.kind == "map":
        if not isinstance(value, Mapping):
            raise _misfit(info, "a mapping", type(value).__name__)
        return value
    if kind.kind != "tensor":
        return value
    # An array protocol is what tensors of frameworks offer; Python numbers take the input's dtype.
    array = np.asarray(value)
    expected = kind.dtype.numpy() if kind.dtype else array.dtype
    if expected.kind == "O" and array.dtype.kind in "UOST":
        array = array.astype(object)
    elif array.dtype != expected:
        plain = not hasattr(value, "dtype") and not hasattr(value, "__array__")
        if not plain or not np.can_cast(array.dtype, expected, "same_kind"):
            raise _misfit(info, f"dtype {expected}", f"{array.dtype}")
        array = array.astype(expected)
    _check_shape(info, array)
    return array


def _check_shape(info: ValueInfo, array: np.ndarray[Any, Any]) -> None:
    if info.shape is None:
        return
    expected = f"shape [{', '.join('?' if dim is None else str(dim) for dim in info.shape)}]"
    got = f"[{', '.join(map(str, array.shape))}]"
    if array.ndim != len(info.shape):
        raise _misfit(info, f"rank {len(info.shape)}, {expected}", got)
    for dim, size in zip(info.shape, array.shape, strict=True):
        if isinstance(dim, int) and dim != size:
            raise _misfit(info, expected, got)


def _misfit(info: ValueInfo, expected: str, got: str) -> UsageError:
    return UsageError(f"inputs: input '{info.name}' takes {expected}, got {got}")
