"""Bad input: one clear line, the right exit code, and nothing lost or left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnx.parser
import pytest


def save_external(folder: Path, location: str) -> None:
    """Save a model whose weight lies in ``location``."""
    weight = onnx.TensorProto(
        name="w", dims=[4], data_type=1, data_location=onnx.TensorProto.EXTERNAL
    )
    weight.external_data.add(key="location", value=location)
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) { y = Add(x, w) }'
    )
    model.graph.initializer.append(weight)
    (folder / "bad.onnx").write_bytes(model.SerializeToString())


def short_data(folder: Path) -> None:
    (folder / "short.bin").write_bytes(b"1234")
    save_external(folder, "short.bin")


def cycle(folder: Path) -> None:
    onnx.save(
        onnx.parser.parse_model(
            '<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y) '
            "{ a = Add(x, b) b = Add(a, x) y = Relu(b) }"
        ),
        folder / "bad.onnx",
    )


def writes(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "bad.onnx").write_bytes(content)


def truncated(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "bad.onnx").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "there is no file 'bad.onnx'"),
        (writes(b""), "'bad.onnx' is empty"),
        (truncated, "'bad.onnx' is no ONNX model, or is cut short"),
        (writes(b"\x89PNG\r\n\x1a\n" + bytes(range(256))), "'bad.onnx' is no ONNX model"),
        (writes(b"hello, this is no model\n" * 10), "'bad.onnx' is no ONNX model"),
        (lambda folder: (folder / "bad.onnx").mkdir(), "'bad.onnx'"),
        (lambda folder: save_external(folder, "gone.bin"), "'gone.bin', which does not exist"),
        (short_data, "'short.bin', which has only 4"),
        (
            lambda folder: save_external(folder, "../out.bin"),
            "'../out.bin', which is not inside the model's folder",
        ),
        (cycle, "the graph has a cycle through 'a' -> 'b' -> 'a'"),
    ],
    ids=["missing", "empty", "truncated", "picture", "text", "folder", "no-data", "short-data",
         "data-outside", "cycle"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["run", "inspect", "plan"])
@pytest.mark.usefixtures("model")
def test_bad_model_is_one_line(
    passmgr: Any, tmp_path: Path, verb: str, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = passmgr(verb, "bad.onnx", *(["-o", "out.onnx"] if verb == "run" else []))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert message in done.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-p none.toml", "pipeline file 'none.toml' cannot be read: No such file or directory"),
        ("-p bad.toml", "bad.toml:1:7: no TOML: Expected ']]'"),
        ("--inputs none.npz", "inputs: 'none.npz' is no file, no folder and no function"),
        ("--locked none.lock", "lock 'none.lock' cannot be read: No such file or directory"),
        ("--disable nothing", "unknown pass 'nothing'; 'passmgr list passes' shows what there is"),
        ("--seed -1", "'seed' is -1, legal is a number from 0"),
        ("--max-drift nan", "'max_drift' is nan, legal is a number from 0"),
        ("--max-drift 0 --guard off", "a largest drift is nothing without the guard; use guard"),
        ("--pass-timeout inf", "'pass_timeout' is inf, legal is a finite number from 0"),
        ("--print-ir-filter nothing", "unknown pass 'nothing'; 'passmgr list passes' shows"),
    ],
)
@pytest.mark.usefixtures("model")
def test_bad_argument_is_one_line(
    passmgr: Any, tmp_path: Path, arguments: str, message: str
) -> None:
    (tmp_path / "bad.toml").write_text("[[pass]\n")
    done = passmgr("run", "model.onnx", "-o", "out.onnx", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out.onnx").exists()
