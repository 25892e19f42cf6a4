"""ModelState: what is known about the model between two steps, and the checks of a commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from ..contract import Aspect, Fact, ForeignPass, Pass
from ..errors import PassmgrError
from ..ir.editor import Editor
from ..ir.fingerprint import Fingerprint, fingerprint
from ..ir.freeze import freeze_weights, weight_digests
from ..ir.verify import Problem, verify_edited, verify_model
from ..ir.walk import graphs_with_nodes, op_histogram
from .analyses import AnalysisCache
from .facts import FactTracker
from .interface import interface_change, interface_of

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..ir.walk import GraphWithNodes

Verify = Literal["off", "changed", "each"]


class BrokenPromiseError(PassmgrError):
    """A pass did what it may not."""

    exit_code = 3


class ModelState:
    """The model with everything that is derived from it and must follow its changes.

    ``version`` counts the committed changes.

    What was wrong with the model before the first pass is tolerated afterwards, so that a model
    that only some runtimes take can be worked on; everything new is not.

    Args:
        model: The model.
        resolve_fact: Returns the fact of a name.
        verify: How much is checked after a pass.
        verifiers: The verifiers of plugins; each problem as text.
    """

    def __init__(
        self,
        model: ir.Model,
        resolve_fact: Callable[[str], Fact],
        verify: Verify,
        verifiers: Callable[[ir.Model], list[str]],
    ) -> None:
        self.model = model
        self.edit = Editor(model)
        self.analyses = AnalysisCache(model)
        self.facts = FactTracker(model, resolve_fact)
        self.broken_by: dict[str, str] = {}
        self.fingerprint: Fingerprint | None = None
        self._verify = verify
        self._verifiers = verifiers
        self._tolerated: set[str] = set()
        self._ordered = False
        self._interface = interface_of(model)
        self._digests: dict[int, bytes] = {}
        self._untouched: Fingerprint | None = None
        self._held: list[str] = []
        self.histogram: Counter[tuple[str, str]] = Counter()
        self.nodes = self.bytes = self.version = 0
        self._begun = False

    def begin(self) -> None:
        """Look at the whole model once, before the first pass."""
        if self._begun:
            return
        self._begun = True
        graphs = graphs_with_nodes(self.model)
        freeze_weights(graphs)
        self._measure(Aspect.ALL, graphs)
        if self._verify != "off":
            names: dict[str, ir.Value] = {}
            problems = verify_model(self.model, graphs, names)
            self._tolerated = {problem.message for problem in problems}
            self._tolerated.update(self._verifiers(self.model))
            codes = {problem.code for problem in problems}
            # Sibling subgraphs may share names, of which the dictionary holds one each.
            if "name" not in codes and len(graphs) == 1:
                self.edit.know_names(names)
            self._ordered = "order" not in codes
            self.facts.prove(codes)

    def _measure(self, touched: Aspect, graphs: Sequence[GraphWithNodes] = ()) -> None:
        """Count nodes and bytes anew, as far as ``touched`` can have changed them."""
        recount = self.edit.recount or touched == Aspect.ALL
        if recount or touched & Aspect.WEIGHTS:
            graphs = graphs or graphs_with_nodes(self.model)
        if recount:
            self.histogram = op_histogram(graphs)
        elif touched & Aspect.STRUCTURE:
            self.histogram = +(self.histogram + self.edit.op_changes)
        self.nodes = self.histogram.total()
        if touched & Aspect.WEIGHTS:
            self.bytes = sum(
                value.const_value.nbytes
                for graph, _ in graphs
                for value in getattr(graph, "initializers", {}).values()
                if value.const_value is not None
            )

    def before_pass(self) -> int:
        """Note what a pass may not touch; return the mark to roll back to."""
        if self._verify == "each":
            self._digests = weight_digests(self.model)
            self._untouched = fingerprint(self.model)
        self._held = self.facts.known_to_hold()
        return self.edit.checkpoint()

    def check(self, pass_: Pass, changed: bool) -> None:
        """Check the model after ``pass_``, before its commit.

        Raises:
            BrokenPromiseError: It left a broken model, changed the interface, wrote into a
                weight, went round the editor, or claims a fact that does not hold.
        """
        self.edit.settle()
        if self._verify == "off":
            return
        if self._verify == "each":
            self._check_untouched(changed)
        if changed:
            self._check_structure(pass_)
            change = interface_change(self._interface, interface_of(self.model))
            if change and not pass_.changes_interface:
                raise BrokenPromiseError(f"it changed the interface of the model: {change}")
            if isinstance(pass_, ForeignPass):
                freeze_weights(graphs_with_nodes(self.model))
            self.facts.invalidate(self.edit.aspects, verified=self._ordered)
        for fact in pass_.establishes:
            violation = self.facts.violation(fact)
            if violation is not None:
                raise BrokenPromiseError(f"it claims '{fact}', which does not hold: {violation}")

    def _check_untouched(self, changed: bool) -> None:
        now = weight_digests(self.model, only=self._digests)
        if any(self._digests[key] != digest for key, digest in now.items()):
            raise BrokenPromiseError(
                "it wrote into the array of a weight instead of replacing the weight"
            )
        if not changed and fingerprint(self.model) != self._untouched:
            raise BrokenPromiseError("it changed the model without going through ctx.edit")

    def _check_structure(self, pass_: Pass) -> None:
        whole = isinstance(pass_, ForeignPass) or self._verify == "each" or not self._ordered
        if whole:
            problems = verify_model(self.model)
            ordered = all(problem.code != "order" for problem in problems)
        else:
            problems = verify_edited(self.model, self.edit.edited_nodes, self.edit.edited_values)
            ordered = True
        new = [
            problem
            for problem in problems
            if problem.message not in self._tolerated and (self._ordered or problem.code != "order")
        ]
        told = self._verifiers(self.model)
        new += [Problem("plugin", text) for text in told if text not in self._tolerated]
        if new:
            more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
            raise BrokenPromiseError(f"it left a broken model: {new[0].message}{more}")
        self._ordered = ordered

    def commit(self, pass_: Pass) -> None:
        """Take over what ``pass_`` changed."""
        touched = self.edit.aspects
        if self._verify == "off":
            self.facts.invalidate(touched)
        for fact in self._held:
            if self.facts.fact(fact).reads & touched and fact not in pass_.establishes:
                self.broken_by[fact] = pass_.name
        self.analyses.invalidate(touched)
        if not isinstance(pass_, ForeignPass):
            self.fingerprint = None
        self.version += 1
        if pass_.changes_interface:
            self._interface = interface_of(self.model)
        self._measure(touched)

    def rollback(self, mark: int) -> None:
        """Undo the pass that is under way; nothing that was derived meanwhile is kept."""
        touched = self.edit.aspects
        self.edit.rollback(mark)
        self.fingerprint = None
        self.facts.invalidate(touched)
        self.analyses.invalidate(Aspect.ALL)

    def restart(self) -> None:
        """Undo every pass: the model is the original again."""
        self.edit.rollback()
        self.broken_by.clear()
        self.version += 1
        self.fingerprint = None
        self.facts.invalidate(Aspect.ALL)
        self.analyses.invalidate(Aspect.ALL)
        self._interface = interface_of(self.model)
        self._measure(Aspect.ALL)
