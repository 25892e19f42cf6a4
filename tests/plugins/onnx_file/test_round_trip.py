"""Front end, then emitter: nothing of a model is lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import onnx_models
import pytest
from canonical import canonical

from passmgr.core.errors import OutputError
from passmgr.plugins.emitters.onnx_file import OnnxEmitter, model_bytes
from passmgr.plugins.frontends.onnx_file import OnnxFrontend


@pytest.mark.parametrize("name", onnx_models.ALL)
@pytest.mark.parametrize("external", [False, True])
def test_nothing_is_lost(name: str, external: bool, tmp_path: Path) -> None:
    proto = onnx_models.ALL[name]()
    source, target = tmp_path / "in" / "a.onnx", tmp_path / "b.onnx"
    source.parent.mkdir()
    saved = onnx.ModelProto.FromString(proto.SerializeToString())
    onnx.save(saved, source, save_as_external_data=external, location="a.data", size_threshold=1024)
    OnnxEmitter().emit(OnnxFrontend().load(source), target)
    assert canonical(onnx.load(target)) == canonical(proto)


@pytest.mark.parametrize("name", onnx_models.ALL)
def test_bytes_in_memory_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(onnx_models.ALL[name](), source)
    model = OnnxFrontend().load(source)
    OnnxEmitter().emit(model, target)
    assert model_bytes(model) == target.read_bytes()


@pytest.mark.parametrize("name", onnx_models.ALL)
def test_a_second_round_trip_changes_no_byte(name: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.onnx" for i in range(3)]
    onnx.save(onnx_models.ALL[name](), paths[0])
    for source, target in itertools.pairwise(paths):
        OnnxEmitter().emit(OnnxFrontend().load(source), target)
    assert paths[1].read_bytes() == paths[2].read_bytes()


@pytest.mark.parametrize("external", [False, True])
def test_weights_of_every_element_type_read_as_onnx_reads_them(
    external: bool, tmp_path: Path
) -> None:
    proto = onnx_models.element_types()
    expected = {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}
    path = tmp_path / "a.onnx"
    onnx.save(proto, path, save_as_external_data=external, location="d", size_threshold=0)
    model = OnnxFrontend().load(path)
    assert len(expected) > 20
    for name, array in expected.items():
        tensor = model.graph.initializers[name].const_value
        assert tensor is not None
        assert tensor.numpy().dtype == array.dtype
        assert tensor.numpy().tobytes() == array.tobytes()
        with pytest.raises(ValueError, match="read-only"):
            tensor.numpy()[0, 0] = 1


@pytest.mark.parametrize("name", ["dense", "nested", "inputs_as_initializers"])
def test_text_form(name: str, tmp_path: Path) -> None:
    source, text, back = (tmp_path / f for f in ("a.onnx", "a.onnxtxt", "b.onnx"))
    onnx.save(onnx_models.ALL[name](), source)
    OnnxEmitter().emit(OnnxFrontend().load(source), text)
    OnnxEmitter().emit(OnnxFrontend().load(text), back)
    onnx.checker.check_model(back)
    one, other = (onnx.load(p).graph for p in (source, back))
    assert [n.op_type for n in one.node] == [n.op_type for n in other.node]
    for mine, theirs in zip(one.initializer, other.initializer, strict=True):
        np.testing.assert_array_equal(*(onnx.numpy_helper.to_array(t) for t in (mine, theirs)))


def test_undefined_attribute_types_are_found_out(tmp_path: Path) -> None:
    proto = onnx_models.attributes()
    for attribute in proto.graph.node[0].attribute:
        attribute.ClearField("type")
    path, out = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(proto, path)
    OnnxEmitter().emit(OnnxFrontend().load(path), out)
    assert canonical(onnx.load(out)) == canonical(onnx_models.attributes())


def test_weights_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    onnx.save(onnx_models.dense(), path)
    model = OnnxFrontend().load(path)
    OnnxEmitter().emit(model, tmp_path / "b.onnx")
    tensor = model.graph.initializers["w"].const_value
    assert tensor._array is None  # type: ignore[union-attr]


def test_weights_outlive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    onnx.save(onnx_models.dense(seed=1), path)
    model = OnnxFrontend().load(path)
    onnx.save(onnx_models.dense(seed=2), tmp_path / "other.onnx")
    (tmp_path / "other.onnx").replace(path)
    tensor = model.graph.initializers["w"].const_value
    assert tensor is not None
    np.testing.assert_array_equal(tensor.numpy(), onnx_models.weights(1000, 1))


@pytest.mark.parametrize(
    ("name", "lost"),
    [("described", "doc_string"), ("functions", "attribute_proto"), ("sparse", "cannot be read")],
)
def test_what_the_text_form_cannot_hold_is_refused(name: str, lost: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.onnx", tmp_path / "b.onnxtxt"
    onnx.save(onnx_models.ALL[name](), source)
    with pytest.raises(OutputError, match=lost):
        OnnxEmitter().emit(OnnxFrontend().load(source), target)
    assert list(tmp_path.iterdir()) == [source]
