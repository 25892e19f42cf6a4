"""The suite as a pytest decorator: what it makes, expected failures, wrong names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnx.parser
import pytest
import wrong_passes

from passmgr.core.contract import ops, pass_
from passmgr.core.errors import ModelError, UsageError
from passmgr.core.registry import load_registry
from passmgr.core.testing import (
    CHECKS,
    Violation,
    bound_checks,
    parametrize_with_checks,
)

REGISTRY = load_registry(plugins=False)
RELU = wrong_passes.relu_of_positives


def parameters(**options: Any) -> list[Any]:
    mark = parametrize_with_checks([RELU], registry=REGISTRY, examples=0, **options)
    name, made = mark.mark.args
    assert name == "check"
    return list(made)


def test_every_check_becomes_a_test_of_its_own() -> None:
    ids = [parameter.id for parameter in parameters()]
    assert ids == [f"relu-of-positives-{name}" for name in CHECKS["passes"]]


def test_expected_failures_are_strict_and_have_their_reason() -> None:
    made = parameters(expected_failures={"relu-of-positives": {"numbers": "known since 1.2"}})
    ((mark,),) = (parameter.marks for parameter in made if parameter.marks)
    assert mark.name == "xfail"
    assert mark.kwargs == {"reason": "known since 1.2", "strict": True, "raises": Violation}


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"sort": {"numbers": "why"}}, "expected of 'sort', which is not checked"),
        ({"relu-of-positives": {"nmbers": "why"}}, "of the check 'nmbers'; there are work, "),
        ({"relu-of-positives": {"numbers": ""}}, "to fail 'numbers' without reason"),
    ],
)
def test_expectations_that_can_never_come_true(expected: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parameters(expected_failures=expected)


def test_passes_are_taken_by_name_class_and_instance() -> None:
    sort = REGISTRY.pass_class("sort")
    found = bound_checks(["sort", sort, sort()], registry=REGISTRY)
    assert {bound.subject.name for bound in found} == {"sort"}


def test_a_distribution_is_checked_with_all_that_it_registers() -> None:
    bounds = list(bound_checks(distribution="passmgr", registry=REGISTRY))
    labels = {bound.label for bound in bounds}
    assert {"sort", "facts/sorted", "facts/opset>=13", "analyses/costs"} < labels
    assert {"frontends/onnx", "emitters/onnx", "runtimes/onnxruntime"} < labels
    assert "pipelines/default" in labels
    registered = [name for kind in CHECKS for name in REGISTRY.entries(kind)]
    assert len(labels) == len(registered)


def test_a_distribution_that_brings_nothing() -> None:
    with pytest.raises(UsageError, match="nothing is registered by a distribution 'acme'"):
        list(bound_checks(distribution="acme", registry=REGISTRY))


def test_a_model_of_ones_own_is_tried_too(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    text = '<ir_version: 9, opset_import: ["" : 18]> g (float[N] x) => (float[N] y) { y = Elu(x) }'
    onnx.save(onnx.parser.parse_model(text), path)
    (bound,) = (
        bound
        for bound in bound_checks(["sort"], models=[path], registry=REGISTRY)
        if bound.check.name == "work"
    )
    assert "own" in [case.name for case in bound.subject.cases]
    with pytest.raises(ModelError, match="does not exist"):
        list(bound_checks(["sort"], models=[tmp_path / "none.onnx"], registry=REGISTRY))[-1]()


def test_a_generated_model_shows_a_fault_in_few_nodes() -> None:
    function = type(wrong_passes.all_transposes_cancel).function  # type: ignore[attr-defined]
    wrong = pass_(touches=ops("Transpose"))(function)
    (bound,) = (
        bound
        for bound in bound_checks([wrong], registry=REGISTRY, examples=100)
        if bound.check.name == "generated"
    )
    with pytest.raises(Violation) as caught:
        bound()
    assert "on model 'generated'" in caught.value.problem
    model = onnx.parser.parse_model(caught.value.problem.partition("\n")[2])
    assert "Transpose" in {node.op_type for node in model.graph.node}
    assert len(model.graph.node) <= 3
    assert any("wrong_passes.py" in line for line in caught.value.blame)
