"""A window on a file is the file."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import onnx_models
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passmgr.plugins.onnx_format.window import Window
from passmgr.plugins.onnx_format.wire import skeleton

DATA = onnx_models.nested().SerializeToString()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Window:
    path: Path = tmp_path_factory.mktemp("window") / "data"
    path.write_bytes(DATA)
    return Window(os.open(path, os.O_RDONLY), len(DATA))


@given(st.lists(st.integers(0, len(DATA) - 1)), st.integers(0, len(DATA)), st.integers(0, 9000))
def test_any_place_in_any_order(window: Window, places: list[int], start: int, count: int) -> None:
    assert [window[place] for place in places] == [DATA[place] for place in places]
    assert window[start : start + count] == DATA[start : start + count]


def test_after_the_end(window: Window) -> None:
    with pytest.raises(IndexError):
        window[len(DATA)]


def test_scan(window: Window) -> None:
    assert len(window) == len(DATA)
    assert skeleton(window) == skeleton(DATA)
    assert onnx.ModelProto.FromString(skeleton(window)).graph.name == "main"
