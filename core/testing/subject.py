"""Subject: the pass under test with the models that it is tried on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract import Pass
from ..errors import PassmgrError
from ..guard import Guard, Reference
from .trial import Trial

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..registry import Registry


@dataclass(frozen=True)
class Case:
    """A model to try passes on, made anew each time.

    Args:
        name: What messages call it.
        make: Makes the model.
    """

    name: str
    make: Callable[[], ir.Model]


def supplied_cases(registry: Registry) -> list[Case]:
    """Return the models that come with the suite.

    Among them are subgraphs, functions, optional inputs, initializers that are outputs or inputs,
    shared weights, unsorted nodes, symbolic dimensions, random and quantized operators, types other
    than float, and opsets from 7 on.
    """
    folder = resources.files(__package__) / "models"
    paths = [path for path in folder.iterdir() if path.name.endswith(".onnxtxt")]
    return [file_case(Path(str(path)), registry) for path in sorted(paths, key=lambda p: p.name)]


def file_case(path: Path, registry: Registry) -> Case:
    """Return the model of a file as a case."""
    frontend = registry.frontend_for(path)
    return Case(path.name.partition(".")[0], lambda: frontend.load(path))


class Subject:
    """A pass under test.

    Args:
        pass_: The pass.
        registry: Where facts, normalizers and runtimes come from.
        cases: The models to try it on.
        examples: How many generated models it is tried on besides.
    """

    def __init__(
        self, pass_: Pass, registry: Registry, cases: Sequence[Case], examples: int = 50
    ) -> None:
        self.pass_ = pass_
        self.name = pass_.name
        self.registry = registry
        self.examples = examples
        self.cases = tuple(cases)
        self.guard = Guard(registry.runtime("onnxruntime"))
        self._trials: dict[Case, Trial | None] = {}

    def fresh(self) -> Pass:
        """Return another instance with the same options."""
        return replace(self.pass_)

    def prepare(self, case: Case) -> ir.Model | None:
        """Return the model of ``case`` with the facts established that the pass requires.

        Returns:
            ``None`` where that cannot be: the pass is skipped on such a model.
        """
        model = case.make()
        try:
            facts = [self.registry.fact(name) for name in self.pass_.requires]
        except PassmgrError:
            return None  # another check tells
        for fact in facts:
            if fact.check(model) is not None and fact.normalizer is not None:
                normalizer = self.registry.make_pass(fact.normalizer)
                if Trial(normalizer, model, self.registry).error is not None:
                    return None
        return None if any(fact.check(model) is not None for fact in facts) else model

    def model_of(self, case: Case) -> ir.Model:
        """Return the model of ``case`` anew, which the pass can be run on."""
        model = self.prepare(case)
        assert model is not None
        return model

    def prepared(self) -> Iterator[tuple[Case, ir.Model]]:
        """Yield every model that the pass can be run on."""
        for case in self.cases:
            model = self.prepare(case)
            if model is not None:
                yield case, model

    def trials(self) -> Iterator[tuple[Case, Trial]]:
        """Yield a run of the pass on every model that it can be run on, for looking at it only."""
        for case in self.cases:
            if case not in self._trials:
                model = self.prepare(case)
                self._trials[case] = None if model is None else self.trial(model)
            trial = self._trials[case]
            if trial is not None:
                yield case, trial

    def trial(self, model: ir.Model, *, stop: int = 0, actions: int | None = None) -> Trial:
        """Run a fresh instance of the pass on ``model``."""
        return Trial(self.fresh(), model, self.registry, stop=stop, actions=actions)

    @functools.cache  # noqa: B019 - a subject lives as long as its checks
    def reference(self, case: Case) -> Reference:
        """Return what the prepared model of ``case`` computes, which is run only once."""
        return self.guard.record(self.model_of(case))

    def refusal(self, trial: Trial) -> bool:
        """Tell whether the pass refused the model with an error of passmgr, as it may."""
        return isinstance(trial.error, PassmgrError)
