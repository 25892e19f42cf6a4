"""How far a pass may move the outputs of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exact:
    """Outputs stay bit-equal under an unoptimized, single-threaded runtime."""

    def __str__(self) -> str:
        return "exact"


@dataclass(frozen=True)
class Approximate:
    """Outputs move by at most ``rtol`` times the largest reference magnitude, plus ``atol``.

    The distance of an output is ``max |a - b| / max |reference|``, with a floor of a few eps of
    its dtype.
    """

    rtol: float
    atol: float = 0.0

    def __str__(self) -> str:
        return f"approximate(rtol={self.rtol:g}" + (f", atol={self.atol:g})" if self.atol else ")")


@dataclass(frozen=True)
class Lossy:
    """Outputs change by design; ``metric`` names what has to be measured instead."""

    metric: str = "drift"

    def __str__(self) -> str:
        return f"lossy({self.metric})"


Effect = Exact | Approximate | Lossy
"""What a pass declares of how far it moves the outputs."""
