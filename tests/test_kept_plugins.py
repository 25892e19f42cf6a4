"""Plugins built against earlier versions of the plugin API go on working.

Each folder under ``tests/kept`` is an unpacked wheel. It is never edited: what it does was promised
to those who wrote such plugins.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx.parser
import pytest

import passmgr
from passmgr.core.contract import API_VERSION
from passmgr.core.registry import Registry, load_registry
from passmgr.core.verbs.check_plugin import check_plugin

KEPT = Path(__file__).parent / "kept"
FIRST = KEPT / "api_1"

FOUND_LATER: dict[str, str] = {}
"""Faults of kept plugins, as ``name-check``, that a check finds which came after them, with what
they are. They are no reason to edit the plugin, nor to weaken the check."""

MODEL = """
<ir_version: 9, opset_import: ["" : 18]>
g (float[N, 4] x, bool[N] p) => (float[N, 4] y, bool[N] q) {
    a = Relu(x)  b = Dropout(a)  y = Abs(b)  n = Not(p)  m = Not(n)  q = Identity(m)
    unused = Exp(x) }"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(MODEL), path)
    return path


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.syspath_prepend(FIRST)
    monkeypatch.setenv("PASSMGR_PLUGINS", "acme-kept")
    yield load_registry()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_kept"]:
        del sys.modules[name]


def test_there_is_one_for_every_version_of_the_api() -> None:
    kept = {path.name for path in KEPT.iterdir()}
    assert {f"api_{number + 1}" for number in range(API_VERSION)} == kept


@pytest.mark.parametrize("folder", sorted(KEPT.iterdir()), ids=lambda path: path.name)
def test_it_is_as_it_was_built(folder: Path) -> None:
    (record,) = folder.glob("*.dist-info/RECORD")
    rows = [row for row in csv.reader(record.read_text().splitlines()) if row[1]]
    assert len(rows) > 5
    for name, digest, _ in rows:
        found = hashlib.sha256((folder / name).read_bytes()).digest()
        assert digest == "sha256=" + base64.urlsafe_b64encode(found).decode().rstrip("="), name


def test_all_that_it_brings_keeps_the_contract_without_a_warning(registry: Registry) -> None:
    results = check_plugin("acme-kept", registry=registry, examples=5)
    broken = {f"{result.name}-{result.check}": result.problem for result in results}
    assert {name: told for name, told in broken.items() if told and name not in FOUND_LATER} == {}
    assert [line for result in results for line in result.deprecations] == []
    kinds = {result.kind for result in results}
    every = {"passes", "analyses", "facts", "frontends", "emitters", "runtimes", "pipelines"}
    assert every < kinds


def test_its_pipeline_runs_with_its_hooks(registry: Registry, model: Path) -> None:
    result = passmgr.run(model, "kept, remove-unused", registry=registry, guard="each")
    assert sorted(node.op_type for node in result.model.graph) == [
        "Abs",
        "Identity",
        "Identity",
        "Max",
    ]
    assert result.model.graph.doc_string == "6 nodes"
    assert [record.name for record in result.records].count("kept-drop-dropout") == 2
    from acme_kept.plugin import SEEN  # type: ignore[import-not-found]

    assert ("before", "kept-split-relu", 7) in SEEN
    assert ("after", "kept-rule", "changed") in SEEN


def test_its_foreign_passes_run(registry: Registry, model: Path) -> None:
    pipeline = "kept-rule-set, kept-onnx-ir, kept-function"
    result = passmgr.run(model, pipeline, registry=registry, guard="each")
    assert [record.status for record in result.records] == ["changed"] * 3
    assert "Exp" not in [node.op_type for node in result.model.graph]


def test_its_facts_order_the_plan(registry: Registry, model: Path) -> None:
    plan = passmgr.plan(model, "kept-rule, kept-split-relu", registry=registry)
    assert [step.pass_.name for step in plan.passes()][:2] == ["kept-split-relu", "kept-rule"]


def test_its_bridges_work_together(registry: Registry, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.kept"
    passmgr.run(model, "kept", output=out, registry=registry)
    assert passmgr.compare(model, out, registry=registry).equal
    assert passmgr.inspect(out, registry=registry).ops["Max"] == 1
    assert registry.runtime("kept").session(out).inputs[0].name == "x"


def test_its_verifier_is_asked(registry: Registry, model: Path) -> None:
    def forbidden(model):  # type: ignore[no-untyped-def]
        model.graph.doc_string = "forbidden"

    from passmgr.core.contract import Exact, from_function

    bad = from_function(forbidden, name="forbidden", effect=Exact())
    with pytest.raises(passmgr.PassmgrError, match="it is forbidden"):
        passmgr.run(model, bad, registry=registry, guard="off")
