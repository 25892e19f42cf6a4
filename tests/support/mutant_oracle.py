"""What a mutant that survives does otherwise than the pass, on many more models than the suite has.

*Equivalent* mutants make the same model of each. *Weaker* ones make fewer edits where they differ,
or leave more nodes, and all that they do is right; no contract is broken by that. The others are
*wrong*, or do something *other* that no check finds fault with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import onnx
import onnx_ir as ir
from mutant_child import Outcome, in_child
from mutant_modules import load_mutant, registry
from mutant_trials import stage
from mutants import Mutant

from passmgr.core.contract import Pass
from passmgr.core.ir.walk import model_nodes
from passmgr.core.testing.generate import random_model
from passmgr.core.testing.generated import first_violation
from passmgr.core.testing.generator.table import OPERATORS
from passmgr.core.testing.snapshot import serialized
from passmgr.core.testing.subject import Case, Subject
from passmgr.core.testing.trial import Trial

EMPHASIZED, PLAIN, UNSORTED = 200, 60, 40
"""Generated models: with the operators that the pass touches, of all operators, out of order."""

MOST_JUDGED = 100
"""Models with another result on which the checks are made."""

SECONDS = 60
"""Processor time of one mutant on all models."""

HARMLESS = ("equivalent", "weaker")


@dataclass(frozen=True)
class Result:
    """What a pass made of a model, with how many edits; or what it raised."""

    data: bytes
    edits: int
    nodes: int
    error: str


def case_of(name: str, data: bytes) -> Case:
    """Return a serialized model as a case."""
    return Case(name, lambda: ir.from_proto(onnx.ModelProto.FromString(data)))


@cache
def cases(name: str) -> list[Case]:
    """Return models for a pass: those of the suite, and generated ones that the suite has not."""
    touched = registry().make_pass(name).touches
    op_types = {op for domain, op in touched.op_types if not domain} if touched else set()
    emphasize = sorted(op_types & set(OPERATORS))
    found = list(stage(name, 0).suite.cases)
    for seed in range(EMPHASIZED + PLAIN + UNSORTED):
        model = random_model(
            seed,
            emphasize=emphasize if seed < EMPHASIZED else (),
            unsorted=seed >= EMPHASIZED + PLAIN,
        )
        found.append(case_of(f"seed {seed}", serialized(model)))
    return found


def result(pass_: Pass, case: Case) -> Result | None:
    """Run ``pass_`` on a model; ``None`` where what it requires cannot be had."""
    model = Subject(pass_, registry(), (), 0).prepare(case)
    if model is None:
        return None
    trial = Trial(pass_, model, registry())
    if trial.error is not None:
        return Result(b"", trial.edits, 0, type(trial.error).__name__)
    nodes = sum(1 for _ in model_nodes(model))
    return Result(serialized(model), trial.edits, nodes, "")


@cache
def expected(name: str) -> list[Result | None]:
    """Return what the pass itself makes of the models."""
    pass_ = registry().make_pass(name)
    return [result(pass_, case) for case in cases(name)]


def classify(mutant: Mutant, names: Sequence[str]) -> Outcome:
    """Return what a survivor is: ``equivalent``, ``weaker``, ``other`` or ``wrong``."""
    order = ("equivalent", "weaker", "other", "wrong")
    worst = Outcome(order[0], names[0])
    for name in names:
        expected(name)
        found = in_child(partial(_classify, mutant, name), name, SECONDS)
        if found.caught not in order:
            found = Outcome("wrong", name, f"{found.caught}: {found.problem}")
        worst = max(worst, found, key=lambda outcome: order.index(outcome.caught))
        if worst.caught == "wrong":
            break
    return worst


def _classify(mutant: Mutant, name: str) -> Outcome:
    pass_ = load_mutant(mutant, name)
    differing: list[str] = []
    less = True
    for case, before in zip(cases(name), expected(name), strict=True):
        after = result(pass_, case)
        if _same(before, after):
            continue
        differing.append(case.name)
        less = less and _is_less(before, after)
        if len(differing) <= MOST_JUDGED:
            violation = first_violation(Subject(pass_, registry(), [case], 0))
            if violation is not None:
                return Outcome("wrong", name, violation.problem.partition("\n")[0])
    if not differing:
        return Outcome("equivalent", name, f"makes the same of each of {len(cases(name))} models")
    does = "does less on" if less else "does something else on"
    places = f"{len(differing)} of {len(cases(name))} models, such as {', '.join(differing[:3])}"
    return Outcome("weaker" if less else "other", name, f"{does} {places}; no check fails there")


def _same(before: Result | None, after: Result | None) -> bool:
    if before is None or after is None:
        return before is after
    return (before.data, before.error) == (after.data, after.error)


def _is_less(before: Result | None, after: Result | None) -> bool:
    if before is None or after is None or before.error or after.error:
        return False
    return after.edits < before.edits or after.nodes > before.nodes
