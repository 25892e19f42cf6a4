"""What the emitter writes, and where: forms of weights, data files, temporary files, errors."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnx_models
import onnxruntime as ort
import pytest

from passmgr.core.errors import OutputError
from passmgr.plugins.emitters.onnx_file import OnnxEmitter, emitter, transaction
from passmgr.plugins.frontends.onnx_file import OnnxFrontend
from passmgr.plugins.runtimes.onnxruntime import OnnxRuntime


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


@pytest.mark.parametrize("external", [False, True])
def test_form_of_weights_is_kept_and_runs(external: bool, tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=external)
    out = tmp_path / "out.onnx"
    emit(model, out)
    files = [name for name in names(tmp_path) if name != "in"]
    assert len(files) == 1 + external
    onnx.checker.check_model(out, full_check=True)
    session = ort.InferenceSession(out)
    x = np.ones((1, 1000), np.float32)
    (y,) = session.run(None, {"x": x})
    np.testing.assert_allclose(y[0], onnx_models.weights(1000) + 1)


def test_a_model_too_big_for_one_file_gets_a_data_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    monkeypatch.setattr(emitter, "_LIMIT", 3000)
    emit(model, tmp_path / "out.onnx")
    assert len(list(tmp_path.glob("out.*.data"))) == 1
    np.testing.assert_array_equal(weight(tmp_path / "out.onnx"), onnx_models.weights(1000))
    monkeypatch.setattr(emitter, "_LIMIT", 100)
    with pytest.raises(OutputError, match="would be over 2 GB even without its weights"):
        emit(model, tmp_path / "big.onnx")
    with pytest.raises(OutputError, match="too big for one message"):
        emitter.model_bytes(model)
    assert not list(tmp_path.glob("big*"))


def test_two_models_in_one_folder_share_no_data_file(tmp_path: Path) -> None:
    for name, seed in {"a": 1, "b": 2, "a.b": 3}.items():
        model = load(onnx_models.dense(seed=seed), tmp_path / "in" / "m.onnx", external=True)
        emit(model, tmp_path / f"{name}.onnx")
    for name, seed in {"a": 1, "b": 2, "a.b": 3}.items():
        np.testing.assert_array_equal(
            weight(tmp_path / f"{name}.onnx"), onnx_models.weights(1000, seed)
        )
    assert len(list(tmp_path.glob("*.data"))) == 3


def test_same_model_gives_the_same_files(tmp_path: Path) -> None:
    model = load(onnx_models.nested(), tmp_path / "in" / "a.onnx", external=True)
    out = tmp_path / "out.onnx"
    emit(model, out)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out*")}
    emit(model, out)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out*")} == before


def test_data_of_the_replaced_model_goes_with_it(tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    for seed in (1, 2):
        emit(load(onnx_models.dense(seed=seed), tmp_path / "in" / "a.onnx", external=True), out)
    assert len(list(tmp_path.glob("out.*.data"))) == 1
    emit(load(onnx_models.dense(), tmp_path / "in" / "b.onnx"), out)
    assert names(tmp_path) == ["in", "out.onnx"]


def test_data_that_another_model_uses_stays(tmp_path: Path) -> None:
    out, copy = tmp_path / "out.onnx", tmp_path / "copy.onnx"
    emit(load(onnx_models.dense(seed=1), tmp_path / "in" / "a.onnx", external=True), out)
    copy.write_bytes(out.read_bytes())
    emit(load(onnx_models.dense(seed=2), tmp_path / "in" / "b.onnx", external=True), out)
    np.testing.assert_array_equal(weight(copy), onnx_models.weights(1000, 1))
    np.testing.assert_array_equal(weight(out), onnx_models.weights(1000, 2))


def test_data_stay_where_a_model_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, other = tmp_path / "out.onnx", tmp_path / "other.onnx"
    emit(load(onnx_models.dense(seed=1), tmp_path / "in" / "a.onnx", external=True), out)
    other.touch()
    real = transaction.mentioned_data

    def refuse(path: Path, stem: str) -> set[str]:
        if path == other:
            raise PermissionError(13, "no")
        return real(path, stem)

    monkeypatch.setattr(transaction, "mentioned_data", refuse)
    emit(load(onnx_models.dense(seed=2), tmp_path / "in" / "b.onnx", external=True), out)
    np.testing.assert_array_equal(weight(out), onnx_models.weights(1000, 2))
    assert len(list(tmp_path.glob("out.*.data"))) == 2


def test_a_folder_may_be_called_like_a_model(tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    (tmp_path / "folder.onnx").mkdir()
    for seed in (1, 2):
        emit(load(onnx_models.dense(seed=seed), tmp_path / "in" / "a.onnx", external=True), out)
    np.testing.assert_array_equal(weight(out), onnx_models.weights(1000, 2))
    assert len(list(tmp_path.glob("out.*.data"))) == 1


@pytest.mark.parametrize("external", [False, True])
def test_a_name_that_is_not_utf8(external: bool, tmp_path: Path) -> None:
    source, out = tmp_path / os.fsdecode(b"in\xe9.onnx"), tmp_path / os.fsdecode(b"out\xe9.onnx")
    for seed in (1, 2):
        model = load(onnx_models.dense(seed=seed), tmp_path / "in" / "a.onnx", external=external)
        emit(model, source)
        emit(OnnxFrontend().load(source), out)
    assert len(names(tmp_path)) == 3 + 2 * external
    written = OnnxFrontend().load(out).graph.initializers["w"].const_value
    assert written is not None
    np.testing.assert_array_equal(written.numpy(), onnx_models.weights(1000, 2))
    (y,) = OnnxRuntime().session(out).run({"x": np.ones((1, 1000), np.float32)})
    np.testing.assert_allclose(y[0], onnx_models.weights(1000, 2) + 1)


def test_a_taken_name_is_not_overwritten(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=True)
    out = tmp_path / "out.onnx"
    emit(model, out)
    (data,) = tmp_path.glob("out.*.data")
    out.unlink()
    data.write_bytes(b"somebody else's")
    emit(model, out)
    assert data.read_bytes() == b"somebody else's"
    assert len(list(tmp_path.glob("out.*-1.data"))) == 1
    np.testing.assert_array_equal(weight(out), onnx_models.weights(1000))


@pytest.mark.parametrize("external", [False, True])
def test_output_over_the_input(external: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    model = load(onnx_models.dense(), path, external=external)
    for _ in range(2):
        emit(model, path)
        np.testing.assert_array_equal(weight(path), onnx_models.weights(1000))


def test_shared_weights_are_written_once(tmp_path: Path) -> None:
    proto = onnx_models.dense(100_000)
    model = load(proto, tmp_path / "in" / "a.onnx", external=True)
    w = model.graph.initializers["w"]
    for index in range(3):
        model.graph.register_initializer(
            ir.Value(name=f"copy{index}", const_value=w.const_value, type=w.type, shape=w.shape)
        )
    emit(model, tmp_path / "out.onnx")
    (data,) = tmp_path.glob("out.*.data")
    assert data.stat().st_size == 400_000
    tensors = {t.name: t for t in onnx.load(tmp_path / "out.onnx").graph.initializer}
    for index in range(3):
        assert tensors[f"copy{index}"].raw_data == tensors["w"].raw_data


def test_weights_made_in_memory(tmp_path: Path) -> None:
    for external in (False, True):
        model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=external)
        values = model.graph.initializers
        values["w"].const_value = ir.Tensor(onnx_models.weights(2000)[::2], name="w")
        lazy = ir.LazyTensor(
            lambda: ir.Tensor(np.float32([2.0])), dtype=ir.DataType.FLOAT, shape=ir.Shape([1])
        )
        values["b"].const_value = lazy
        emit(model, tmp_path / "out.onnx")
        np.testing.assert_array_equal(weight(tmp_path / "out.onnx"), onnx_models.weights(2000)[::2])


def test_ir3_writes_initializers_as_inputs(tmp_path: Path) -> None:
    model = load(onnx_models.inputs_as_initializers(), tmp_path / "in" / "a.onnx")
    value = model.graph.initializers["b"]
    model.graph.inputs.remove(value)
    out = tmp_path / "out.onnx"
    emit(model, out)
    graph = onnx.load(out).graph
    assert [t.name for t in graph.initializer] == ["w", "b"]
    assert [v.name for v in graph.input][-1] == "b"
    onnx.checker.check_model(out)
    ort.InferenceSession(out)


def test_check_sees_a_model_that_runs(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=True)
    seen = []

    def check(path: Path) -> None:
        seen.append(path)
        assert path.parent == tmp_path
        assert not (tmp_path / "out.onnx").exists()
        onnx.checker.check_model(path)
        ort.InferenceSession(path)

    emit(model, tmp_path / "out.onnx", check)
    assert len(seen) == 1
    assert not seen[0].exists()


def test_permissions_of_the_replaced_file_are_kept(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    out = tmp_path / "out.onnx"
    emit(model, out)
    out.chmod(0o640)
    emit(model, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640


def test_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx", external=True)
    out = tmp_path / "out.onnx"
    emit(model, out)
    (data,) = tmp_path.glob("out.*.data")
    orphan = tmp_path / "out.0123456789abcdef.data"
    left = out.read_bytes().replace(data.name.encode(), orphan.name.encode())
    for name in (".out.01234567.tmp.data", orphan.name, ".other.01234567.tmp.onnx"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".out.01234567.tmp.onnx").write_bytes(left)
    emit(model, out)
    assert names(tmp_path) == [".other.01234567.tmp.onnx", "in", data.name, "out.onnx"]


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    model = load(onnx_models.dense(), tmp_path / "in" / "a.onnx")
    out = tmp_path / "out.onnx"
    with transaction.Transaction(out) as other:
        _, temporary = other.create(".onnx")
        emit(model, out)
        assert temporary.exists()
    assert names(tmp_path) == ["in", "out.onnx"]
