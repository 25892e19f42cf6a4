"""Compare two models: the same inputs through both, per output and per layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import Approximate, Exact
from ..guard.pair import DEFAULT_RTOL, ModelPair
from ..guard.results import OutputDifference, json_number, largest_relative, worst_of
from ..registry import load_registry
from ..report.displayed import Displayed
from .arguments import check_numbers
from .load import load_model

if TYPE_CHECKING:
    import onnx_ir as ir
    from rich.console import RenderableType

    from ..guard import InputSpec
    from ..registry import Registry


@dataclass(frozen=True)
class Comparison(Displayed):
    """How far two models are apart.

    Args:
        outputs: One difference per output of the first model, in its order, then those that only
            the second one has.
        layers: With ``layers=True``: one difference per value that both models have under the
            same name, in topological order of the first model, so that the first one that
            departs comes first.
        notes: What a person must know to read the figures: synthesized inputs, outputs matched by
            position, inputs that were cast.
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
            "relative": json_number(self.relative),
            "inputs": self.inputs,
            "rtol": self.rtol,
            "atol": self.atol,
            "notes": list(self.notes),
            "outputs": [difference.to_json() for difference in self.outputs],
            "layers": [layer.to_json() for layer in self.layers],
        }

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.comparison(self)


def compare(
    a: str | Path | ir.Model,
    b: str | Path | ir.Model,
    *,
    inputs: InputSpec | None = None,
    seed: int = 0,
    rtol: float = DEFAULT_RTOL,
    atol: float = 0.0,
    layers: bool = False,
    registry: Registry | None = None,
) -> Comparison:
    """Run the same inputs through two models and tell how far their outputs are apart.

    Inputs and outputs are matched by name, or by position where the names differ. With both
    tolerances 0, outputs must be equal bit by bit.

    Args:
        a: The reference: a file of any registered format, or the IR.
        b: The model that is measured against it.
        inputs: What to run: ``.npz``, a folder of ``.npy`` or ``.pb``, ``module:function``, or
            mappings of names to arrays. Synthesized from the signature of ``a`` by default.
        seed: Seed of synthesized inputs.
        rtol: Tolerance relative to the largest magnitude of an output.
        atol: Tolerance, absolute.
        layers: Compare the inner values that both models have under the same name too.
        registry: Where front ends and the runtime come from; by default all that is installed.

    Raises:
        ModelError: A model cannot be read.
        UsageError: The inputs do not fit ``a``, or no front end reads a file.
        RuntimeFailure: One of the models does not run.
    """
    check_numbers(seed=seed, rtol=rtol, atol=atol)
    registry = registry or load_registry()
    effect = Approximate(rtol, atol) if rtol or atol else Exact()
    pair = ModelPair(
        load_model(a, registry),
        load_model(b, registry),
        registry.runtime("onnxruntime"),
        inputs,
        seed,
        effect,
    )
    return Comparison(
        outputs=pair.compare_outputs(),
        layers=pair.compare_layers() if layers else (),
        notes=tuple(pair.notes),
        inputs=len(pair.feeds),
        rtol=rtol,
        atol=atol,
    )
