"""What the guard finds: one difference per output, and a verdict on a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .guard import Reference

DifferenceStatus = Literal["equal", "within", "undecided", "unchecked", "breach"]
"""From best to worst; ``undecided``: a discrete value or a data-dependent shape flipped, which an
approximate pass may cause near a threshold; ``unchecked``: nothing can be said."""

VerdictStatus = Literal["passed", "breach", "unverified"]

_SEVERITY = {"equal": 0, "within": 1, "unchecked": 2, "undecided": 3, "breach": 4}


@dataclass(frozen=True)
class OutputDifference:
    """How one output, or one inner value, differs between two models.

    Args:
        name: Name of the value in the reference model.
        status: What the difference means under the effect that was allowed.
        relative: ``max |a - b| / max |reference|`` over finite elements; ``inf`` where shapes or
            types differ, ``None`` where it is not measured (strings, unchecked outputs).
        absolute: ``max |a - b|`` over finite elements; ``None`` where it is not measured.
        reason: One clause for a person; empty for an equal output.
    """

    name: str
    status: DifferenceStatus
    relative: float | None = 0.0
    absolute: float | None = 0.0
    reason: str = ""

    @property
    def severity(self) -> int:
        """A number that grows from ``equal`` to ``breach``."""
        return _SEVERITY[self.status]

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON data; what is not finite is written as text."""
        return {
            "name": self.name,
            "status": self.status,
            "relative": json_number(self.relative),
            "absolute": json_number(self.absolute),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Verdict:
    """What the guard says about a model.

    Args:
        status: ``passed``, ``breach``, or ``unverified`` where nothing could be compared.
        differences: One entry per output, the worst over all inputs.
        reason: One clause: what was broken, why nothing was verified, or what was compared.
        drift: The largest relative difference of the outputs from the reference; ``None`` where
            none was measured.
        choices: How synthesized inputs were chosen, for each set of them.
        current: What the model gave, as the reference of the next one; ``None`` where it did not
            run.
    """

    status: VerdictStatus
    differences: tuple[OutputDifference, ...] = ()
    reason: str = ""
    drift: float | None = None
    choices: tuple[str, ...] = ()
    current: Reference | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON data."""
        return {
            "status": self.status,
            "reason": self.reason,
            "drift": json_number(self.drift),
            "synthesized": list(self.choices),
            "outputs": [difference.to_json() for difference in self.differences],
        }


def worst_of(differences: Sequence[OutputDifference]) -> OutputDifference | None:
    """Return the gravest difference; among equally grave ones the largest relative, then first."""
    return max(differences, key=lambda d: (d.severity, d.relative or 0.0), default=None)


def largest_relative(differences: Sequence[OutputDifference]) -> float | None:
    """Return the largest relative difference that was measured."""
    return max((d.relative for d in differences if d.relative is not None), default=None)


def json_number(value: float | None) -> float | str | None:
    """Return ``value`` as JSON can hold it: JSON has neither infinity nor NaN."""
    if value is None or value - value == 0:
        return value
    return str(value)
