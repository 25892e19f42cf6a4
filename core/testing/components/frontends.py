"""Checks of front ends: what they read, and what they say of files that are none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...contract import Exact
from ...errors import ModelError, PassmgrError, UsageError
from ...ir.verify import verify_model
from ..snapshot import serialized
from ..trial import raised_in
from ..violation import Violation, check
from .component import Component

if TYPE_CHECKING:
    import onnx_ir as ir

    from ...contract import Emitter

LEFT_TO_PASSES = ("order", "name")
"""Problems that a file may have, and that passes mend."""


@check(
    "there are files that it reads, each the same model every time",
    "give the suite files of its own: `models=[path]`",
    "register an emitter for the same suffix, which writes the models of the suite",
    kinds=("frontends",),
)
def work(component: Component) -> None:
    """Check that every file is read, twice to the same model."""
    with _files(component) as paths:
        for path in paths:
            if serialized(_load(component, path)) != serialized(_load(component, path)):
                raise Violation(f"reading '{path.name}' twice gives two different models")


@check(
    "what it makes of a file is a sound model",
    "keep uses, names and opset imports in order; build graphs by the constructors of onnx_ir",
    "refuse what the IR cannot hold with a `ModelError`",
    kinds=("frontends",),
)
def structure(component: Component) -> None:
    """Check that the structural verifier finds nothing but what passes mend."""
    with _files(component) as paths:
        for path in paths:
            for problem in verify_model(_load(component, path)):
                if problem.code not in LEFT_TO_PASSES:
                    raise Violation(f"of '{path.name}' it makes a model where {problem.message}")


@check(
    "the model computes what a runtime computes from the file itself",
    "read weights, attributes and opsets as the format means them",
    "refuse what cannot be brought into the IR with a `ModelError`",
    kinds=("frontends",),
)
def numbers(component: Component) -> None:
    """Check the outputs, where a runtime reads such files."""
    with _files(component) as paths:
        for path in paths:
            model = _load(component, path)
            reference = component.guard.record(model, path)
            if reference.problem:  # no runtime reads it, or there is nothing to compare
                continue
            verdict = component.guard.judge(reference, model, Exact())
            if verdict.status == "breach":
                raise Violation(f"of '{path.name}' {verdict.reason}")


@check(
    "files are left as they are, and two models of one file share nothing that can be changed",
    "open files for reading only, and cache nothing but immutable weights",
    "put what has to be written into a temporary folder",
    kinds=("frontends",),
)
def purity(component: Component) -> None:
    """Check the folder after reading, and one model after the other was edited."""
    with _files(component) as paths:
        for path in paths:
            before = _contents(path.parent)
            one, two = _load(component, path), _load(component, path)
            kept = serialized(two)
            for node in list(one.graph):
                node.name = f"{node.name}_edited"
            one.graph.name = "edited"
            if serialized(two) != kept:
                raise Violation(f"two models of '{path.name}' change each other")
            if _contents(path.parent) != before:
                raise Violation(f"reading '{path.name}' changes its folder")


@check(
    "a file that is missing, empty, cut off, damaged or a folder is refused with one line",
    "raise `ModelError` with the name of the file and what is wrong with it",
    "catch what the library of the format raises, and raise `ModelError` from it",
    kinds=("frontends",),
)
def damage(component: Component) -> None:
    """Check what happens with files that are no models; one that still is a model may be read."""
    with _files(component) as paths, tempfile.TemporaryDirectory() as folder:
        for path in paths:
            if path.is_dir():
                continue
            data = path.read_bytes()
            for what, contents in _damaged(data):
                bad = Path(folder) / f"{what.replace(' ', '-')}{_suffix(component, path)}"
                bad.write_bytes(contents)
                _refused(component, bad, f"{what} '{path.name}'", must=not contents)
        suffix = component.entry.suffixes[0]
        _refused(component, Path(folder) / f"none{suffix}", "a missing file")
        (Path(folder) / f"folder{suffix}").mkdir()
        _refused(component, Path(folder) / f"folder{suffix}", "an empty folder")


def _damaged(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "an empty", b""
    yield "a text for", b"This is no model.\n" * 3
    yield "random bytes for", bytes((i * 7919 + 13) % 256 for i in range(997))
    for tenth in range(1, 10, 2):
        yield f"{tenth} tenths of", data[: len(data) * tenth // 10]
    for tenth in range(1, 10, 2):
        place = len(data) * tenth // 10
        yield f"a damaged {tenth}", data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def _refused(component: Component, path: Path, what: str, must: bool = True) -> None:
    try:
        component.target.load(path)
    except ModelError as error:
        if "\n" in str(error).strip():
            raise Violation(f"it says more than one line of {what}: {str(error)!r:.100}") from error
        if path.name not in str(error):
            raise Violation(f"of {what} it says {str(error)!r}, without its name") from error
    except PassmgrError as error:
        raise Violation(f"{what} is a ModelError, not a {type(error).__name__}") from error
    except Exception as error:  # whatever the library of the format raises
        line = raised_in(error, type(component.target).__module__)
        raise Violation(f"{what} made it raise {type(error).__name__}: {error}", line) from error
    else:
        if must:
            raise Violation(f"it made a model of {what}")


def _load(component: Component, path: Path) -> ir.Model:
    try:
        model: ir.Model = component.target.load(path)
    except Exception as error:  # a good file: whatever is raised is wrong
        line = raised_in(error, type(component.target).__module__)
        raise Violation(f"it does not read '{path.name}': {error}", line) from error
    return model


@contextmanager
def _files(component: Component) -> Iterator[list[Path]]:
    """Yield copies of the author's files, and the models of the suite as written by an emitter.

    Raises:
        Violation: There are none.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for number, path in enumerate(component.files):
            if path.name.endswith(component.entry.suffixes):
                copy = Path(folder) / f"own{number}" / path.name
                shutil.copytree(path.parent, copy.parent)
                found.append(copy)
        for suffix in component.entry.suffixes:
            emitter = _emitter(component, suffix)
            for case in component.cases if emitter else ():
                assert emitter is not None
                path = Path(folder) / f"{case.name}{suffix}"
                try:
                    emitter.emit(case.make(), path)
                except PassmgrError:
                    continue  # what a format cannot hold is told by the checks of its emitter
                found.append(path)
        if not found:
            raise Violation("there is no file for it to read")
        yield found


def _emitter(component: Component, suffix: str) -> Emitter | None:
    try:
        return component.registry.emitter_for(f"model{suffix}")
    except UsageError:
        return None


def _suffix(component: Component, path: Path) -> str:
    return max((s for s in component.entry.suffixes if path.name.endswith(s)), key=len)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        os.path.join(where, name): Path(where, name).read_bytes()
        for where, _, names in os.walk(folder)
        for name in names
    }
