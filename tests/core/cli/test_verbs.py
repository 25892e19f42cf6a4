"""Each verb on the command line: text for people, JSON for programs, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


def test_run_writes_a_model_and_a_summary(passmgr: Any, model: Path, tmp_path: Path) -> None:
    done = passmgr("run", model, "-p", "eliminate-identity", "-o", "out.onnx")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["#", "pass", "nodes", "weights", "time", "result"]
    assert lines[1].startswith("1  eliminate-identity  3 -> 2")
    assert lines[1].endswith("1 rewrite")
    assert lines[-1].startswith("out.onnx: 3 -> 2 nodes, 8 B, verified: ")
    assert (tmp_path / "out.onnx").exists()


def test_run_compares_the_text_form_too(passmgr: Any, model: Path) -> None:
    done = passmgr("run", model, "-p", "eliminate-identity", "-o", "out.onnxtxt")
    assert (done.code, done.err) == (0, "")
    line = "out.onnxtxt: 3 -> 2 nodes, 8 B, verified: outputs bit-equal"
    assert done.out.splitlines()[-1] == line
    assert passmgr("compare", model, "out.onnxtxt").code == 0


def test_run_tells_why_a_pass_did_nothing(passmgr: Any, model: Path) -> None:
    done = passmgr("run", model, "-p", "eliminate-identity, eliminate-identity")
    assert done.code == 0, done.err
    assert done.out.splitlines()[2].split(None, 3)[:2] == ["2", "eliminate-identity"]
    assert done.out.splitlines()[2].endswith("  no Identity")
    assert done.out.splitlines()[-1].startswith("not written (no -o): ")


def test_json_is_all_that_is_on_stdout(passmgr: Any, model: Path) -> None:
    done = passmgr("run", model, "-p", "eliminate-identity", "--json")
    data = json.loads(done.out)
    assert done.code == 0
    assert [step["name"] for step in data["steps"]] == ["eliminate-identity"]
    assert data["guard"]["status"] == "passed"


@pytest.mark.parametrize("form", [["--json", "out.json"], ["--json=out.json"]])
def test_json_goes_to_a_file_beside_the_text(
    passmgr: Any, model: Path, tmp_path: Path, form: list[str]
) -> None:
    done = passmgr("run", *form, model, "-p", "eliminate-identity")
    assert done.out.splitlines()[0].startswith("#  pass")
    assert json.loads((tmp_path / "out.json").read_text())["steps"]


def test_model_after_json_is_not_taken_for_the_file(passmgr: Any, model: Path) -> None:
    before = model.read_bytes()
    done = passmgr("inspect", "--json", model)
    assert json.loads(done.out)["nodes"] == 3
    assert model.read_bytes() == before


def test_output_of_passes_stays_out_of_the_json(
    passmgr: Any, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from passmgr.core.verbs import run as run_module

    original = run_module.load_model

    def chatty(*arguments: Any) -> Any:
        print("loading ...")
        return original(*arguments)

    monkeypatch.setattr(run_module, "load_model", chatty)
    done = passmgr("run", model, "-p", "sort", "--json")
    json.loads(done.out)
    assert done.err == "loading ...\n"


def test_print_ir_shows_what_a_pass_changed(passmgr: Any, model: Path) -> None:
    command = ["run", model, "-p", "sort, eliminate-identity", "--print-ir", "changed"]
    done = passmgr(*command)
    assert any(line.startswith("-") and "Identity" in line for line in done.out.splitlines())
    assert not any(
        line.startswith("-")
        for line in passmgr(*command, "--print-ir-filter", "sort").out.splitlines()
    )


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("model.onnx", "the output 'model.onnx' is the input 'model.onnx'; name another file"),
        ("link.onnx", "the output 'link.onnx' is the input 'model.onnx'; name another file"),
        ("hard.onnx", "the output 'hard.onnx' is the input 'model.onnx'; name another file"),
        ("no/out.onnx", "the folder 'no' of the output 'out.onnx' does not exist"),
        ("folder", "the output 'folder' is a folder; name a file in it"),
        ("out.png", "no emitter writes 'out.png'; known suffixes: .onnx, .onnxtxt"),
    ],
)
def test_run_refuses_an_output_before_any_work(
    passmgr: Any, model: Path, tmp_path: Path, output: str, message: str
) -> None:
    (tmp_path / "link.onnx").symlink_to(model)
    os.link(model, tmp_path / "hard.onnx")
    (tmp_path / "folder").mkdir()
    before = model.read_bytes()
    assert passmgr("run", "model.onnx", "-o", output) == (2, "", f"error: {message}\n")
    assert model.read_bytes() == before


def test_json_overwrites_no_model(passmgr: Any, model: Path) -> None:
    done = passmgr("inspect", "model.onnx", "--json=model.onnx")
    assert done.code == 2
    assert "Invalid value for '--json': 'model.onnx' does not end with .json" in done.err


def test_text_comes_before_json_that_cannot_be_written(passmgr: Any, model: Path) -> None:
    done = passmgr("inspect", "model.onnx", "--json=none/out.json")
    assert done.code == 2
    assert done.out.startswith("model ")
    assert done.err.startswith("error: 'none/out.json' cannot be written: No such file")


def test_stopped_run_shows_the_steps_so_far(
    passmgr: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passmgr.passes.simplify.remove_unused.RemoveUnused.run", lambda *_: 1 / 0)
    command = ["run", model, "-p", "eliminate-identity, remove-unused", "-o", "out.onnx"]
    done = passmgr(*command)
    assert done.code == 3
    assert done.out.splitlines()[-2].endswith("  failed")
    assert done.out.splitlines()[-1] == "     ZeroDivisionError: division by zero"
    assert done.err == (
        "error: remove-unused (step 2) failed and was rolled back: "
        "ZeroDivisionError: division by zero\n"
    )
    assert not (tmp_path / "out.onnx").exists()
    assert len(json.loads(passmgr(*command, "--json").out)["steps"]) == 2


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("sort, fold-konstants", "unknown pass 'fold-konstants'; did you mean 'fold-constants'"),
        ("sort{speed=9}", "pass 'sort': unknown option 'speed'"),
        ("fold-constants{max_growth=-1}", "option 'max_growth' is -1, legal is at least 0"),
        ("sort,, sort", "pipeline, column 6:"),
    ],
)
def test_bad_pipeline_is_pointed_at(passmgr: Any, model: Path, pipeline: str, message: str) -> None:
    done = passmgr("run", model, "-p", pipeline)
    error, text, caret = done.err.splitlines()
    assert error.startswith("error: pipeline, column ")
    assert message in error
    assert text.strip() == pipeline
    assert set(caret.strip()) == {"^"}
    assert (done.code, done.out) == (2, "")


def test_plan_shows_the_reasons(passmgr: Any, model: Path, tmp_path: Path) -> None:
    done = passmgr("plan", model, "-p", "sort, eliminate-identity", "--lock", "plan.lock")
    assert done.code == 0
    assert [line.split()[1] for line in done.out.splitlines()[:2]] == ["sort", "eliminate-identity"]
    assert (tmp_path / "plan.lock").exists()
    locked = passmgr("run", model, "-p", "sort", "--locked", "plan.lock")
    assert locked.code == 2
    data = json.loads(passmgr("plan", model, "-p", "sort", "--json").out)
    assert [step["name"] for step in data["steps"]] == ["sort"]


@pytest.mark.parametrize(
    "kind", ["passes", "analyses", "facts", "frontends", "emitters", "runtimes", "targets"]
)
def test_list_has_a_summary_for_everything(passmgr: Any, kind: str) -> None:
    done = passmgr("list", kind)
    assert (done.code, done.err) == (0, "")
    found = json.loads(passmgr("list", kind, "--json").out)
    assert bool(found) == (kind != "targets")
    assert all(entry["summary"].endswith(".") for entry in found)
    assert [entry["name"] for entry in found] == sorted(entry["name"] for entry in found)
    assert all(entry["name"] in done.out for entry in found)


def test_list_plugins_tells_each_story(
    passmgr: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acme_broken.py").write_text("raise RuntimeError('out of order')")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[passmgr]\nwonder = acme_broken\n")
    done = passmgr("list", "plugins")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["wonder", "acme", "1.0", "broken", "acme_broken"] in rows
    assert "wonder (acme): RuntimeError: out of order" in done.out.splitlines()
    for arguments in (["--no-plugins", "list", "plugins"], ["list", "plugins", "--no-plugins"]):
        assert "wonder (acme): --no-plugins" in passmgr(*arguments).out
    unknown = passmgr("describe", "acme-magic").err
    assert "'wonder' (acme 1.0) is broken: RuntimeError: out of order" in unknown


def test_raising_observer_is_told_and_the_run_goes_on(
    passmgr: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acme_watch.py").write_text(
        "from passmgr import hookimpl\n"
        "@hookimpl\n"
        "def passmgr_after_pass(step):\n"
        "    raise RuntimeError('no screen')\n"
    )
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[passmgr]\nwatch = acme_watch\n")
    done = passmgr("run", model, "-p", "sort, eliminate-identity", "-o", "out.onnx")
    assert done.code == 0
    told = "plugin 'watch' (acme 1.0): passmgr_after_pass was switched off after RuntimeError"
    assert done.out.count(told) == 1
    assert (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fold-constants", ["(pass, from passmgr ", "max_growth", "effect", "establishes"]),
        ("default", ["(pipeline, from passmgr ", "fold-constants"]),
        ("sorted", ["(fact, from passmgr ", "established by", "sort"]),
        ("opset>=", ["(fact, from passmgr "]),
        ("opset>=13", ["opset>=13  (fact, from passmgr "]),
        ("onnxruntime", ["(runtime, from passmgr "]),
        ("onnx", ["(front end, from passmgr ", "(emitter, from passmgr ", ".onnx, .onnxtxt"]),
    ],
)
def test_describe(passmgr: Any, name: str, expected: list[str]) -> None:
    done = passmgr("describe", name)
    assert (done.code, done.err) == (0, "")
    for text in expected:
        assert text in done.out
    assert json.loads(passmgr("describe", name, "--json").out)[0]["name"] == name


def test_inspect_shows_the_signature(passmgr: Any, model: Path) -> None:
    done = passmgr("inspect", model)
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "format IR version 8, opset ai.onnx 17" in rows
    assert "parameters 2 (float 8 B)" in rows
    assert "x tensor(float) [n, 2]" in rows
    assert "Identity 1" in rows
    assert "MACs 0 at n 1" in rows
    assert any(
        row.startswith("peak memory 24 B of activations at n 1, largest at ") for row in rows
    )


@pytest.fixture
def product(tmp_path: Path) -> Path:
    import onnx

    path = tmp_path / "product.onnx"
    text = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (float[n, k, 100] x, float[100, 50] w, float[] u) => (y, z)
        { a = MatMul(x, w)  y = Relu(a)  z = own.Op(u) }"""
    onnx.save(onnx.parser.parse_model(text), path)
    return path


