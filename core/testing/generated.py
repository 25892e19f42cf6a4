"""The checks of models on generated ones, down to the smallest on which one fails."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .subject import Case, Subject
from .violation import CHECKS, Violation, check

if TYPE_CHECKING:
    import onnx_ir as ir

ON_MODELS = (
    "exceptions",
    "structure",
    "shapes",
    "editing",
    "interface",
    "claims",
    "numbers",
    "weights",
    "determinism",
    "idempotence",
    "touches",
)
"""The checks that every model must stand."""


@check(
    "what holds on the models of the suite holds on generated ones of all operators and opsets",
    "correct the pass; the model shown is the smallest on which it goes wrong",
    "leave nodes alone, with a remark, of which the pass does not know enough",
)
def generated(subject: Subject) -> None:
    """Try the pass on random models that emphasize the operators that it touches."""
    touched = subject.pass_.touches
    try_generated(
        lambda case: _violation(subject, case),
        subject.examples,
        seed=subject.name,
        emphasize=sorted(op for domain, op in touched.op_types if not domain) if touched else (),
    )


def try_generated(
    violation: Callable[[Case], Violation | None],
    examples: int,
    *,
    seed: str,
    emphasize: Sequence[str] = (),
) -> None:
    """Look for a violation on random models, the same ones for the same seed.

    Args:
        violation: Returns what is wrong on a model.
        examples: How many models are tried.
        seed: What the choice of the models depends on.
        emphasize: Op types that make up half of the models.

    Raises:
        Violation: The one found, on the smallest model that shows one.
    """
    if not examples:
        return
    from .generate import models  # names the extra where hypothesis is missing
    from .generator.table import OPERATORS

    from hypothesis import HealthCheck, find, settings  # isort: skip
    from hypothesis.errors import NoSuchExample  # isort: skip

    try:
        smallest = find(
            models(emphasize=[name for name in emphasize if name in OPERATORS]),
            lambda model: violation(_case(model)) is not None,
            settings=settings(
                max_examples=examples,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
            random=random.Random(seed),
        )
    except NoSuchExample:
        return
    found = violation(_case(smallest))
    if found is not None:
        raise Violation(f"{found.problem}\n{_text(smallest)}", found.blame)


def _case(model: ir.Model) -> Case:
    import onnx
    import onnx_ir as ir

    data = ir.to_proto(model).SerializeToString()
    return Case("generated", lambda: ir.from_proto(onnx.ModelProto.FromString(data)))


def _violation(subject: Subject, case: Case) -> Violation | None:
    """Return the first violation on a model."""
    alone = Subject(subject.pass_, subject.registry, [case], 0)
    for name in ON_MODELS:
        try:
            CHECKS["passes"][name].run(alone)
        except Violation as violation:
            violation.problem = f"'{name}', {violation.problem}"
            return violation
    return None


def _text(model: ir.Model) -> str:
    import onnx
    import onnx_ir as ir

    text: str = onnx.printer.to_text(ir.to_proto(model))
    return text
