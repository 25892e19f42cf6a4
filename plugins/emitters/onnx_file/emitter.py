"""The emitter for ONNX files: IR to file, in the form that the weights came in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import onnx
import onnx_ir as ir

from passmgr.core.errors import OutputError
from passmgr.core.ir.collector import gc_paused
from passmgr.core.ir.editor import ORIGIN_KEY

from ...onnx_format.keys import EXTERNAL_FORM_KEY
from .data_file import DataLayout, weight_bytes
from .encode import Encoder
from .text import every_node, to_text
from .transaction import Transaction, finish, reserve

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = (1 << 31) - 1
"""Protobuf readers take no message of more bytes."""


class OnnxEmitter:
    """Writes ONNX models, binary or text, whole or not at all.

    Weights keep their form: one file stays one file unless it passes 2 GB, and a model with
    external data gets a data file beside the output, named after the output and the content, so
    that two models in a folder share none. Unchanged weights are moved by the kernel.
    """

    name: ClassVar[str] = "onnx"
    suffixes: ClassVar[tuple[str, ...]] = (".onnx", ".onnxtxt")

    def emit(
        self, model: ir.Model, path: Path, *, check: Callable[[Path], None] | None = None
    ) -> None:
        """Write ``model`` to ``path``, with the same bytes each time.

        Args:
            model: The model; not changed.
            path: Where it appears; a file of that name is replaced in one step, and its data file
                removed if no other model in the folder uses it.
            check: Called with the finished temporary file before it takes its name.

        Raises:
            OutputError: The folder is missing, the disk is full, the text form cannot hold the
                model, ...; nothing is left behind.
        """
        with _reported(path):
            transaction = Transaction(path)
        with transaction:
            with _reported(path), gc_paused():
                if path.suffix == ".onnxtxt":
                    temporary = _write_text(model, transaction)
                else:
                    temporary = _write_binary(model, transaction)
            if check is not None:
                check(temporary)
            with _reported(path):
                transaction.commit(temporary)


def model_bytes(model: ir.Model) -> bytes:
    """Return ``model`` as a serialized ``ModelProto``, with all its weights inside.

    Raises:
        OutputError: It would be over 2 GB, which no reader takes.
    """
    with gc_paused():
        rope = Encoder({}).model(model)
        if rope.length > _LIMIT:
            raise OutputError(f"a model of {rope.length} bytes is too big for one message")
        stream = io.BytesIO()
        rope.write(stream)
        return stream.getvalue()


def _write_binary(model: ir.Model, transaction: Transaction) -> Path:
    external = bool(model.graph.meta.get(EXTERNAL_FORM_KEY)) or weight_bytes(model) > _LIMIT
    rope = None if external else Encoder({}).model(model)
    layout = None
    if rope is None or rope.length > _LIMIT:
        layout = DataLayout(model)
    references: dict[int, bytes] = {}
    data = target = None
    if layout is not None and layout.size:
        data_file, data = transaction.create(".data")
        reserve(data_file, layout.size)
        layout.write(data_file)
        finish(data_file)
        target = transaction.data_name(data, layout.digest(data_file))
        references = layout.references(target.name)
    if rope is None or references:
        rope = Encoder(references).model(model)
    if rope.length > _LIMIT:
        raise OutputError(
            f"'{transaction.path}' would be over 2 GB even without its weights, "
            "which no reader takes"
        )
    file, temporary = transaction.create(".onnx")
    reserve(file, rope.length)
    transaction.keep_mode(file)
    rope.write(file)
    finish(file)
    if data is not None and target is not None:
        transaction.place_data(data, target)
    return temporary


def _write_text(model: ir.Model, transaction: Transaction) -> Path:
    proto = onnx.ModelProto.FromString(model_bytes(model))
    # The text form has no metadata, and nobody misses which pass made a node as he would his own.
    for node in every_node(proto):
        kept = [entry for entry in node.metadata_props if entry.key != ORIGIN_KEY]
        if len(kept) < len(node.metadata_props):
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
    text = to_text(proto)
    file, temporary = transaction.create(".onnxtxt")
    transaction.keep_mode(file)
    file.write(text.encode())
    finish(file)
    return temporary


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Turn what the system says into one clear line about ``path``."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"'{path}' cannot be written: {reason}; nothing was left") from error
    except ir.serde.SerdeError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise OutputError(f"'{path}' cannot be written: {reason}; nothing was left") from error
