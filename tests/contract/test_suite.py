"""Every registered pass keeps the contract."""

from __future__ import annotations

from pathlib import Path

from passmgr.core.testing import BoundCheck, parametrize_with_checks, registered_passes

TINY = Path(__file__).parents[1] / "models" / "tiny_encoder.onnxtxt"


@parametrize_with_checks(registered_passes("passmgr"), models=[TINY])
def test_contract(check: BoundCheck) -> None:
    check()
