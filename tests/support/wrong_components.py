"""Analyses, facts and bridges that break the contract, with the check that must notice."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import onnx_ir as ir

from passmgr.core.contract import Analysis, Aspect, Fact, option
from passmgr.core.errors import ModelError, OutputError, RuntimeFailure
from passmgr.core.registry import Registrar
from passmgr.plugins.runtimes.onnxruntime import OnnxRuntime

WRONG: dict[str, tuple[str, str, Callable[[Registrar], None]]] = {}
"""By name: the kind, the check that must fail, and what registers it."""


def wrong(kind: str, check: str) -> Callable[[type], type]:
    def register(cls: type) -> type:
        name = f"{kind}-{cls.__name__.replace('_', '-').lower()}"
        cls.name = name  # type: ignore[attr-defined]
        add = {
            "analyses": lambda r: r.add_analysis(name, cls, summary="Wrong."),
            "facts": lambda r: r.add_fact(
                name,
                Fact(name, cls.reads, cls().check, getattr(cls, "normalizer", None), "A fact."),
                summary="Wrong.",
            ),
            "frontends": lambda r: r.add_frontend(name, cls, suffixes=[".wrong"], summary="Wrong."),
            "emitters": lambda r: r.add_emitter(name, cls, suffixes=[".wrong"], summary="Wrong."),
            "runtimes": lambda r: r.add_runtime(name, cls, summary="Wrong."),
        }
        WRONG[name] = (kind, check, add[kind])
        return cls

    return register


# -- analyses --------------------------------------------------------------------------------------


@wrong("analyses", "exceptions")
@dataclass(frozen=True)
class Expects_Inputs(Analysis[Any]):  # noqa: N801 - the names are those of the wrong things
    """Take the element type of the first input of every node."""

    def compute(self, model, ctx):
        return [node.inputs[0].dtype for node in model.graph]


@wrong("analyses", "purity")
@dataclass(frozen=True)
class Renames(Analysis[Any]):
    """Count nodes, and name them while at it."""

    def compute(self, model, ctx):
        for number, node in enumerate(model.graph):
            node.name = f"node_{number}"
        return len(model.graph)


@wrong("analyses", "determinism")
@dataclass(frozen=True)
class Throws_Dice(Analysis[Any]):  # noqa: N801
    """Sample nodes."""

    def compute(self, model, ctx):
        return [random.random() for _ in model.graph]


@wrong("analyses", "determinism")
@dataclass(frozen=True)
class Goes_On_Counting(Analysis[Any]):  # noqa: N801
    """Number the nodes, and go on where the last model ended."""

    numbers: ClassVar[Any] = itertools.count()

    def compute(self, model, ctx):
        return {node: next(self.numbers) for node in model.graph}


@wrong("analyses", "reads")
@dataclass(frozen=True)
class Reads_Weights(Analysis[Any]):  # noqa: N801
    """Sum the weights."""

    reads = Aspect.STRUCTURE

    def compute(self, model, ctx):
        return {
            value: float(np.sum(value.const_value.numpy().astype(np.float64)))
            for value in model.graph.initializers.values()
            if value.const_value.dtype.is_floating_point()
        }


@wrong("analyses", "reads")
@dataclass(frozen=True)
class Reads_Names(Analysis[Any]):  # noqa: N801
    """List the names of the nodes."""

    reads = Aspect.STRUCTURE | Aspect.TYPES | Aspect.WEIGHTS

    def compute(self, model, ctx):
        return [node.name for node in model.graph]


@wrong("analyses", "documentation")
@dataclass(frozen=True)
class Says_Nothing(Analysis[Any]):  # noqa: N801
    def compute(self, model, ctx):
        return 0


@wrong("analyses", "pickling")
@dataclass(frozen=True)
class Holds_A_List(Analysis[Any]):  # noqa: N801
    """Count the nodes of some types."""

    types: tuple[str, ...] = option(
        ("Relu",),
        help="The types.",
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", list(self.types))

    def compute(self, model, ctx):
        return 0


# -- facts -----------------------------------------------------------------------------------------


@wrong("facts", "work")
class Always_Holds:  # noqa: N801
    reads = Aspect.ALL

    def check(self, model: ir.Model) -> str | None:
        return None


@wrong("facts", "exceptions")
class Says_False:  # noqa: N801
    reads = Aspect.ALL

    def check(self, model: ir.Model) -> Any:
        return len(model.graph) > 5


@wrong("facts", "purity")
class Sorts:
    reads = Aspect.ALL

    def check(self, model: ir.Model) -> str | None:
        model.graph.doc_string = "checked"
        return None


@wrong("facts", "determinism")
class Changes_Its_Mind:  # noqa: N801
    reads = Aspect.ALL

    def __init__(self) -> None:
        self.answers = itertools.cycle([None, "it does not"])

    def check(self, model: ir.Model) -> str | None:
        return next(self.answers)


@wrong("facts", "reads")
class Looks_At_Types:  # noqa: N801
    reads = Aspect.STRUCTURE

    def check(self, model: ir.Model) -> str | None:
        known = all(value.shape is not None for node in model.graph for value in node.outputs)
        return None if known else "a shape is not known"


@wrong("facts", "normalizer")
class Is_Not_Established:  # noqa: N801
    reads = Aspect.ALL
    normalizer = "sort"

    def check(self, model: ir.Model) -> str | None:
        return None if len(model.graph) < 5 else "there are many nodes"


# -- front ends and emitters -----------------------------------------------------------------------


class Reader:
    suffixes: ClassVar[tuple[str, ...]] = (".wrong",)

    def load(self, source: Path) -> ir.Model:
        return self.read(source)

    def read(self, source: Path) -> ir.Model:
        try:
            proto = onnx.ModelProto.FromString(source.read_bytes())
            if not proto.HasField("graph"):
                raise ModelError(f"'{source}' has no graph")
            return ir.from_proto(proto)
        except OSError as error:
            raise ModelError(f"'{source}' cannot be read: {error.strerror}") from error
        except Exception as error:
            raise ModelError(f"'{source}' is no model") from error


class Writer:
    suffixes: ClassVar[tuple[str, ...]] = (".wrong",)

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        self.write(ir.to_proto(model).SerializeToString(), path, check)

    def write(self, data: bytes, path: Path, check: Any) -> None:
        temporary = path.with_name(f"part-{path.name}")
        try:
            temporary.write_bytes(data)
            if check is not None:
                check(temporary)
            temporary.replace(path)
        except OSError as error:
            raise OutputError(f"'{path}' cannot be written: {error.strerror}") from error
        finally:
            if temporary.exists():
                temporary.unlink()


@wrong("frontends", "name")
class Other_Suffix(Reader):  # noqa: N801
    """Read models."""

    suffixes = (".other",)


@wrong("frontends", "work")
class Random_Names(Reader):  # noqa: N801
    """Read models and give the graph a name."""

    def load(self, source: Path) -> ir.Model:
        model = self.read(source)
        model.graph.name = str(random.random())
        return model


@wrong("frontends", "structure")
class Forgets_The_Opset(Reader):  # noqa: N801
    """Read models."""

    def load(self, source: Path) -> ir.Model:
        model = self.read(source)
        model.opset_imports.clear()
        return model


@wrong("frontends", "numbers")
class Reads_Few_Digits(Reader):  # noqa: N801
    """Read models with weights of few digits."""

    def load(self, source: Path) -> ir.Model:
        model = self.read(source)
        for value in model.graph.initializers.values():
            if value.dtype == ir.DataType.FLOAT and value.const_value is not None:
                value.const_value = ir.tensor(np.round(value.const_value.numpy(), 1))
        return model


@wrong("frontends", "purity")
class Caches(Reader):
    """Read models, each once."""

    def __init__(self) -> None:
        self.known: dict[Path, ir.Model] = {}

    def load(self, source: Path) -> ir.Model:
        if source not in self.known:
            self.known[source] = self.read(source)
        return self.known[source]


@wrong("frontends", "purity")
class Leaves_A_Cache(Reader):  # noqa: N801
    """Read models and write a file beside them."""

    def load(self, source: Path) -> ir.Model:
        model = self.read(source)
        source.with_suffix(".cache").write_text(str(time.perf_counter_ns()))
        return model


@wrong("frontends", "damage")
class Lets_Errors_Through(Reader):  # noqa: N801
    """Read models."""

    def load(self, source: Path) -> ir.Model:
        return ir.from_proto(onnx.ModelProto.FromString(source.read_bytes()))


@wrong("emitters", "work")
class Changes_The_Model(Writer):  # noqa: N801
    """Write models, named after their file."""

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        model.graph.name = path.stem
        super().emit(model, path, check=check)


@wrong("emitters", "determinism")
class Writes_The_Time(Writer):  # noqa: N801
    """Write models with the time."""

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        proto = ir.to_proto(model)
        proto.doc_string = str(time.perf_counter_ns())
        self.write(proto.SerializeToString(), path, check)


@wrong("emitters", "numbers")
class Rounds_Weights(Writer):  # noqa: N801
    """Write models in fewer digits."""

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        proto = ir.to_proto(model)
        for tensor in proto.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                array = np.round(onnx.numpy_helper.to_array(tensor), 1)
                tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
        self.write(proto.SerializeToString(), path, check)


@wrong("emitters", "replacement")
class Never_Asks(Writer):  # noqa: N801
    """Write models without a check."""

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        super().emit(model, path)


@wrong("emitters", "replacement")
class Writes_In_Place(Writer):  # noqa: N801
    """Write models, then check them."""

    def emit(self, model: ir.Model, path: Path, *, check: Any = None) -> None:
        super().emit(model, path)
        if check is not None:
            check(path)


@wrong("emitters", "failures")
class Cuts_Off(Writer):  # noqa: N801
    """Write models in place."""

    def write(self, data: bytes, path: Path, check: Any) -> None:
        if check is not None:
            return super().write(data, path, check)
        try:
            path.write_bytes(data)
        except OSError as error:
            raise OutputError(f"'{path}' cannot be written: {error.strerror}") from error
        return None


# -- runtimes --------------------------------------------------------------------------------------


class Wrapped:
    """A session of ONNX Runtime, to be spoilt."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.inputs, self.outputs = session.inputs, session.outputs

    def run(self, feed: Any, outputs: Any = None) -> Any:
        return self.session.run(feed, outputs)


