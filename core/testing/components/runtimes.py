"""Checks of runtimes: signatures, numbers and what they say where they cannot run a model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...contract import Approximate, Exact, Session
from ...errors import RuntimeFailure
from ...guard import Guard, Reference
from ...guard.guard import compare_references
from ...ir.walk import model_nodes
from ..snapshot import snapshot
from ..subject import Case
from ..trial import raised_in
from ..violation import Violation, check
from .component import Component

if TYPE_CHECKING:
    import onnx_ir as ir

NEAR = Approximate(rtol=1e-3)
"""How far a runtime may be from ONNX's reference implementation, which rounds elsewhere."""


@dataclass(frozen=True)
class _Loaded:
    case: Case
    model: ir.Model
    session: Session

    def feeds(self, component: Component) -> tuple[Mapping[str, Any], ...]:
        """Return inputs that the guard's own runtime takes."""
        return component.guard.record(self.case.make()).inputs


@check(
    "it runs some of the models, and refuses others with one line",
    "raise `RuntimeFailure` in the runtime's own words where it does not take a model",
    "give the suite a model that it runs: `models=[path]`",
    kinds=("runtimes",),
)
def work(component: Component) -> None:
    """Check that some model is run."""
    for loaded in _sessions(component):
        for feed in loaded.feeds(component):
            if _run(component, loaded, feed) is not None:
                return
    raise Violation(f"it runs none of {len(component.cases)} models")


@check(
    "a session has the signature of the model: names in order, types and ranks",
    "take `inputs` and `outputs` from the model where the runtime forgets some of it",
    "print types as ONNX does: `tensor(float)`, `seq(tensor(int64))`",
    kinds=("runtimes",),
)
def interface(component: Component) -> None:
    """Check inputs and outputs of every session."""
    for loaded in _sessions(component):
        graph = loaded.model.graph
        required = [value for value in graph.inputs if not value.is_initializer()]
        for kind, infos, values in (
            ("inputs", loaded.session.inputs, required),
            ("outputs", loaded.session.outputs, graph.outputs),
        ):
            names, wanted = [info.name for info in infos], [value.name for value in values]
            if names != wanted:
                raise Violation(f"{_on(loaded)} the {kind} are {wanted}, not {names}")
            for info, value in zip(infos, values, strict=True):
                told = info.type.startswith("tensor(") and None not in (info.shape, value.shape)
                if told and len(info.shape or ()) != len(value.shape or ()):
                    raise Violation(f"{_on(loaded)} '{info.name}' has another rank: {info.shape}")


@check(
    "the numbers are those of the model as it is written",
    "turn optimizations off where `optimize` is not asked for",
    "refuse operators that the runtime computes otherwise",
    kinds=("runtimes",),
)
def numbers(component: Component) -> None:
    """Check the outputs against the reference implementation of ONNX, where that has one."""
    for loaded in _sessions(component):
        reference = _reference(component, loaded)
        if reference is None:
            continue
        guard = Guard(component.target)
        current = guard.advance(reference, loaded.model)
        verdict = compare_references(reference, current, NEAR)
        if verdict.status == "breach":
            raise Violation(f"{_on(loaded)} {verdict.reason}, by the reference implementation")


@check(
    "the IR, its bytes and its file are the same model, and two sessions give the same bits",
    "run with so many `threads` as are asked for, and without prepacking where not optimized",
    "let all forms go the same way: write the IR to bytes, and load those",
    kinds=("runtimes",),
)
def determinism(component: Component) -> None:
    """Check that all forms of a model give the same bits, twice."""
    import onnx
    import onnx_ir as ir

    guard = Guard(component.target)
    for loaded in _sessions(component):
        reference = guard.record(loaded.model)
        if reference.problem:
            continue
        data = ir.to_proto(loaded.model).SerializeToString()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            onnx.save(onnx.ModelProto.FromString(data), path)
            for form, what in ((loaded.model, "again"), (data, "as bytes"), (path, "as a file")):
                outputs = _outputs(component, form, reference)
                verdict = compare_references(reference, outputs, Exact())
                if verdict.status == "breach":
                    raise Violation(f"{_on(loaded)}, loaded {what}, {verdict.reason}")


@check(
    "`outputs` chooses the outputs, in the order in which they are asked for",
    "look the names up, and compute no others",
    "raise `RuntimeFailure` for a name that the model does not have",
    kinds=("runtimes",),
)
def outputs(component: Component) -> None:
    """Check the outputs in reverse order, and one that there is not."""
    for loaded in _sessions(component):
        names = [info.name for info in loaded.session.outputs]
        for feed in loaded.feeds(component)[:1]:
            whole = _run(component, loaded, feed)
            if whole is None or len(whole) != len(names):
                continue
            chosen = loaded.session.run(feed, names[::-1])
            if [_shape(value) for value in chosen] != [_shape(value) for value in whole[::-1]]:
                raise Violation(f"{_on(loaded)} the outputs do not come as they are asked for")
            _refuses(
                component,
                lambda s=loaded.session, f=feed: s.run(f, ["no_such_output"]),
                "an unknown output",
            )


