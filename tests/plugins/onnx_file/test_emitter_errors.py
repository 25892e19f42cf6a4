"""What hinders the emitter: one clear line, nothing left behind, the old file as it was."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnx_models
import pytest

from passmgr.core.errors import OutputError
from passmgr.plugins.emitters.onnx_file import OnnxEmitter, transaction
from passmgr.plugins.frontends.onnx_file import OnnxFrontend


def load(proto: onnx.ModelProto, path: Path, *, external: bool = False) -> ir.Model:
    path.parent.mkdir(exist_ok=True)
    onnx.save(proto, path, save_as_external_data=external, location="in.data", size_threshold=1024)
    return OnnxFrontend().load(path)


def emit(model: ir.Model, path: Path, check: Callable[[Path], None] | None = None) -> None:
    OnnxEmitter().emit(model, path, check=check)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def weight(path: Path) -> np.ndarray[Any, Any]:
    proto = onnx.load(path)
    return onnx.numpy_helper.to_array(next(t for t in proto.graph.initializer if t.name == "w"))


@pytest.mark.parametrize("suffix", [".onnx", ".onnxtxt"])
@pytest.mark.parametrize("error", [RuntimeError("no"), OSError(1, "no"), KeyboardInterrupt()])
def test_a_failed_check_leaves_all_as_it_was(
    suffix: str, error: BaseException, tmp_path: Path
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=True)
    out = tmp_path / f"out{suffix}"
    out.write_text("old")

    def check(path: Path) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        emit(model, out, check)
    assert caught.value is error
    assert names(tmp_path) == ["in", out.name]
    assert out.read_text() == "old"


def test_a_name_that_leaves_no_room_for_a_temporary_one(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    with pytest.raises(OutputError, match="File name too long; nothing was left"):
        emit(model, tmp_path / f"{'o' * 245}.onnx")
    assert names(tmp_path) == ["in"]


def _full_disk(call: int) -> Callable[..., Any]:
    """Return an ``os.fsync`` that finds the disk full at the ``call``-th call."""
    left = [call]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fsync


@pytest.mark.parametrize("call", [1, 2])
def test_full_disk_when_data_are_flushed(
    call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.onnx"
    emit(load(onnx_models.dense(seed=1), tmp_path / "in" / "a.onnx", external=True), out)
    before = names(tmp_path)
    model = load(onnx_models.dense(seed=2), tmp_path / "in" / "b.onnx", external=True)
    monkeypatch.setattr(os, "fsync", _full_disk(call))
    with pytest.raises(OutputError, match="No space left on device; nothing was left"):
        emit(model, out)
    assert names(tmp_path) == before
    np.testing.assert_array_equal(weight(out), onnx_models.weights(1000, 1))


@pytest.mark.parametrize("kernel", [True, False])
def test_full_disk_when_weights_are_copied(
    kernel: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")

    def fail(*args: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def unsupported(*args: Any) -> int:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "copy_file_range", fail if kernel else unsupported)
    if not kernel:
        monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        emit(model, tmp_path / "out.onnx")
    assert names(tmp_path) == ["in"]


@pytest.mark.parametrize("external", [True, False])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EOPNOTSUPP])
def test_space_is_set_aside_where_that_can_be_done(
    error: int, external: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=external)
    asked = []

    def refuse(descriptor: int, offset: int, size: int) -> None:
        asked.append(size)
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    monkeypatch.setattr(transaction, "_WORTH_RESERVING", 0)
    if error == errno.ENOSPC:
        with pytest.raises(OutputError, match="No space left on device"):
            emit(model, tmp_path / "out.onnx")
        assert names(tmp_path) == ["in"]
        assert len(asked) == 1
        return
    emit(model, tmp_path / "out.onnx")
    sizes = [path.stat().st_size for path in tmp_path.iterdir() if path.is_file()]
    assert sorted(asked) == sorted(sizes)


@pytest.mark.parametrize("error", [errno.EXDEV, errno.ENOSYS, None])
def test_copies_where_the_kernel_cannot(
    error: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")

    def copy(*args: Any) -> int:
        if error is None:
            return 0
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "copy_file_range", copy)
    emit(model, tmp_path / "out.onnx")
    np.testing.assert_array_equal(weight(tmp_path / "out.onnx"), onnx_models.weights(1000))


def _missing_folder(out: Path) -> Path:
    return out.parent / "none" / "out.onnx"


def _folder(out: Path) -> Path:
    out.mkdir()
    return out


def _pipe(out: Path) -> Path:
    os.mkfifo(out)
    return out


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (_missing_folder, "the folder '.*none' of the output does not exist"),
        (_folder, "'.*out.onnx' is a folder; give the name of a file"),
        (_pipe, "'.*out.onnx' is not a regular file"),
    ],
)
def test_bad_outputs(prepare: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    out = prepare(tmp_path / "out.onnx")
    before = names(tmp_path)
    with pytest.raises(OutputError, match=message):
        emit(model, out)
    assert names(tmp_path) == before


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    real = os.open

    def refuse(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match=r"out\.onnx' cannot be written: Permission denied"):
        emit(model, tmp_path / "out.onnx")
    assert names(tmp_path) == ["in"]


def _no_data(model: ir.Model) -> None:
    model.graph.initializers["w"].const_value = None


def _wrong_size(model: ir.Model) -> None:
    lazy = ir.LazyTensor(
        lambda: ir.Tensor(np.zeros(9, np.float32)), dtype=ir.DataType.FLOAT, shape=ir.Shape([1000])
    )
    model.graph.initializers["w"].const_value = lazy


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_data, "initializer 'w' has no data"),
        (_wrong_size, "has 36 bytes, where its type and shape need 4000"),
    ],
)
def test_models_that_cannot_be_written(
    spoil: Callable[[ir.Model], None], message: str, tmp_path: Path
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    spoil(model)
    with pytest.raises(OutputError, match=message):
        emit(model, tmp_path / "out.onnx")
    assert names(tmp_path) == ["in"]
