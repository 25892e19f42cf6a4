"""Everything that passmgr registers keeps the contract."""

from __future__ import annotations

from pathlib import Path

from passmgr.core.registry import load_registry
from passmgr.core.testing import BoundCheck, parametrize_with_checks
from passmgr.core.testing.suite import registered_by

TINY = Path(__file__).parents[1] / "models" / "tiny_encoder.onnxtxt"


# It goes wrong on so many generated models that the search for the smallest takes minutes.
UNGENERATED = "onnxslim"

EXPECTED = {
    "onnxoptimizer": {
        "exceptions": "on 'lookalikes', it takes a function for the operator of that name",
        "shapes": "on 'sizes', it leaves a shape that another result had",
        "interface": "on 'old' (IR version 3), initializers that it removed stay required inputs",
        "numbers": "on 'types', optional and sequence inputs lose their types",
    },
    "onnxruntime-optimize": {
        "exceptions": "on 'shadows', it refuses a subgraph that names a value as the graph does",
        "structure": "on 'norms', it gives the weights of two fusions one name",
        "interface": "on 'unused_old', initializers that it removed stay required inputs",
        "numbers": "on 'unused_old', as in interface",
    },
}
EXPECTED_UNGENERATED = {
    "exceptions": "on 'everything', its shape inference recurses without end",
    "structure": "on 'branches', it gives two values one name",
    "shapes": "on 'functions', it makes a double of `value_float` of a Constant",
    "interface": "on 'new', it drops an input that no node reads",
    "numbers": "on 'functions', as in shapes; ONNX Runtime refuses the model",
}

REGISTRY = load_registry()
ALL = registered_by("passmgr", REGISTRY)


@parametrize_with_checks(
    entries=[entry for entry in ALL if entry.name != UNGENERATED],
    models=[TINY],
    expected_failures=EXPECTED,
)
def test_contract(check: BoundCheck) -> None:
    check()


@parametrize_with_checks(
    [UNGENERATED], models=[TINY], expected_failures={UNGENERATED: EXPECTED_UNGENERATED}, examples=0
)
def test_contract_of_onnxslim(check: BoundCheck) -> None:
    check()
