"""Optimizers of others as passes: transactional, silent, in a process that may crash."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir
import onnx_models
import pytest
from canonical import canonical

import passmgr
from passmgr.core.errors import PassFailed, UsageError
from passmgr.core.ir.editor import ORIGIN_KEY
from passmgr.core.manager import run_passes
from passmgr.core.registry import load_registry
from passmgr.core.testing.snapshot import snapshot
from passmgr.plugins.emitters.onnx_file import OnnxEmitter
from passmgr.plugins.frontends.onnx_file import OnnxFrontend
from passmgr.plugins.optimizers import isolated

REGISTRY = load_registry(plugins=False)
NAMES = ("onnxslim", "onnxoptimizer", "onnxruntime-optimize")
CHAIN = """<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y)
{ a = Identity (x)  b = Relu (a)  c = Identity (b)  y = Neg (c) }"""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "chain.onnx"
    onnx.save(onnx.parser.parse_model(CHAIN), path)
    return path


# What the other process is asked to do in these tests, by the name of this module.


def optimize(source: Path, target: Path, *, misdeed: str) -> None:
    """Do what an optimizer should not."""
    if misdeed == "raises":
        raise LookupError("no such thing\nand more")
    if misdeed == "crashes":
        os.write(2, b"corrupted\n\n")
        os.kill(os.getpid(), signal.SIGSEGV)
    if misdeed == "exits":
        os._exit(7)
    if misdeed == "sleeps":
        time.sleep(100)
    if misdeed == "garbles":
        target.write_bytes(b"no model")
    if misdeed == "prints":
        print("to stdout")
        os.write(1, b"to stdout\n")
        os.write(2, b"to stderr\n")
        target.write_bytes(source.read_bytes())


@pytest.fixture
def misdo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the pass onnxslim do a misdeed."""
    folder = str(Path(__file__).parent)
    isolated.stop()
    monkeypatch.syspath_prepend(folder)
    real = isolated.optimize

    def misdo(misdeed: str) -> None:
        def instead(model: ir.Model, module: str, **given: Any) -> ir.Model:
            return real(model, Path(__file__).stem, libraries=(), options={"misdeed": misdeed})

        monkeypatch.setattr(isolated, "optimize", instead)

    yield misdo
    isolated.stop()