@check(
    "inputs that do not fit, and what is no model, are refused with one line",
    "raise `RuntimeFailure` from what the runtime raises",
    "look at names, types and ranks of what is fed before the runtime does",
    kinds=("runtimes",),
)
def refusals(component: Component) -> None:
    """Check a missing input, one of another type, and bytes that are no model."""
    import numpy as np

    _refuses(
        component, lambda: component.target.session(b"This is no model."), "bytes that are no model"
    )
    for loaded in _sessions(component):
        for feed in loaded.feeds(component)[:1]:
            for name, value in feed.items():
                if not hasattr(value, "dtype"):
                    continue
                rest = {key: v for key, v in feed.items() if key != name}
                wrong = {**feed, name: np.array(["text"] * 2, object)}
                _refuses(component, lambda s=loaded.session, f=rest: s.run(f), "a missing input")
                if value.dtype != object:
                    what = "an input of another type"
                    _refuses(component, lambda s=loaded.session, f=wrong: s.run(f), what)
                return


@check(
    "the model and the inputs are left as they are",
    "work on a clone where the runtime has to change the model",
    "copy inputs that the runtime computes in place",
    kinds=("runtimes",),
)
def purity(component: Component) -> None:
    """Check model and inputs after a run."""
    for case in component.cases:
        model = case.make()
        before = snapshot(model)
        feeds = component.guard.record(case.make()).inputs
        kept = [{name: _bytes(value) for name, value in feed.items()} for feed in feeds]
        try:
            session = component.target.session(model)
            for feed in feeds:
                session.run(feed)
        except RuntimeFailure:
            continue
        if snapshot(model) != before:
            raise Violation(f"on model '{case.name}' it changes the model")
        if [{name: _bytes(value) for name, value in feed.items()} for feed in feeds] != kept:
            raise Violation(f"on model '{case.name}' it writes into its inputs")


def _sessions(component: Component) -> Iterator[_Loaded]:
    """Yield every model that the runtime takes."""
    for case in component.cases:
        model = case.make()
        try:
            session = component.target.session(model)
        except RuntimeFailure as failure:
            _one_line(failure, f"model '{case.name}'")
        except Exception as error:  # whatever the runtime raises
            line = raised_in(error, type(component.target).__module__)
            problem = f"model '{case.name}' made it raise {type(error).__name__}: {error}"
            raise Violation(problem, line) from error
        else:
            yield _Loaded(case, model, session)


def _run(component: Component, loaded: _Loaded, feed: Mapping[str, Any]) -> list[Any] | None:
    try:
        return loaded.session.run(feed)
    except RuntimeFailure as failure:
        _one_line(failure, f"model '{loaded.case.name}'")
        return None


def _refuses(component: Component, act: Any, what: str) -> None:
    try:
        act()
    except RuntimeFailure as failure:
        _one_line(failure, what)
    except Exception as error:  # whatever the runtime raises
        line = raised_in(error, type(component.target).__module__)
        raise Violation(f"{what} made it raise {type(error).__name__}: {error}", line) from error
    else:
        raise Violation(f"{what} is no error")


def _one_line(failure: RuntimeFailure, what: str) -> None:
    if not str(failure) or "\n" in str(failure).strip():
        raise Violation(f"of {what} it says {str(failure)!r:.100}, which is not one line")


def _outputs(component: Component, form: Any, reference: Reference) -> Reference:
    try:
        return Guard(component.target).advance(reference, form)
    except RuntimeFailure as failure:
        raise Violation(f"one form of a model runs, another does not: {failure}") from failure


def _reference(component: Component, loaded: _Loaded) -> Reference | None:
    """Return what the reference implementation of ONNX gives; ``None`` where it does not run."""
    import dataclasses
    import warnings

    import onnx_ir as ir
    from onnx.reference import ReferenceEvaluator

    recorded = Guard(component.target).record(loaded.model)
    # Its Loop joins what the iterations give, where the specification stacks it (onnx 1.23).
    if recorded.problem or any(node.op_type == "Loop" for node in model_nodes(loaded.model)):
        return None
    names = [value.name or "" for value in loaded.model.graph.outputs]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluator = ReferenceEvaluator(ir.to_proto(loaded.model))
            results = [tuple(evaluator.run(names, dict(feed))) for feed in recorded.inputs]
    except Exception:  # it implements not everything, and raises what it likes where it does not
        return None
    return dataclasses.replace(recorded, outputs=tuple(results))


def _on(loaded: _Loaded) -> str:
    return f"on model '{loaded.case.name}'"


def _shape(value: Any) -> Any:
    return getattr(value, "shape", None), str(getattr(value, "dtype", type(value)))


def _bytes(value: Any) -> Any:
    return value.tobytes() if hasattr(value, "tobytes") else repr(value)