def test_inspect_shows_costs_at_sizes(passmgr: Any, product: Path) -> None:
    done = passmgr("inspect", product, "--dim", "n=2", "--dim=k=3")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    unknown = "without 1 node not known: own::Op that makes 'z'"
    assert f"MACs 30.0 k at n 2, k 3, {unknown}" in rows
    assert "op nodes MACs" in rows
    assert "MatMul 1 30.0 k" in rows
    data = json.loads(passmgr("inspect", product, "--dim", "n=2", "--json").out)
    assert data["dims"] == {"n": 2, "k": 1}
    assert data["costs"]["macs"] == 2 * 100 * 50
    assert data["costs"]["unknown"][0][0] == "own::Op that makes 'z'"
    assert data["memory"]["peak_node"] == "Relu that makes 'y'"
    assert data["memory"]["peak_bytes"] == 2 * 100 * 4 + 100 * 50 * 4 + 2 * 2 * 50 * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dim", "m=2"], "error: no input has an open dimension 'm'; open dimensions: 'n', 'k'"),
        (["--dim", "a=b=2"], "error: no input has an open dimension 'a=b'"),
        (["--dim", "n=0"], "'n=0' is not of the form NAME=NUMBER with a whole number from 1"),
        (["--dim", "n=-1"], "'n=-1' is not of the form"),
        (["--dim", "n=1.5"], "'n=1.5' is not of the form"),
        (["--dim", "n=²"], "'n=²' is not of the form"),
        (["--dim", "n=" + "9" * 5000], "is not of the form"),
        (["--dim", "2"], "'2' is not of the form"),
        (["--dim", "=2"], "'=2' is not of the form"),
        (["--dim", "n=2", "--dim", "n=3"], "'n' is given as 2 and as 3"),
    ],
)
def test_inspect_refuses_sizes(
    passmgr: Any, product: Path, options: list[str], message: str
) -> None:
    done = passmgr("inspect", product, *options)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err


def test_compare_exits_with_1_where_models_differ(passmgr: Any, model: Path) -> None:
    import onnx

    assert passmgr("compare", model, model).code == 0
    other = onnx.load(model)
    other.graph.initializer[0].float_data[0] = 5.0
    onnx.save(other, model.with_name("other.onnx"))
    done = passmgr("compare", model, "other.onnx")
    assert done.code == 1
    assert json.loads(passmgr("compare", model, "other.onnx", "--json").out)["equal"] is False


def test_no_colour_where_nobody_looks(passmgr: Any, model: Path) -> None:
    assert "\033" not in "".join(map(str, passmgr("run", model, "-p", "sort")))
    assert "\033" not in passmgr("describe", "nothing").err
