"""Foreign code that fails after it has edited its clone leaves the original untouched."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
import pytest

from passmgr.core.contract import Exact, from_function
from passmgr.core.errors import PassFailed
from passmgr.core.manager import run_passes
from passmgr.core.registry import load_registry
from passmgr.core.testing.snapshot import snapshot
from passmgr.core.testing.trial import Trial

REGISTRY = load_registry(plugins=False)
EVERYTHING = Path(__file__).parents[2] / "core" / "testing" / "models" / "everything.onnxtxt"


class InjectedError(RuntimeError):
    """The fault."""


@pytest.mark.parametrize("name", sorted(REGISTRY.entries("passes")))
def test_a_pass_as_foreign_code_leaves_the_original_untouched(name: str) -> None:
    def foreign(clone: ir.Model) -> None:
        Trial(REGISTRY.make_pass(name), clone, REGISTRY)
        raise InjectedError

    model = ir.from_onnx_text(EVERYTHING.read_text())
    model.graph.sort()  # a clone is made of a sorted model only
    before = snapshot(model)
    pass_ = from_function(foreign, name="foreign", effect=Exact())
    with pytest.raises(PassFailed, match=r"foreign .*InjectedError"):
        run_passes(model, [pass_], registry=REGISTRY)
    assert snapshot(model) == before
