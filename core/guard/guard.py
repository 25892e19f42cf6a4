"""Guard: does a model still compute what it computed before?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import Runtime, Session, ValueInfo, is_lossy
from ..contract.effects import Effect
from ..errors import RuntimeFailure
from ..ir.walk import model_graphs, model_nodes
from .compare import compare_outputs
from .draws import drawn_outputs, settled_outputs
from .inputs import InputSpec, load_inputs
from .overrides import overrides
from .precision import half_eps, widened
from .results import OutputDifference, Verdict, VerdictStatus, largest_relative, worst_of
from .search import search
from .synthesize import synthesize_inputs
from .trace import is_data_dependent, is_random, is_unseeded, outputs_after

if TYPE_CHECKING:
    import onnx_ir as ir

DEFAULT_SIZE_LIMIT = 2 << 30
"""Bytes of weights above which nothing is run."""

MOST_INPUTS = 4
"""Sets of inputs that are run at most, so that what is kept stays small."""


@dataclass(frozen=True)
class Reference:
    """What a model gave for some inputs.

    Args:
        names: Names of its outputs.
        inputs: The sets of inputs that it accepted.
        outputs: Its outputs, for each set of inputs.
        source: Where the inputs came from, for a person.
        choices: How synthesized inputs were chosen, for each set; empty for the user's inputs.
        data_dependent: Outputs whose shapes depend on data.
        unchecked: Outputs whose values cannot be compared, with the reason.
        drawn: Those of them that come out otherwise in each run.
        problem: What is wrong with a model that was not run, as a predicate; else empty.
        loads: Whether the runtime takes the model, be it that it was not run.
        half_eps: The eps of the half type that the model computes with; 0 for none.
    """

    names: tuple[str, ...] = ()
    inputs: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    outputs: tuple[tuple[Any, ...], ...] = field(default=(), repr=False)
    source: str = ""
    choices: tuple[str, ...] = ()
    data_dependent: frozenset[str] = frozenset()
    unchecked: Mapping[str, str] = field(default_factory=dict)
    drawn: frozenset[str] = frozenset()
    problem: str = ""
    loads: bool = False
    half_eps: float = 0.0


class Guard:
    """Runs models on the same inputs and compares what they give.

    The runtime's own optimizations stay off, so that they neither hide an error nor get blamed on
    a pass. No session outlives a call, and at most :data:`MOST_INPUTS` sets of inputs with their
    outputs are kept.

    Args:
        runtime: What executes the models.
        inputs: The user's inputs, as :func:`~passmgr.core.guard.inputs.load_inputs` takes them;
            ``None`` to synthesize some.
        seed: Seed of the synthesized inputs.
        size_limit_bytes: A model with more weights is not run but reported as unverified.
    """

    def __init__(
        self,
        runtime: Runtime,
        inputs: InputSpec | None = None,
        seed: int = 0,
        size_limit_bytes: int = DEFAULT_SIZE_LIMIT,
    ) -> None:
        self.runtime = runtime
        # An iterator gives its sets only once, and a guard may record more than one model.
        if isinstance(inputs, Iterable) and not isinstance(inputs, (str, Path, Mapping)):
            inputs = [feed for feed, _ in zip(inputs, range(MOST_INPUTS), strict=False)]
        self.inputs = inputs
        self.seed = seed
        self.size_limit_bytes = size_limit_bytes

    def record(self, model: ir.Model, source: Path | None = None) -> Reference:
        """Run ``model`` and return what it gave, or why it cannot be run.

        Where a symbolic dimension leaves the choice, synthesized inputs come in two sizes.

        Args:
            model: The model.
            source: The file that it was read from, where the runtime can read that itself.

        Raises:
            UsageError: The user's inputs do not fit the model.
        """
        size = weight_bytes(model)
        if size > self.size_limit_bytes:
            return Reference(
                problem=f"has weights of {_size(size)}, over the limit of "
                f"{_size(self.size_limit_bytes)}: no output was checked"
            )
        session = None
        try:
            session = self.runtime.session(source or model)
            signature = _signature(model, session)
            if self.inputs is None:
                reference = self._record_synthesized(model, session, signature, source)
            else:
                reference = self._record_given(session, signature)
        except RuntimeFailure as failure:
            return Reference(problem=f"does not run: {failure}", loads=session is not None)
        unseeded = outputs_after(model, is_unseeded)
        reason = "it depends on a random op without a seed"
        return replace(
            reference,
            names=tuple(info.name for info in session.outputs),
            drawn=drawn_outputs(session, reference.inputs[0], unseeded),
            data_dependent=frozenset(outputs_after(model, is_data_dependent)),
            unchecked=dict.fromkeys(sorted(unseeded), reason),
            half_eps=half_eps(model),
        )

    def _record_given(self, session: Session, signature: Sequence[ValueInfo]) -> Reference:
        assert self.inputs is not None
        inputs = load_inputs(self.inputs, signature, limit=MOST_INPUTS)
        outputs = [tuple(session.run(feed)) for feed in inputs]
        source = _sets(len(inputs), "given inputs")
        return Reference(inputs=tuple(inputs), outputs=tuple(outputs), source=source)

    def _record_synthesized(
        self,
        model: ir.Model,
        session: Session,
        signature: Sequence[ValueInfo],
        source: Path | None,
    ) -> Reference:
        tries, kept = search(session, synthesize_inputs(model, signature, self.seed))
        inputs = [candidate.feed for candidate, _ in kept]
        outputs = [results for _, results in kept]
        choices = [candidate.description for candidate, _ in kept]
        if overridden := _overridden(session, model, inputs[0]):
            inputs.append(overridden[0])
            outputs.append(overridden[1])
            choices.append("with other values for the inputs that have defaults")
        if tries > len(kept) and any(map(is_random, model_nodes(model))):
            # Generators go on from run to run; a fresh session begins as that of the judge will.
            fresh = self.runtime.session(source or model)
            outputs = [tuple(fresh.run(feed)) for feed in inputs]
        return Reference(
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            source=_sets(len(inputs), "synthesized inputs"),
            choices=tuple(choices),
        )

    def judge(self, reference: Reference, model: ir.Model | Path, effect: Effect) -> Verdict:
        """Run ``model`` on the inputs of ``reference`` and compare, as far as ``effect`` allows.

        A model that does not load or run although its original did is a breach.
        """
        if reference.problem and not reference.loads:
            return Verdict("unverified", reason=f"the original {reference.problem}")
        try:
            current = self.advance(reference, model)
        except RuntimeFailure as failure:
            return Verdict("breach", reason=str(failure))
        if reference.problem:
            return Verdict("unverified", reason=f"it loads; the original {reference.problem}")
        if current.names != reference.names:
            change = f"outputs {_listed(reference)} became {_listed(current)}"
            return Verdict("breach", reason=change)
        settled = sorted(reference.drawn - current.drawn)
        if settled and not is_lossy(effect):
            change = f"output '{settled[0]}' was drawn at random, and is the same in every run now"
            return Verdict("breach", reason=change)
        effect = widened(effect, reference.half_eps)
        return replace(compare_references(reference, current, effect), current=current)

    def advance(self, reference: Reference, model: ir.Model | Path) -> Reference:
        """Return what ``model`` gives for the inputs of ``reference``: the next reference.

        Raises:
            RuntimeFailure: The model does not load or does not run.
        """
        session = self.runtime.session(model)
        outputs = tuple(tuple(session.run(feed)) for feed in reference.inputs)
        names = tuple(info.name for info in session.outputs)
        drawn = reference.drawn & {*names}
        if drawn:
            drawn -= settled_outputs(session, reference.inputs[0], drawn)
        return replace(reference, names=names, outputs=outputs, drawn=drawn)


def _overridden(
    session: Session, model: ir.Model, feed: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Any, ...]] | None:
    """Return ``feed`` with other values for inputs that have defaults, and what it gives."""
    for others in overrides(model):
        try:
            return {**feed, **others}, tuple(session.run({**feed, **others}))
        except RuntimeFailure:
            continue  # the model takes no such values
    return None


def _signature(model: ir.Model, session: Session) -> list[ValueInfo]:
    """The inputs; a runtime that loads a file may show an unknown rank as a scalar's."""
    unknown = {value.name for value in model.graph.inputs if value.shape is None}
    return [
        replace(info, shape=None) if info.name in unknown and not info.shape else info
        for info in session.inputs
    ]


