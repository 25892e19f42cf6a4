"""Compare two models: the same inputs through both, per output and per layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..guard.results import OutputDifference, largest_relative, worst_of


@dataclass(frozen=True)
class Comparison:
    """How far two models are apart.

    Args:
        outputs: One difference per output of the first model, in its order.
        layers: With ``layers=True``: one difference per value that both models have under the
            same name, in topological order of the first model, so that the first one that
            departs comes first.
        notes: What a person must know to read the figures: synthesized inputs, outputs matched by
            position, inputs or outputs that only one of the models has.
        inputs: How many sets of inputs were run.
        rtol: Tolerance, relative to the largest magnitude of an output.
        atol: Tolerance, absolute.
    """

    outputs: tuple[OutputDifference, ...]
    layers: tuple[OutputDifference, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: int = 0
    rtol: float = 0.0
    atol: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether every output is within tolerance; what is undecided or unchecked is not."""
        return all(difference.status in ("equal", "within") for difference in self.outputs)

    @property
    def worst(self) -> OutputDifference | None:
        """The gravest difference of an output; ``None`` for models without outputs."""
        return worst_of(self.outputs)

    @property
    def relative(self) -> float | None:
        """The largest relative difference of an output; ``None`` where none was measured."""
        return largest_relative(self.outputs)

    @property
    def first_departure(self) -> OutputDifference | None:
        """The first layer, in topological order, that is out of tolerance."""
        return next((layer for layer in self.layers if layer.severity > 1), None)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON data."""
        return {
            "equal": self.equal,
            "inputs": self.inputs,
            "rtol": self.rtol,
            "atol": self.atol,
            "notes": list(self.notes),
            "outputs": [difference.to_json() for difference in self.outputs],
            "layers": [layer.to_json() for layer in self.layers],
        }
