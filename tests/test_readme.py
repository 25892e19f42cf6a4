"""The README: its commands, code and output are those of the tool."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import onnx
import onnx.parser
import pytest
import wrong_components
import wrong_passes
from wrong_optimizers import FAULTS

import passmgr
import passmgr.core.testing.generate  # fills the table of operators
from passmgr.core.cli.app import main
from passmgr.core.registry import load_registry
from passmgr.core.testing import CHECKS
from passmgr.core.testing.generate import OPERATORS
from passmgr.core.verbs.check_plugin import check_plugin

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

DROPOUT = """
<ir_version: 9, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y) { a = Relu(x)  b = Dropout(a)  y = Neg(b) }"""

CALL = """
<ir_version: 9, opset_import: ["" : 18, "local" : 1]>
g (float[N, 4] x) => (float[N, 4] y) { y = local.f (x) }
<domain: "local", opset_import: ["" : 18]> f (a) => (b) { b = Relu (a) }"""


def block(mark: str) -> str:
    """Return the code block after the comment ``mark``."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```\n", README, re.DOTALL)
    assert found is not None, mark
    return found[1]


def module_of(path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


def without_figures(text: str) -> list[str]:
    """Return the lines without times, whose width varies with them."""
    masked = re.sub(r"\b[\d.]+ (µs|ms|s)\b", "", text)
    return [" ".join(line.split()) for line in masked.strip().splitlines()]


def run_cli(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_first_command_prints_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = re.search(r"passmgr (run tests/models/\S+) -o small.onnx", README)
    assert command is not None
    verb, model = command[1].split()
    monkeypatch.chdir(tmp_path)
    assert run_cli(verb, str(ROOT / model), "-o", "small.onnx") == 0
    assert without_figures(capsys.readouterr().out) == without_figures(block("output: run"))


LIAR = """import numpy as np
import onnx_ir as ir
from passmgr import hookimpl, pass_


@pass_()
def round_weights(model, ctx):
    \"\"\"Round every float weight to one decimal, and say nothing of it.\"\"\"
    for value in list(model.graph.initializers.values()):
        if value.dtype == ir.DataType.FLOAT and ctx.action():
            ctx.edit.set_const_value(value, ir.tensor(np.round(value.const_value.numpy(), 1)))


@hookimpl
def passmgr_register(registry):
    registry.add_pass("round-weights", "liar:round_weights", summary="Round weights.")
"""


def test_check_of_that_pass_says_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = module_of(tmp_path / "liar.py", LIAR, monkeypatch)
    registry = load_registry(plugins=False, extra=[liar])
    results = check_plugin("round-weights", registry=registry, examples=0)
    told = {result.check: result.problem for result in results}["numbers"]
    assert without_digits(told.replace(f"{tmp_path}/", "")) == without_digits(
        block("output: check").strip()
    )
    assert re.search(rf"to {len(CHECKS['passes'])} checks", README)
    assert re.search(rf"random models of {len(OPERATORS)}\s+operators", README)
    assert re.search(rf"have {len(wrong_passes.WRONG)}\s+passes", README)
    assert re.search(rf"and {len(wrong_components.WRONG)} analyses", README)


def without_digits(text: str) -> str:
    """Leave out the digits of a figure that depends on the runtime's arithmetic in its last."""
    return re.sub(r"0\.0\d+", "", text)


def test_code_for_pytest_is_complete() -> None:
    names: dict[str, object] = {}
    plugin = load_registry(plugins=False)
    code = block("code: contract").replace("drop-dropout", "eliminate-no-ops")
    assert "eliminate-no-ops" in plugin.entries("passes")
    exec(code, names)
    names["test_numbers"]()  # type: ignore[operator]


def test_pass_that_rounds_weights_gets_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    liar = module_of(tmp_path / "liar.py", LIAR, monkeypatch)
    with pytest.raises(passmgr.PassmgrError) as failed:
        passmgr.run(
            ROOT / "tests/models/tiny_encoder.onnxtxt",
            "eliminate-identity, round-weights, remove-unused",
            registry=load_registry(extra=[liar]),
        )
    assert failed.value.exit_code == 1
    said = " ".join(block("output: liar").split())
    reason = failed.value.result.records[-1].reason
    # The figure depends on the runtime's arithmetic in its last digits.
    assert re.sub(r"0\.\d+", "", reason) in re.sub(r"0\.\d+", "", said)


def test_example_plugin_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = module_of(tmp_path / "my_passes.py", block("code: my_passes.py"), monkeypatch)
    project = tomllib.loads(block("code: pyproject.toml"))
    assert project["project"]["entry-points"]["passmgr"] == {"my-passes": "my_passes"}
    model, out = tmp_path / "model.onnx", tmp_path / "small.onnx"
    onnx.save(onnx.parser.parse_model(DROPOUT), model)
    pipeline = re.search(r'passmgr run model.onnx -p "([^"]+)" -o small.onnx', README)
    assert pipeline is not None
    result = passmgr.run(model, pipeline[1], output=out, registry=load_registry(extra=[plugin]))
    assert [node.op_type for node in onnx.load(out).graph.node] == ["Relu", "Neg"]
    assert result.guard is not None
    assert result.guard.status == "passed"


def test_python_functions_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(DROPOUT), "model.onnx")
    exec(block("code: api"), {})
    assert "eliminate-no-ops changed 3 2" in capsys.readouterr().out


def test_code_for_notebooks_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(DROPOUT), "model.onnx")
    names: dict[str, Any] = {}
    exec(block("code: notebook"), names)
    result, study = names["result"], names["study"]
    assert result.records[0].status == "changed"
    assert [node.op_type for node in result.after(1).graph] == ["Relu", "Neg"]
    assert "-  %b = Dropout(%a)" in result.diff(0, 1).splitlines()
    assert [(row.pipeline, row.nodes) for row in study.rows] == [
        ("original", 3),
        ("mine", 2),
        ("default", 2),
    ]
    assert all(row.latency for row in study.rows)


