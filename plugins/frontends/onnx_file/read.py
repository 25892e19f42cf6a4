"""From a file to a ``ModelProto`` whose weights have stayed in the file."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import onnx

from passmgr.core.errors import ModelError

from ...onnx_format.weights import WeightFile
from ...onnx_format.wire import WireError, skeleton

if TYPE_CHECKING:
    from pathlib import Path

_OPSETS_SINCE = 3
"""IR version from which on a model must say by which opset it is to be read."""

_PARSE_ERROR = re.compile(r"line: (\d+) column: (\d+)\)\]\s+Error context: (.*)\n\s*(.+)")


def read_binary(path: Path) -> tuple[onnx.ModelProto, WeightFile]:
    """Read an ``.onnx`` file.

    Returns:
        The model, in which tensors of more than a kilobyte are references, and the file, mapped.

    Raises:
        ModelError: It is no file, or no ONNX model.
        DecodeError: It is no ONNX model, which came out only when it was parsed.
    """
    _check_file(path)
    file = WeightFile(path)
    try:
        proto = onnx.ModelProto.FromString(skeleton(file.headers()))
    except WireError as error:
        raise ModelError(f"'{path}' is no ONNX model, or is cut short: {error}") from error
    _check_model(proto, path)
    return proto, file


def read_text(path: Path) -> onnx.ModelProto:
    """Read an ``.onnxtxt`` file, the text form of ``onnx.printer``.

    Raises:
        ModelError: It is no file, or the text does not parse.
    """
    _check_file(path)
    try:
        proto = onnx.parser.parse_model(path.read_text(encoding="utf-8"))
    except onnx.parser.ParseError as error:
        raise ModelError(f"'{path}' is no ONNX text: {_parse_problem(error)}") from error
    _check_model(proto, path)
    return proto


def _parse_problem(error: onnx.parser.ParseError) -> str:
    """Return where a text does not parse and why, from the three lines that the parser gives."""
    told = error.args[0]
    text = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
    if found := _PARSE_ERROR.search(text):
        line, column, context, problem = found.groups()
        # The parser quotes all that is left of the line, which may hold a weight.
        shown = textwrap.shorten(context.strip(), 60, placeholder=" ...")
        at = f", at '{shown}'" if shown else ""
        return f"line {line}, column {column}{at}: {problem}"
    return " ".join(text.split())


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ModelError(f"'{path}' is a folder, not a model file")
    if not path.exists():
        raise ModelError(f"'{path}' does not exist")
    if not path.is_file():
        raise ModelError(f"'{path}' is not a regular file")
    if not path.stat().st_size:
        raise ModelError(f"'{path}' is empty")


def _check_model(proto: onnx.ModelProto, path: Path) -> None:
    if not proto.HasField("graph"):
        raise ModelError(f"'{path}' is no ONNX model: it has no graph")
    if not proto.opset_import and proto.ir_version >= _OPSETS_SINCE:
        raise ModelError(f"'{path}' is no ONNX model, or is cut short: it imports no opset")
    if proto.training_info:
        raise ModelError(
            f"'{path}' carries training information (training_info), which passes would leave "
            "dangling; remove it first"
        )