def compare_references(reference: Reference, current: Reference, effect: Effect) -> Verdict:
    """Compare what two models gave for the same inputs."""
    runs = [
        compare_outputs(
            old,
            new,
            effect,
            reference.names,
            data_dependent=reference.data_dependent,
            unchecked=reference.unchecked,
        )
        for old, new in zip(reference.outputs, current.outputs, strict=True)
    ]
    differences = tuple(
        worst for same in zip(*runs, strict=True) if (worst := worst_of(same)) is not None
    )
    return _verdict(reference, differences)


def _verdict(reference: Reference, differences: tuple[OutputDifference, ...]) -> Verdict:
    worst = worst_of(differences)
    status: VerdictStatus = "passed"
    if worst is not None and worst.status == "breach":
        status, reason = "breach", f"output '{worst.name}' {worst.reason}, on {reference.source}"
    else:
        open_ones = [d for d in differences if d.status in ("undecided", "unchecked")]
        decided = len(differences) - len(open_ones)
        if not decided:
            status = "unverified"
        reason = f"{decided} of {len(differences)} outputs compared on {reference.source}"
        if open_ones:
            reason += "; " + "; ".join(f"'{d.name}' {d.status}: {d.reason}" for d in open_ones[:3])
    drift = largest_relative(differences)
    return Verdict(status, differences, reason, drift, reference.choices)


def weight_bytes(model: ir.Model) -> int:
    """Return the size of the initializers of ``model`` in bytes, without reading them."""
    return sum(
        value.const_value.nbytes
        for graph in model_graphs(model)
        for value in getattr(graph, "initializers", {}).values()
        if value.const_value is not None
    )


def _sets(count: int, inputs: str) -> str:
    return inputs if count == 1 else f"{count} sets of {inputs}"


def _listed(reference: Reference) -> str:
    return ", ".join(f"'{name}'" for name in reference.names) or "none"


def _size(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB" if count >= 1 << 20 else f"{count} bytes"
