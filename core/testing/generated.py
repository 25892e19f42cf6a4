"""The checks of models on generated ones, down to the smallest on which one fails."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .choices import Choices, reduce_model
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
    "done",
)
"""The checks that every model must stand."""


@check(
    "what holds on the models of the suite holds on generated ones of all operators and opsets",
    "correct the pass; the model shown is the smallest on which it goes wrong",
    "leave nodes alone, with a remark, of which the pass does not know enough",
)
def generated(subject: Subject) -> None:
    """Try the pass on random models that emphasize the operators that it touches."""
    try_generated(
        lambda case: first_violation(alone_on(subject, case)),
        subject.examples,
        seed=subject.name,
        emphasize=touched_operators(subject),
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
    smallest = find_model(
        lambda model: violation(generated_case(model)) is not None, examples, seed, emphasize
    )
    found = None if smallest is None else violation(generated_case(smallest))
    if smallest is not None and found is not None:
        raise Violation(f"{found.problem}\n{_text(smallest)}", found.blame)


def find_model(
    condition: Callable[[ir.Model], bool], examples: int, seed: str, emphasize: Sequence[str]
) -> ir.Model | None:
    """Return the smallest model that meets ``condition``, of so many that are generated.

    Every second one has its nodes out of order. The models depend on nothing but ``seed``.
    """
    from .generate import model_writer

    for number in range(examples):
        write = model_writer(emphasize=emphasize, unsorted=bool(number % 2))
        choices = Choices(rest=random.Random(f"{seed} {number}"))
        if condition(write(choices.draw)):
            return reduce_model(choices.made, write, condition)
    return None


def touched_operators(subject: Subject) -> list[str]:
    """Return the operators that the pass touches and that the generator writes."""
    from .generate import OPERATORS

    touched = subject.pass_.touches
    names = sorted(op for domain, op in touched.op_types if not domain) if touched else []
    return [name for name in names if name in OPERATORS]


def generated_case(model: ir.Model) -> Case:
    """Return a generated model as a case, which makes it anew each time."""
    import onnx
    import onnx_ir as ir

    data = ir.to_proto(model).SerializeToString()
    return Case("generated", lambda: ir.from_proto(onnx.ModelProto.FromString(data)))


def alone_on(subject: Subject, case: Case) -> Subject:
    """Return ``subject`` with ``case`` as its only one."""
    return Subject(subject.pass_, subject.registry, [case], 0)


def first_violation(subject: Subject) -> Violation | None:
    """Return the first violation of what must hold on every model."""
    for name in ON_MODELS:
        try:
            CHECKS["passes"][name].run(subject)
        except Violation as violation:
            violation.problem = f"'{name}', {violation.problem}"
            return violation
    return None


def _text(model: ir.Model) -> str:
    import onnx
    import onnx_ir as ir

    text: str = onnx.printer.to_text(ir.to_proto(model))
    return text
