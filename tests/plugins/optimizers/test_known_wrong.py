"""What other people's optimizers get wrong is rolled back, named, and not written."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from wrong_optimizers import FAULTS, Fault

import passmgr
from passmgr.core.contract import ForeignPass
from passmgr.core.errors import PassFailed
from passmgr.core.pipeline import Call, parse

ALONE = """
import sys
from pathlib import Path
from {module} import optimize
optimize(Path(sys.argv[1]), Path(sys.argv[2]), **{options})
"""
MODULES = {
    "onnxslim": "passmgr.plugins.optimizers.onnxslim",
    "onnxoptimizer": "passmgr.plugins.optimizers.onnxoptimizer",
    "onnxruntime-optimize": "passmgr.plugins.optimizers.onnxruntime",
}


def alone(fault: Fault, folder: Path) -> onnx.ModelProto | None:
    """Return what the optimizer by itself makes of the model; nothing where it crashes."""
    proto = fault.proto()
    if not isinstance(fault.pass_, str):
        model = ir.from_proto(proto)
        return ir.to_proto(fault.pass_().apply(model) or model)
    call = parse(fault.pass_).items[0]
    assert isinstance(call, Call)
    options = dict(call.options)
    if call.name == "onnxoptimizer":
        options["passes"] = ()
    source, target = folder / "alone.onnx", folder / "result.onnx"
    onnx.save(proto, source)
    code = ALONE.format(module=MODULES[call.name], options=options)
    done = subprocess.run(
        [sys.executable, "-c", code, source, target], capture_output=True, check=False
    )
    return None if done.returncode else onnx.load(target)


def signature(proto: onnx.ModelProto) -> tuple[list[str], list[str]]:
    return [v.name for v in proto.graph.input], [v.name for v in proto.graph.output]


def outputs(proto: onnx.ModelProto) -> list[np.ndarray[Any, Any]]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    feed = {
        value.name: np.asarray(
            -0.5 - rng.random([d if isinstance(d, int) else 3 for d in value.shape], "f4")
        )
        for value in session.get_inputs()
    }
    return list(session.run(None, feed))


def is_wrong(before: onnx.ModelProto, after: onnx.ModelProto | None) -> bool:
    """Tell by other means than those of passmgr whether ``after`` is no substitute."""
    if after is None or signature(after) != signature(before):
        return True
    try:
        onnx.checker.check_model(after)
    except onnx.checker.ValidationError:
        return True
    expected, found = outputs(before), outputs(after)
    for value, array in zip(after.graph.output, found, strict=True):
        dims = value.type.tensor_type.shape.dim
        pairs = zip(dims, array.shape, strict=True)
        if any(dim.HasField("dim_value") and dim.dim_value != size for dim, size in pairs):
            return True
    return not all(map(np.allclose, expected, found))


def wrong_or_skip(name: str, folder: Path) -> Fault:
    fault = FAULTS[name]
    if not is_wrong(fault.proto(), alone(fault, folder)):
        version = importlib.metadata.version(fault.library)
        pytest.skip(f"{fault.library} {version} gets this right now")
    return fault


@pytest.mark.parametrize("name", FAULTS)
def test_wrong_optimizer_is_rolled_back_and_named(name: str, tmp_path: Path) -> None:
    fault = wrong_or_skip(name, tmp_path)
    pass_: str | ForeignPass = fault.pass_ if isinstance(fault.pass_, str) else fault.pass_()
    source, output = tmp_path / "model.onnx", tmp_path / "out.onnx"
    onnx.save(fault.proto(), source)
    before = source.read_bytes()
    with pytest.raises(PassFailed, match=fault.reason) as failed:
        passmgr.run(source, ["eliminate-identity", pass_, "sort"], output=output, guard="each")
    blamed = pass_.name if isinstance(pass_, ForeignPass) else pass_.partition("{")[0]
    assert failed.value.pass_name == blamed
    assert not output.exists()
    assert source.read_bytes() == before


def test_run_goes_on_without_an_optimizer_that_crashes(tmp_path: Path) -> None:
    fault = wrong_or_skip("onnxoptimizer-crashes-on-the-shape-of-a-scalar", tmp_path)
    source, output = tmp_path / "model.onnx", tmp_path / "out.onnx"
    onnx.save(fault.proto(), source)
    result = passmgr.run(source, "onnxoptimizer, default", output=output, on_failure="skip")
    assert result.records[0].status == "failed"
    assert not is_wrong(fault.proto(), onnx.load(output))
