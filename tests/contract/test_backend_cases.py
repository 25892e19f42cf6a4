"""The operator tests of the onnx package: through front end, default pipeline and emitter."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import onnx
import onnx.numpy_helper
import pytest
from canonical import canonical

import passmgr
from passmgr.core.registry import load_registry

PARTS = 8


@pytest.fixture(scope="module")
def cases() -> list[Any]:
    """All cases for single operators; they are made by code that the package ships."""
    from onnx.backend.test import loader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases provoke overflows and divisions by zero
        return [case for case in loader.load_model_tests(kind="node") if case.model is not None]


def array_of(value: Any) -> Any:
    """Return a tensor of a type that NumPy lacks as the array that it stands for."""
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


@pytest.mark.parametrize("part", range(PARTS))
def test_what_comes_in_goes_out(cases: list[Any], part: int, tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    registry = load_registry(plugins=False)
    changed = []
    for case in cases[part::PARTS]:
        onnx.save(case.model, source)
        passmgr.run(source, "", output=out, registry=registry)
        if canonical(onnx.load(out)) != canonical(case.model):
            changed.append(case.name)
    assert changed == []


@pytest.mark.parametrize("part", range(PARTS))
def test_default_keeps_the_numbers(cases: list[Any], part: int, tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    registry = load_registry(plugins=False)
    verdicts = []
    assert len(cases) > 1000
    for case in cases[part::PARTS]:
        onnx.save(case.model, source)
        names = [value.name for value in case.model.graph.input]
        inputs = [
            # Optional inputs at the end may be missing.
            dict(zip(names, map(array_of, given), strict=False))
            for given, _ in case.data_sets
        ]
        result = passmgr.run(source, output=out, inputs=inputs, registry=registry)
        onnx.checker.check_model(out)
        if result.guard is not None:
            verdicts.append((case.name, result.guard.status))
    assert verdicts
    assert {status for _, status in verdicts} <= {"passed", "unverified"}