class Runner:
    session_class: type = Wrapped

    def session(self, model: Any, *, optimize: bool = False, threads: int = 1) -> Any:
        return self.session_class(OnnxRuntime().session(model, optimize=optimize, threads=threads))


@wrong("runtimes", "work")
class Takes_Nothing(Runner):  # noqa: N801
    """Refuse every model."""

    def session(self, model: Any, *, optimize: bool = False, threads: int = 1) -> Any:
        raise RuntimeFailure("not implemented")


@wrong("runtimes", "interface")
class Reverses_Outputs(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def __init__(self, session: Any) -> None:
            super().__init__(session)
            self.outputs = self.outputs[::-1]


@wrong("runtimes", "numbers")
class Is_Off_By_One(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def run(self, feed: Any, outputs: Any = None) -> Any:
            results = super().run(feed, outputs)
            return [r + 1 if getattr(r, "dtype", None) == np.float32 else r for r in results]


@wrong("runtimes", "determinism")
class Adds_Noise(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def run(self, feed: Any, outputs: Any = None) -> Any:
            noise = np.float32(1 + 1e-6 * random.random())
            results = super().run(feed, outputs)
            return [r * noise if getattr(r, "dtype", None) == np.float32 else r for r in results]


@wrong("runtimes", "outputs")
class Ignores_The_Choice(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def run(self, feed: Any, outputs: Any = None) -> Any:
            return super().run(feed)


@wrong("runtimes", "refusals")
class Lets_Failures_Through(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def run(self, feed: Any, outputs: Any = None) -> Any:
            missing = [info.name for info in self.inputs if info.name not in feed]
            if missing:
                raise KeyError(missing[0])
            return super().run(feed, outputs)


@wrong("runtimes", "purity")
class Clears_Its_Inputs(Runner):  # noqa: N801
    """Run models."""

    class session_class(Wrapped):  # noqa: N801
        def run(self, feed: Any, outputs: Any = None) -> Any:
            results = super().run(feed, outputs)
            for value in feed.values():
                if getattr(value, "dtype", None) == np.float32:
                    value[...] = 0
            return results
