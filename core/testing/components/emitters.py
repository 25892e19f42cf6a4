"""Checks of emitters: what is written is the model, whole or not at all."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...contract import Exact
from ...errors import OutputError, PassmgrError, UsageError
from ...manager.interface import interface_change, interface_of
from ..snapshot import snapshot
from ..subject import Case
from ..trial import raised_in
from ..violation import Violation, check
from .component import Component

if TYPE_CHECKING:
    import onnx_ir as ir


class _Refused(Exception):
    """Raised by the suite where an emitter asks whether a file may take its name."""


@check(
    "it writes the models of the suite and leaves them as they are",
    "write what the format cannot hold in another way, or refuse it with an `OutputError`",
    "work on a clone where the model has to be changed for the format",
    kinds=("emitters",),
)
def work(component: Component) -> None:
    """Check that models are written, or refused with one line, and not changed."""
    written = 0
    for case, path in _paths(component):
        model = case.make()
        before = snapshot(model)
        written += _emit(component, model, path, case)
        if snapshot(model) != before:
            raise Violation(f"writing model '{case.name}' changes it")
    if not written:
        raise Violation(f"it writes none of {len(component.cases)} models")


@check(
    "the same model gives the same bytes",
    "write no times, no random names and no addresses of objects",
    "sort what comes from a set",
    kinds=("emitters",),
)
def determinism(component: Component) -> None:
    """Check two files of the same model."""
    for case, path in _paths(component):
        contents = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                if _emit(component, case.make(), Path(folder) / path.name, case):
                    contents.append(_contents(Path(folder)))
        if len(contents) == 2 and contents[0] != contents[1]:
            raise Violation(f"writing model '{case.name}' twice gives different bytes")


@check(
    "what is read back has the same interface and computes the same numbers, bit by bit",
    "write weights, types, shapes, names, functions and opset imports in full",
    "refuse a model that the format cannot hold with an `OutputError`",
    kinds=("emitters",),
)
def numbers(component: Component) -> None:
    """Check the model that the front end for the suffix makes of the file."""
    for case, path in _paths(component):
        model = case.make()
        try:
            frontend = component.registry.frontend_for(path)
        except UsageError:
            continue  # nothing reads such files
        if not _emit(component, model, path, case):
            continue
        again = frontend.load(path)
        change = interface_change(interface_of(model), interface_of(again))
        if change:
            raise Violation(f"of model '{case.name}' read back {change}")
        verdict = component.guard.judge(component.guard.record(model), again, Exact())
        if verdict.status == "breach":
            raise Violation(f"of model '{case.name}' read back {verdict.reason}")


@check(
    "an existing file is replaced in one step, and kept where `check` refuses the new one",
    "write to a temporary file in the same folder, call `check` with it, then rename it",
    "remove the temporary file in a `finally` clause",
    kinds=("emitters",),
)
def replacement(component: Component) -> None:
    """Check the folder after a refused and after a taken file."""
    with _written(component, 2) as ((_, other), path):
        old = _contents(path.parent)
        seen: list[bool] = []

        def refuse(candidate: Path) -> None:
            is_readable = candidate.exists() and candidate.name.endswith(component.entry.suffixes)
            seen.append(is_readable and candidate != path)
            raise _Refused

        try:
            component.target.emit(other.make(), path, check=refuse)
        except _Refused:
            pass
        except Exception as error:  # an error of the caller's must come through as it is
            kind = type(error).__name__
            raise Violation(f"what `check` raises comes out as {kind}") from error
        else:
            raise Violation("`check` is not called, or what it raises is lost")
        if seen != [True]:
            raise Violation("`check` is not called once, with a finished file of the same suffix")
        if _contents(path.parent) != old:
            raise Violation("the folder is not as it was after `check` refused the file")
        component.target.emit(other.make(), path)
        new = _contents(path.parent)
        if new[path.name] == old[path.name]:
            raise Violation("an existing file is not replaced")
        if len(new) > len(old):
            raise Violation(f"{', '.join(sorted(set(new) - set(old)))} is left in the folder")


@check(
    "where nothing can be written it says so in one line, and leaves what was there",
    "catch OSError, and raise `OutputError` from it, with the path and the reason",
    "remove what was begun, and rename last",
    kinds=("emitters",),
)
def failures(component: Component) -> None:
    """Check a missing folder, a folder in the place of the file, and a disk that is full."""
    with _written(component, 1) as ((case,), path):
        folder = path.parent / f"folder{component.entry.suffixes[0]}"
        folder.mkdir()
        old = _contents(path.parent)
        for target, what in (
            (path.parent / "none" / path.name, "a missing folder"),
            (folder, "a folder in the place of the file"),
        ):
            _fails(component, case, target, what)
        with _file_size_limit(len(old[path.name]) // 2):
            _fails(component, case, path, "a full disk")
        if _contents(path.parent) != old or any(folder.iterdir()):
            raise Violation("something is left in the folder, or the file that was there is gone")


def _fails(component: Component, case: Case, path: Path, what: str) -> None:
    try:
        component.target.emit(case.make(), path)
    except OutputError as error:
        named = path.name in str(error) or str(path.parent) in str(error)
        if "\n" in str(error).strip() or not named:
            message = f"of {what} it says {str(error)!r:.100}, which is no one line about the path"
            raise Violation(message) from error
    except Exception as error:  # whatever the system or a library raises
        line = raised_in(error, type(component.target).__module__)
        raise Violation(f"{what} made it raise {type(error).__name__}: {error}", line) from error
    else:
        raise Violation(f"{what} is no error")


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """Let writing more than ``size`` bytes into a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _paths(component: Component) -> Iterator[tuple[Case, Path]]:
    """Yield every model with a path for it, once for each suffix."""
    for suffix in component.entry.suffixes:
        with tempfile.TemporaryDirectory() as folder:
            for case in component.cases:
                yield case, Path(folder) / f"{case.name}{suffix}"


@contextmanager
def _written(component: Component, number: int) -> Iterator[tuple[list[Case], Path]]:
    """Yield so many models that it writes, and the first of them written, alone in a folder.

    Raises:
        Violation: It writes fewer.
    """
    cases: list[Case] = []
    for case, path in _paths(component):
        if _emit(component, case.make(), path, case):
            cases.append(case)
        if len(cases) == number:
            break
    else:
        raise Violation(f"it writes only {len(cases)} models")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{component.entry.suffixes[0]}"
        component.target.emit(cases[0].make(), path)
        yield cases, path


def _emit(component: Component, model: ir.Model, path: Path, case: Case) -> bool:
    """Write a model; tell whether it was not refused."""
    try:
        component.target.emit(model, path)
    except PassmgrError as error:
        if not isinstance(error, OutputError) or "\n" in str(error).strip():
            message = f"model '{case.name}' is refused with {error!r:.100}, not one line"
            raise Violation(message) from error
        return False
    except Exception as error:  # whatever the library of the format raises
        line = raised_in(error, type(component.target).__module__)
        problem = f"model '{case.name}' made it raise {type(error).__name__}: {error}"
        raise Violation(problem, line) from error
    if not path.exists():
        raise Violation(f"there is no file after writing model '{case.name}'")
    return True


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
