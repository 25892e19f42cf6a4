"""Everything that passmgr registers keeps the contract."""

from __future__ import annotations

from pathlib import Path

from passmgr.core.testing import BoundCheck, parametrize_with_checks

TINY = Path(__file__).parents[1] / "models" / "tiny_encoder.onnxtxt"


@parametrize_with_checks(distribution="passmgr", models=[TINY])
def test_contract(check: BoundCheck) -> None:
    check()
