"""Which op types a pass looks for, so that a model without them is not walked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Touches:
    """A set of op types; the pass is skipped where the model has none of them.

    Args:
        op_types: Pairs of domain (``""`` for the standard one) and op type.
    """

    op_types: frozenset[tuple[str, str]]

    def found_in(self, present: Collection[tuple[str, str]]) -> bool:
        """Tell whether one of the op types is among ``present``."""
        return any(op_type in present for op_type in self.op_types)

    def __str__(self) -> str:
        return ", ".join(
            sorted(f"{domain}::{name}" if domain else name for domain, name in self.op_types)
        )


def ops(*op_types: str) -> Touches:
    """Declare the op types that a pass touches: ``ops("Conv", "com.microsoft::Gelu")``."""
    pairs = []
    for op_type in op_types:
        domain, _, name = op_type.rpartition("::")
        pairs.append((domain, name))
    return Touches(frozenset(pairs))
