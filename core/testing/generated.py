"""The checks of models on generated ones, down to the smallest on which one fails."""

from __future__ import annotations

import random
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
    if not subject.examples:
        return
    from .generate import models  # names the extra where hypothesis is missing
    from .generator.table import OPERATORS

    from hypothesis import HealthCheck, find, settings  # isort: skip
    from hypothesis.errors import NoSuchExample  # isort: skip

    touched = subject.pass_.touches
    names = sorted(op for domain, op in touched.op_types if not domain) if touched else []
    strategy = models(emphasize=[name for name in names if name in OPERATORS])
    options = settings(
        max_examples=subject.examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        smallest = find(
            strategy,
            lambda model: _violation(subject, model) is not None,
            settings=options,
            random=random.Random(subject.name),
        )
    except NoSuchExample:
        return
    violation = _violation(subject, smallest)
    if violation is not None:
        raise Violation(f"{violation.problem}\n{_text(smallest)}", violation.blame)


def _violation(subject: Subject, model: ir.Model) -> Violation | None:
    """Return the first violation on ``model``."""
    import onnx
    import onnx_ir as ir

    data = ir.to_proto(model).SerializeToString()
    case = Case("generated", lambda: ir.from_proto(onnx.ModelProto.FromString(data)))
    alone = Subject(subject.pass_, subject.registry, [case], 0)
    for name in ON_MODELS:
        try:
            CHECKS[name].run(alone)
        except Violation as violation:
            violation.problem = f"'{name}', {violation.problem}"
            return violation
    return None


def _text(model: ir.Model) -> str:
    import onnx
    import onnx_ir as ir

    text: str = onnx.printer.to_text(ir.to_proto(model))
    return text