def test_function_of_others_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(CALL), "model.onnx")
    exec(block("code: foreign"), {"passmgr": passmgr})
    assert [node.op_type for node in onnx.load("small.onnx").graph.node] == ["Relu"]


def test_wrong_optimizer_of_others_gets_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = importlib.metadata.version("onnxoptimizer")
    if f"onnxoptimizer {version} where zeros" not in README:
        pytest.skip(f"the README shows what another version than {version} does")
    monkeypatch.chdir(tmp_path)
    onnx.save(FAULTS["onnxoptimizer-fuses-pad-into-max-pool"].proto(), "padded.onnx")
    command = re.search(r'passmgr run padded.onnx -p "([^"]+)" -o small.onnx', README)
    assert command is not None
    assert run_cli("run", "padded.onnx", "-p", command[1], "-o", "small.onnx") == 1
    shown = without_figures(capsys.readouterr().out)
    assert shown == without_figures(block("output: foreign"))
    assert not Path("small.onnx").exists()


def test_class_has_the_option() -> None:
    names: dict[str, type] = {}
    exec(block("code: options"), names)
    assert names["Prune"]().ratio == 0.5
    with pytest.raises(passmgr.PassmgrError, match="ratio"):
        passmgr.run(ROOT / "tests/models/tiny_encoder.onnxtxt", [names["Prune"](ratio=2.0)])


def test_every_option_and_folder_that_is_named_exists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_cli("run", "--help") == 0
    told = capsys.readouterr().out
    rows = re.findall(r"^\| `(--?[a-z-]+)", README, re.MULTILINE)
    assert len(rows) > 8
    assert [option for option in rows if option not in told] == []
    inside = README[README.index("## Inside") :]
    folders = re.findall(r"`((?:core|passes|plugins|benchmarks)[/\w]*)`", inside)
    assert [name for name in folders if not (ROOT / name).is_dir()] == []
