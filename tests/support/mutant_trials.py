"""Trials of mutants: each in a child of its own, against the contract suite and the guard."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import onnx_ir as ir
from mutant_child import Outcome, in_child
from mutant_modules import ROOT, load_mutant, registry
from mutants import Mutant

import passmgr
from passmgr.core.contract import Pass
from passmgr.core.contract.passes import RESERVED_NAMES
from passmgr.core.errors import PassFailed, PassmgrError
from passmgr.core.pipeline import Call, Pipeline, parse
from passmgr.core.testing import CHECKS, Violation
from passmgr.core.testing.generated import (
    alone_on,
    find_model,
    first_violation,
    generated_case,
    touched_operators,
)
from passmgr.core.testing.snapshot import serialized
from passmgr.core.testing.subject import Case, Subject, supplied_cases

NOT_RUN = ("imports", "pickling", "hash-seeds", "generated")
"""Checks of modules on disk, which are not mutated, and the one that is made in another way."""

INNOCENT = (
    "fix-names, sort, inline-functions",
    "infer-shapes, eliminate-identity, fold-constants, eliminate-no-ops, remove-unused, "
    "deduplicate-initializers, eliminate-common-subexpressions",
)
"""The passes before and after the mutated one, for the guard to tell them apart."""

GUARDED = 6
"""Models, of those in which the pass changes something, that are run under the guard."""

SECONDS = 8
"""Processor time of a trial; the slowest pass that is not mutated takes a third of it."""


@dataclass
class Stage:
    """What the mutants of one pass are tried on, made once."""

    pass_: Pass
    suite: Subject
    generated: list[Subject] = field(default_factory=list)
    traces: list[list[tuple[object, ...] | None]] = field(default_factory=list)

    @property
    def subjects(self) -> list[Subject]:
        """The suite's models and the generated ones, each with the pass to be replaced."""
        return [self.suite, *self.generated]

    def play(self, pass_: Pass) -> None:
        """Put another pass in the place of the original."""
        for subject in self.subjects:
            subject.pass_ = pass_
            subject._trials.clear()


@cache
def stage(name: str, examples: int) -> Stage:
    """Return the models for a pass with what they compute, which no mutant changes."""
    pass_ = registry().make_pass(name)
    suite = Subject(pass_, registry(), supplied_cases(registry()), examples)
    made = Stage(pass_, suite, generated_for(suite))
    for subject in made.subjects:
        for case in subject.cases:
            if subject.prepare(case) is not None:
                subject.reference(case)
        made.traces.append([trace(subject, case) for case in subject.cases])
    return made


def generated_for(suite: Subject) -> list[Subject]:
    """Return the generated models on which the suite tries the pass."""
    found: list[Subject] = []

    def record(model: ir.Model) -> bool:
        found.append(alone_on(suite, generated_case(model)))
        return False

    if suite.examples:
        find_model(record, suite.examples, suite.name, touched_operators(suite))
    return found


def suite_violation(made: Stage, pass_: Pass) -> Violation | None:
    """Return what the contract suite finds first."""
    made.play(pass_)
    for check in CHECKS["passes"].values():
        if check.name not in NOT_RUN:
            try:
                check(made.suite)
            except Violation as violation:
                return violation
    generated = made.generated
    if pass_.touches != made.pass_.touches:
        generated = generated_for(made.suite)
    for subject in generated:
        violation = first_violation(subject)
        if violation is not None:
            violation.check = CHECKS["passes"]["generated"]
            return violation
    return None


def guard_verdict(made: Stage, pass_: Pass) -> PassFailed | None:
    """Return what the guard says of a pipeline in which the pass stands among innocent ones."""
    before, after = (parse(part).items for part in INNOCENT)
    pipeline = Pipeline((*before, Call.of(pass_), *after))
    made.play(pass_)
    trials = (pair for subject in made.subjects for pair in subject.trials())
    edited = (case for case, trial in trials if trial.edits)
    for case in itertools.islice(edited, GUARDED):
        try:
            passmgr.run(case.make(), pipeline, registry=registry(), guard="each", verify="each")
        except PassFailed as failure:
            return failure
        except PassmgrError:
            continue  # beyond what the manager takes, such as a cyclic graph
    return None


def does_the_same(made: Stage, pass_: Pass) -> bool:
    """Tell whether a pass declares and does what the original does, so that no check can differ."""
    if declarations(pass_) != declarations(made.pass_):
        return False
    made.play(pass_)
    return all(
        trace(subject, case) == known
        for subject, traces in zip(made.subjects, made.traces, strict=True)
        for case, known in zip(subject.cases, traces, strict=True)
    )


def declarations(pass_: Pass) -> list[object]:
    """Return what a pass declares."""
    return [getattr(pass_, name) for name in sorted(RESERVED_NAMES)]


def trace(subject: Subject, case: Case) -> tuple[object, ...] | None:
    """Return what the pass does to a model: at once, in a second run, and without permission."""
    model = subject.prepare(case)
    if model is None:
        return None
    first = subject.trial(model)
    if first.error is not None:
        return (type(first.error).__name__, first.edits)
    data = serialized(model)
    second = subject.trial(model)
    forbidden = subject.trial(subject.model_of(case), actions=0).edits if first.rewrites else 0
    return data, first.acted, second.edits, forbidden


def try_mutant(mutant: Mutant, names: Sequence[str], examples: int) -> Outcome:
    """Try a mutant on the passes that are made of it, until one of them is caught."""
    survived = Outcome(pass_name=names[0])
    for name in names:
        made = stage(name, examples)
        outcome = in_child(partial(_judge, mutant, made, name), name, SECONDS)
        if outcome.caught:
            return outcome
    return survived


def _judge(mutant: Mutant, made: Stage, name: str) -> Outcome:
    path = str(ROOT / mutant.file)
    try:
        pass_ = load_mutant(mutant, name)
    except Exception as error:  # whatever the changed module raises
        return Outcome("import", name, f"{type(error).__name__}: {error}", True)
    if does_the_same(made, pass_):
        return Outcome("", name)
    violation = suite_violation(made, pass_)
    if violation is not None:
        assert violation.check is not None
        blamed = any(line.startswith(path) for line in violation.blame)
        return Outcome(violation.check.name, name, violation.problem.partition("\n")[0], blamed)
    failure = guard_verdict(made, pass_)
    if failure is None:
        return Outcome("", name)
    if failure.pass_name != name:
        return Outcome("", name, f"the guard blames another pass: {failure}")
    return Outcome("guard", name, str(failure), True)


def false_alarm(name: str, examples: int) -> str:
    """Return what the suite or the guard finds in a pass as it is; empty for nothing."""
    made = stage(name, examples)
    found = suite_violation(made, made.pass_) or guard_verdict(made, made.pass_)
    return "" if found is None else str(found)
