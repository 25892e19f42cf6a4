"""Files that appear whole or not at all, also under a full disk and kill -9.

While they are written they have temporary names beside the output, and a lock that the kernel drops
with the process: a temporary file without one belongs to a process that is dead.
"""

from __future__ import annotations

import errno
import filecmp
import os
import re
import secrets
import stat
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from passmgr.core.errors import OutputError

from .data_file import data_stem, mentioned_data

try:
    import fcntl
except ImportError:  # No locks: nothing is taken for stale then.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from pathlib import Path


_WORTH_RESERVING = 1 << 20


class Transaction:
    """Replaces a model file, and the data file that belongs to it, in one step.

    The model that is committed names its data file; the data file takes its final name only when
    the temporary model file that names it is complete. So the next run can tell from what a killed
    one left behind which files are nobody's.

    Args:
        path: The model file.

    Raises:
        OutputError: The folder is missing, or something else than a file has the name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise OutputError(f"'{path}' is a folder; give the name of a file")
        if not path.parent.is_dir():
            raise OutputError(f"the folder '{path.parent}' of the output does not exist")
        if path.exists() and not path.is_file():
            raise OutputError(f"'{path}' is not a regular file")
        self._open: list[BinaryIO] = []
        self._temporary: list[Path] = []
        self._model: Path | None = None
        self._data: Path | None = None
        self._replaced: Path | None = None
        self._remove_stale()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        committed = self._model is not None and not self._model.exists()
        for file in self._open:
            with suppress(OSError):  # What a full disk does not take, it need not.
                file.close()
        for path in self._temporary:
            with suppress(OSError):  # There never was one where the name is too long.
                path.unlink(missing_ok=True)
        if self._data is not None and not committed:
            self._data.unlink(missing_ok=True)
        if self._replaced is not None:
            self._forget(self._replaced)

    def create(self, suffix: str) -> tuple[BinaryIO, Path]:
        """Create and lock a temporary file beside the output, and open it for writing."""
        while True:
            path = self._temporary_name(suffix)
            self._temporary.append(path)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            file = open(descriptor, "w+b", buffering=1 << 20)  # noqa: SIM115
            self._open.append(file)
            _lock(descriptor)
            if os.fstat(descriptor).st_nlink:  # Else another process took it for stale.
                return file, path

    def keep_mode(self, file: BinaryIO) -> None:
        """Give ``file`` the permissions of the file that it is going to replace."""
        with suppress(FileNotFoundError):
            os.fchmod(file.fileno(), stat.S_IMODE(self.path.stat().st_mode))

    def data_name(self, temporary: Path, digest: str) -> Path:
        """Return the final name of a data file: that of its content, or one beside it.

        No file is ever overwritten: where the name is taken by another content, a number follows.
        """
        number = 0
        while True:
            suffix = f"-{number}" if number else ""
            target = self.path.with_name(f"{data_stem(self.path)}.{digest}{suffix}.data")
            if not target.exists() or filecmp.cmp(temporary, target, shallow=False):
                return target
            number += 1

    def place_data(self, temporary: Path, target: Path) -> None:
        """Give the data file its final name; one of the same content that is there stays."""
        if not target.exists():
            self._data = target
            temporary.rename(target)

    def commit(self, temporary: Path) -> None:
        """Let the finished model file take the place of the output.

        The one that was there keeps a temporary name, so that its data are found also by the next
        run, if this one does not live to remove them.
        """
        replaced = self._temporary_name(".onnx")
        with suppress(OSError):  # There was none, or the file system has no links.
            replaced.hardlink_to(self.path)
            self._replaced = replaced
        self._model = temporary
        temporary.replace(self.path)
        _sync_folder(self.path.parent)

    def _temporary_name(self, suffix: str) -> Path:
        return self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}.tmp{suffix}")

    def _remove_stale(self) -> None:
        pattern = re.compile(rf"\.{re.escape(self.path.stem)}\.[0-9a-f]{{8}}\.tmp\.\w+")
        for path in tuple(self.path.parent.iterdir()):
            if pattern.fullmatch(path.name) and _is_abandoned(path):
                self._forget(path)

    def _forget(self, path: Path) -> None:
        """Remove a file of ours, and before it the data that no other model here mentions."""
        stem = data_stem(self.path)
        with suppress(OSError):  # What cannot be read may mention them, and they stay.
            data = mentioned_data(path, stem) if path.suffix == ".onnx" else set()
            for model in self.path.parent.glob("*.onnx") if data else ():
                if model != path and model.is_file():
                    data -= mentioned_data(model, stem)
            for name in data:
                self.path.with_name(name).unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def reserve(file: BinaryIO, size: int) -> None:
    """Set the space of ``size`` bytes aside: writing gets faster, and a full disk is told at once.

    Raises:
        OSError: There is no such space.
    """
    if size < _WORTH_RESERVING or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # not every file system can
            raise


def finish(file: BinaryIO) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)
