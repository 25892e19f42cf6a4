"""ModelPair: two models on the same inputs, output by output and layer by layer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..contract import Effect, Runtime, ValueInfo
from ..errors import RuntimeFailure
from .compare import compare_outputs
from .guard import Guard
from .inputs import InputSpec
from .results import OutputDifference, worst_of
from .value_types import parse_type

if TYPE_CHECKING:
    import onnx_ir as ir

DEFAULT_RTOL = 1e-4

_BYTES = 256 << 20
"""Inner values that are held of each model at once, about."""

_LONGEST_BATCH = 1024


class ModelPair:
    """Two models that are run on the same inputs.

    Args:
        a: The reference.
        b: The model measured against it.
        runtime: What executes them.
        inputs: The user's inputs for ``a``; ``None`` to synthesize some.
        seed: Seed of synthesized inputs.
        effect: How far ``b`` may differ.

    Attributes:
        notes: What a person must know to read the figures.
        feeds: The sets of inputs of ``a``.

    Raises:
        RuntimeFailure: ``a`` does not run, ``b`` does not load, or it has inputs of its own.
        UsageError: The inputs do not fit ``a``.
    """

    def __init__(
        self,
        a: ir.Model,
        b: ir.Model,
        runtime: Runtime,
        inputs: InputSpec | None,
        seed: int,
        effect: Effect,
    ) -> None:
        self.a, self.b = a, b
        self.runtime = runtime
        self.effect = effect
        self.notes: list[str] = []
        self._held = 0
        self.reference = Guard(runtime, inputs, seed, sys.maxsize).record(a)
        if self.reference.problem:
            raise RuntimeFailure(f"the first model {self.reference.problem}")
        if self.reference.choices:
            choices = "; ".join(self.reference.choices)
            self.notes.append(f"no inputs given: {self.reference.source} ({choices})")
        self.feeds = self.reference.inputs
        try:
            session = runtime.session(b)
        except RuntimeFailure as failure:
            raise RuntimeFailure(f"the second model does not load: {failure}") from failure
        self._b_feeds = self._translated(session.inputs)
        self._b_names = [info.name for info in session.outputs]
        self._b_outputs = [self._run_b(session, feed) for feed in self._b_feeds]

    def _run_b(self, session: Any, feed: Mapping[str, Any]) -> tuple[Any, ...]:
        try:
            return tuple(session.run(feed))
        except RuntimeFailure as failure:
            raise RuntimeFailure(f"the second model does not run: {failure}") from failure

    def _translated(self, signature: Sequence[ValueInfo]) -> list[dict[str, Any]]:
        """The inputs as the second model names and types them."""
        given = list(self.feeds[0])
        wanted = [info.name for info in signature]
        names = dict(zip(wanted, wanted, strict=True))
        if not set(wanted) <= set(given):
            if len(wanted) != len(given):
                lacking = next(name for name in wanted if name not in given)
                raise RuntimeFailure(
                    f"the second model needs input '{lacking}', which the first one does not have"
                )
            names = dict(zip(wanted, given, strict=True))
            self.notes.append("inputs are matched by position: their names differ")
        unused = [name for name in given if name not in names.values()]
        if unused:
            self.notes.append(f"the second model has no input '{unused[0]}'")
        return [
            {info.name: self._cast(info, feed[names[info.name]]) for info in signature}
            for feed in self.feeds
        ]

    def _cast(self, info: ValueInfo, value: Any) -> Any:
        kind = parse_type(info.type)
        if kind.kind != "tensor" or not hasattr(value, "dtype"):
            return value
        dtype = kind.dtype.numpy()
        if value.dtype == dtype or dtype.kind == "O":
            return value
        note = f"input '{info.name}' is cast from {value.dtype} to {dtype} for the second model"
        if note not in self.notes:
            self.notes.append(note)
        return value.astype(dtype)

    def compare_outputs(self) -> tuple[OutputDifference, ...]:
        """Compare the outputs: those of the first model, then those that only the second has."""
        pairs = self._matched_outputs()
        missing = float("inf")
        found = []
        for position, name in enumerate(self.reference.names):
            if name not in pairs:
                reason = "the second model has no such output"
                found.append(OutputDifference(name, "breach", missing, missing, reason))
                continue
            other = self._b_names.index(pairs[name])
            runs = zip(self.reference.outputs, self._b_outputs, strict=True)
            found.append(self._worst(name, [(old[position], new[other]) for old, new in runs]))
        reason = "the first model has no such output"
        found += [
            OutputDifference(name, "breach", missing, missing, reason)
            for name in self._b_names
            if name not in pairs.values()
        ]
        return tuple(found)

    def _matched_outputs(self) -> dict[str, str]:
        """The output of the second model for each output of the first."""
        names = self.reference.names
        if set(names) != set(self._b_names) and len(names) == len(self._b_names):
            self.notes.append("outputs are matched by position: their names differ")
            return dict(zip(names, self._b_names, strict=True))
        return {name: name for name in names if name in self._b_names}

    def _worst(self, name: str, values: Sequence[tuple[Any, Any]]) -> OutputDifference:
        differences = [
            compare_outputs(
                [old],
                [new],
                self.effect,
                [name],
                data_dependent=self.reference.data_dependent,
                unchecked=self.reference.unchecked,
            )[0]
            for old, new in values
        ]
        return worst_of(differences) or OutputDifference(name, "equal")

    def compare_layers(self) -> tuple[OutputDifference, ...]:
        """Compare the inner values of the same name, in the order of the first model.

        The values come in batches, each as long as the sizes in the one before allow, so that
        memory stays bounded.
        """
        ours, theirs = _inner_values(self.a), _inner_values(self.b)
        pairs = [(value, theirs[name]) for name, value in ours.items() if name in theirs]
        if not pairs:
            self.notes.append("no inner value has the same name in both models")
        found: list[OutputDifference] = []
        count = 8
        while pairs:
            batch, pairs = pairs[:count], pairs[count:]
            found += self._batch(batch)
            count = max(1, min(_LONGEST_BATCH, 2 * count, count * _BYTES // (self._held + 1)))
        return tuple(found)

    def _batch(self, pairs: Sequence[tuple[ir.Value, ir.Value]]) -> list[OutputDifference]:
        names = [value.name or "" for value, _ in pairs]
        try:
            old = self._inner(self.a, self.feeds, [value for value, _ in pairs])
            new = self._inner(self.b, self._b_feeds, [value for _, value in pairs])
        except RuntimeFailure as failure:
            if len(names) == 1:
                return [OutputDifference(names[0], "unchecked", None, None, str(failure))]
            # One value that cannot be an output must not hide the others.
            half = len(names) // 2
            return self._batch(pairs[:half]) + self._batch(pairs[half:])
        self._held = sum(getattr(value, "nbytes", 0) for values in old for value in values)
        runs = list(zip(old, new, strict=True))
        return [
            self._worst(name, [(a[position], b[position]) for a, b in runs])
            for position, name in enumerate(names)
        ]

    def _inner(
        self, model: ir.Model, feeds: Sequence[Mapping[str, Any]], values: Sequence[ir.Value]
    ) -> list[list[Any]]:
        with _more_outputs(model, values):
            session = self.runtime.session(model)
        return [session.run(feed, [value.name or "" for value in values]) for feed in feeds]


def _inner_values(model: ir.Model) -> dict[str, ir.Value]:
    """The values made by the nodes of the main graph that are no outputs, by name."""
    return {
        value.name: value
        for node in model.graph
        for value in node.outputs
        if value.name and not value.is_graph_output()
    }


@contextmanager
def _more_outputs(model: ir.Model, values: Sequence[ir.Value]) -> Iterator[None]:
    outputs = model.graph.outputs
    count = len(outputs)
    outputs.extend(values)
    try:
        yield
    finally:
        del outputs[count:]
