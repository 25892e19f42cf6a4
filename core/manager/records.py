"""StepRecord and RunResult: what a run did, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..contract import Remark

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..guard import Verdict
    from ..schedule import Plan

Status = Literal["changed", "unchanged", "skipped", "failed"]


@dataclass(frozen=True)
class StepRecord:
    """What one step of a plan did.

    Args:
        index: Its position in the run, from 1; a repeated step counts each time.
        name: The name of the pass.
        origin: ``written``, ``moved`` or ``inserted``.
        status: ``changed``, ``unchanged``, ``skipped`` or ``failed``.
        reason: Why nothing changed, or what went wrong; empty for a change.
        seconds: Wall-clock time of the pass with its checks.
        nodes_before: Nodes of the model before it, subgraphs and functions included.
        nodes_after: Nodes after it.
        bytes_before: Bytes of all weights before it.
        bytes_after: Bytes of all weights after it.
        edits: Logged edits.
        rewrites: Actions taken, such as folded nodes or fired rules.
    """

    index: int
    name: str
    origin: str
    status: Status
    reason: str = ""
    seconds: float = 0.0
    nodes_before: int = 0
    nodes_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    edits: int = 0
    rewrites: int = 0


@dataclass
class RunResult:
    """The outcome of a run.

    Attributes:
        model: The model after the last commit.
        plan: What was to be run.
        records: One entry per step, in the order in which they ran.
        remarks: What passes said about single places.
        warnings: What the user should know about the run as a whole.
        guard: What the numerical check found; ``None`` where it was off or had nothing to check.
        output: The file written, if any.
        amendments: Repairs that the plan did not have, such as a re-established fact.
        diffs: With IR printing: the text of the model per step.
    """

    model: ir.Model
    plan: Plan
    records: list[StepRecord] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    guard: Verdict | None = None
    output: str | None = None
    amendments: list[str] = field(default_factory=list)
    diffs: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any step changed the model."""
        return any(record.status == "changed" for record in self.records)

    @property
    def failed(self) -> Sequence[StepRecord]:
        """The steps that failed and were rolled back."""
        return [record for record in self.records if record.status == "failed"]

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON-serializable data, without the model."""
        return {
            "plan": self.plan.to_json(),
            "steps": [asdict(record) for record in self.records],
            "remarks": [{**asdict(remark), "args": _plain(remark.args)} for remark in self.remarks],
            "warnings": self.warnings,
            "amendments": self.amendments,
            "guard": None if self.guard is None else self.guard.to_json(),
            "output": self.output,
        }


def _plain(args: Any) -> dict[str, Any]:
    simple = (str, int, float, bool, type(None))
    return {key: value if isinstance(value, simple) else str(value) for key, value in args.items()}