@pytest.mark.parametrize("name", NAMES)
def test_optimizer_runs_in_a_pipeline(name: str, chain: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.onnx"
    result = passmgr.run(chain, f"{name}, default", output=output, guard="each", verify="each")
    assert result.records[0].status == "changed"
    assert result.guard is not None
    assert result.guard.status == "passed"
    assert [node.op_type for node in onnx.load(output).graph.node] == ["Relu", "Neg"]


def test_options_choose_what_is_done(chain: Path) -> None:
    done = passmgr.run(chain, "onnxoptimizer{passes=[eliminate_deadend]}").model
    assert len(done.graph) == 4
    done = passmgr.run(chain, "onnxoptimizer{passes=[eliminate_identity]}").model
    assert len(done.graph) == 2


def test_fused_operators_of_onnxruntime_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "fused.onnx"
    text = """<ir_version: 9, opset_import: ["" : 18]>
    g (float[2, 4] x) => (float[2, 4] y) <float r = {1.41421356}, float one = {1}, float h = {0.5}>
    { a = Div (x, r)  b = Erf (a)  c = Add (b, one)  d = Mul (x, c)  y = Mul (d, h) }"""
    onnx.save(onnx.parser.parse_model(text), path)
    basic = passmgr.run(path, "onnxruntime-optimize", guard="each")
    assert {node.domain for node in basic.model.graph} == {""}
    extended = passmgr.run(path, "onnxruntime-optimize{level=extended}, default", guard="each")
    assert [(n.domain, n.op_type) for n in extended.model.graph] == [("com.microsoft", "Gelu")]
    assert extended.guard is not None
    assert extended.guard.status == "passed"


@pytest.mark.parametrize("external", [False, True])
def test_weights_that_are_left_alone_stay_what_they_were(external: bool, tmp_path: Path) -> None:
    source, output = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(
        onnx_models.dense(), source, save_as_external_data=external, location="w", size_threshold=0
    )
    model = OnnxFrontend().load(source)
    weights = {name: value.const_value for name, value in model.graph.initializers.items()}
    for name in NAMES:
        run_passes(model, [REGISTRY.make_pass(name)], registry=REGISTRY)
    for name, value in model.graph.initializers.items():
        assert value.const_value is weights[name]
    OnnxEmitter().emit(model, output)
    assert bool(list(tmp_path.glob("out.*.data"))) == external


def test_nothing_is_lost_on_the_way_there_and_back(
    monkeypatch: pytest.MonkeyPatch, misdo: Any, tmp_path: Path
) -> None:
    misdo("prints")
    pass_ = REGISTRY.make_pass("onnxslim")
    for name, make in onnx_models.ALL.items():
        source, output = tmp_path / "in.onnx", tmp_path / "out.onnx"
        onnx.save(make(), source)
        model = OnnxFrontend().load(source)
        OnnxEmitter().emit(pass_.apply(model), output)  # type: ignore[attr-defined]
        assert canonical(onnx.load(output)) == canonical(make()), name


@pytest.mark.parametrize("name", NAMES)
def test_doc_strings_and_metadata_that_it_forgets_are_kept(name: str, tmp_path: Path) -> None:
    source, output = tmp_path / "in.onnx", tmp_path / "out.onnx"
    proto = onnx_models.described()
    scale = proto.graph.node[0]
    del scale.attribute[:]  # of no operator of the standard
    proto.graph.output[0].type.CopyFrom(proto.graph.input[0].type)
    proto.graph.node.insert(0, onnx.helper.make_node("Identity", ["x"], ["copy"]))
    proto.graph.node[1].input[0] = "copy"
    onnx.save(proto, source)
    assert passmgr.run(source, name, output=output).records[0].status == "changed"
    found = onnx.load(output)
    for attribute in ("producer_name", "domain", "model_version"):
        assert getattr(found, attribute) == getattr(proto, attribute), attribute
    pairs = [(found, proto), (found.graph, proto.graph)]
    pairs += [(found.graph.input[0], proto.graph.input[0]), (found.graph.node[0], scale)]
    for after, before in pairs:
        assert after.doc_string == before.doc_string
        assert metadata(after) == metadata(before)


def metadata(message: Any) -> dict[str, str]:
    kept = {entry.key: entry.value for entry in message.metadata_props}
    kept.pop(ORIGIN_KEY, None)
    return kept


@pytest.mark.parametrize(
    ("misdeed", "reason"),
    [
        ("raises", "LookupError: no such thing and more$"),
        ("crashes", "it crashed with SIGSEGV; its last words: corrupted$"),
        ("exits", "it left its process$"),
        ("garbles", "what it wrote cannot be read: its result is no ONNX model"),
    ],
)
def test_misdeed_is_blamed_and_leaves_the_model_object_by_object(
    misdeed: str, reason: str, misdo: Any
) -> None:
    misdo(misdeed)
    model = ir.from_onnx_text(CHAIN)
    before = snapshot(model)
    pass_ = REGISTRY.make_pass("onnxslim")
    with pytest.raises(PassFailed, match=r"onnxslim \(step 1\).*" + reason) as failed:
        run_passes(model, [pass_], registry=REGISTRY)
    assert failed.value.pass_name == "onnxslim"
    assert failed.value.exit_code == 3
    assert snapshot(model) == before


def test_timeout_ends_the_process(misdo: Any, chain: Path) -> None:
    misdo("sleeps")
    with pytest.raises(PassFailed, match=r"did not end within 0\.5 s"):
        passmgr.run(chain, "onnxslim", pass_timeout=0.5)
    assert isolated._workers == []
    misdo("prints")
    assert passmgr.run(chain, "onnxslim").records[0].status == "unchanged"


def test_what_it_prints_is_kept_from_the_results(
    misdo: Any, chain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    misdo("prints")
    passmgr.run(chain, "onnxslim")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_optimizers_print_nothing(
    name: str, chain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    passmgr.run(chain, name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["onnxslim", "onnxoptimizer"])
def test_missing_library_is_told_before_anything_runs(
    name: str, chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda x: None if x == name else find(x))
    model = OnnxFrontend().load(chain)
    before = snapshot(model)
    with pytest.raises(UsageError, match=rf"pip install 'passmgr\[{name}\]'"):
        passmgr.run(model, f"eliminate-identity, {name}")
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("passes", "message"),
    [
        ("[fuse_bn_into_con]", "has no pass 'fuse_bn_into_con'; did you mean 'fuse_bn_into_conv'?"),
        ("[xyz]", "has no pass 'xyz'; there are adjust_add, "),
    ],
)
def test_unknown_pass_of_onnxoptimizer_is_told_before_anything_runs(
    passes: str, message: str, chain: Path
) -> None:
    with pytest.raises(UsageError) as refused:
        passmgr.run(chain, f"eliminate-identity, onnxoptimizer{{passes={passes}}}")
    assert message in str(refused.value)


def test_describe_names_the_source() -> None:
    sources = {
        "onnxslim": "https://github.com/inisis/OnnxSlim",
        "onnxoptimizer": "https://github.com/onnx/optimizer",
        "onnxruntime-optimize": "https://onnxruntime.ai/docs/performance/",
    }
    for name, url in sources.items():
        (described,) = passmgr.describe(name)
        assert url in described.text


def test_process_is_made_once(chain: Path) -> None:
    isolated.stop()
    passmgr.run(chain, "onnxoptimizer")
    (first,) = isolated._workers
    passmgr.run(chain, "onnxruntime-optimize")
    assert isolated._workers == [first]
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    passmgr.run(chain, "onnxoptimizer")
    assert isolated._workers != [first]


def test_outputs_stay_as_they_were_declared_where_more_is_inferred() -> None:
    # The first part has three rows, and onnxslim 0.1.98 writes that it has two.
    text = """<ir_version: 8, opset_import: ["" : 18]>
        g (float[5, 2] x) => (float[A, 2] y, float[B, 2] z)
        { y, z = Split <axis: int = 0, num_outputs: int = 2> (x) }"""
    model = ir.from_onnx_text(text)
    result = passmgr.run(model, "onnxslim", guard="each")
    assert not result.failed
    assert [str(value.shape) for value in model.graph.outputs] == ["[A,2]", "[B,2]"]
