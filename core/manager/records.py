"""StepRecord and RunResult: what a run did, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..contract import Remark
from ..errors import UsageError
from ..report.displayed import Displayed

if TYPE_CHECKING:
    import onnx_ir as ir
    import pandas as pd
    from rich.console import RenderableType

    from ..guard import Verdict
    from ..ir.text import TextDiff
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


class Remarks(list[Remark], Displayed):
    """Remarks of a run; a notebook shows them as a table."""

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.remarks(self)


class Texts(list[str], Displayed):
    """Texts and diffs of the IR; a notebook shows them below each other."""

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.diffs(self)


@dataclass
class RunResult(Displayed):
    """The outcome of a run; a notebook shows it as the terminal does.

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
        kept: With ``keep_models``: the model before the first step and after each one, or why it
            could not be copied; :meth:`after` returns them.
    """

    model: ir.Model = field(repr=False)
    plan: Plan = field(repr=False)
    records: list[StepRecord] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)
    warnings: list[str] = field(default_factory=list)
    guard: Verdict | None = None
    output: str | None = None
    amendments: list[str] = field(default_factory=list)
    diffs: Texts = field(default_factory=Texts, repr=False)
    kept: list[ir.Model | str] = field(default_factory=list, repr=False)

    @property
    def changed(self) -> bool:
        """Whether any step changed the model."""
        return any(record.status == "changed" for record in self.records)

    @property
    def failed(self) -> Sequence[StepRecord]:
        """The steps that failed and were rolled back."""
        return [record for record in self.records if record.status == "failed"]

    def after(self, step: int) -> ir.Model:
        """Return the model after a step, for a run with ``keep_models=True``.

        It is a copy that may be edited at will; its weights are shared and cannot be written to.

        Args:
            step: The ``index`` of a record; 0 for the model before the first step.

        Raises:
            UsageError: There is no such step, or its model was not kept.
        """
        from ..ir.clone import clone_model

        if not self.kept:
            raise UsageError(
                f"the model after step {step} was not kept; run(..., keep_models=True) keeps it"
            )
        if not 0 <= step < len(self.kept):
            raise UsageError(
                f"there is no step {step}; the last one is {len(self.kept) - 1}, "
                "and 0 stands for the model before the first"
            )
        kept = self.kept[step]
        if isinstance(kept, str):
            raise UsageError(f"the model after step {step} could not be copied: {kept}")
        return clone_model(kept)

    def diff(self, before: int, after: int) -> TextDiff:
        """Return what changed in the text of the IR between two steps; weights do not show.

        Args:
            before: A step, as :meth:`after` takes it.
            after: Another one.

        Raises:
            UsageError: There is no such step, or its model was not kept.
        """
        from ..ir.text import model_text, text_diff

        old, new = (model_text(self.after(step)) for step in (before, after))
        return text_diff(old, new, f"after step {before}", f"after step {after}")

    def frame(self) -> pd.DataFrame:
        """Return the steps as a pandas table, one row each, in the order in which they ran.

        Columns: ``index``, ``name``, ``origin``, ``status``, ``reason``, ``seconds``,
        ``nodes_before``, ``nodes_after``, ``bytes_before``, ``bytes_after``, ``edits`` and
        ``rewrites`` as in :class:`StepRecord`; ``nodes_removed`` and ``bytes_saved``, which are
        negative where a step added some. Text is of the type ``string``, ``seconds`` of
        ``float64``, all else of ``int64``, also where there are no steps.

        Raises:
            UsageError: pandas is missing.
        """
        from ..report.frame import step_frame

        return step_frame(self.records)

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

    def _layout(self) -> Sequence[RenderableType]:
        from ..report import notebook

        return notebook.run(self)


def _plain(args: Any) -> dict[str, Any]:
    simple = (str, int, float, bool, type(None))
    return {key: value if isinstance(value, simple) else str(value) for key, value in args.items()}
