"""Checks of what a pass declares, on no model."""

from __future__ import annotations

import dataclasses
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from ..contract import PASS_NAME, Approximate, Effect, Exact, Lossy, OptionSpec, Pass, option_specs
from ..errors import PassmgrError
from ..pipeline import Call, load_pipeline, parse
from ..schedule import make_plan
from .subject import Subject
from .violation import Violation, check

SOURCE = re.compile(r"\bSource:|https?://|\barXiv\b|\bdoi\b|\bsection\b|\bspecification\b", re.I)
"""What shows that a docstring says where a method comes from."""

HEAVY = ("torch", "tensorflow", "jax", "transformers", "onnxruntime", "sklearn", "pandas")
"""What takes a second or more to import, or may not be there at all."""


@check(
    "the name is kebab-case, and a registered pass is registered under it",
    "set `name` on the class to the name that it is registered under",
    "give `@pass_` the argument `name`, or rename the function",
)
def name(subject: Subject) -> None:
    """Check the name."""
    if not PASS_NAME.fullmatch(subject.name):
        raise Violation(f"the name {subject.name!r} is not kebab-case")
    for registered, entry in subject.registry.entries("passes").items():
        other = entry.plugin.state == "loaded" and registered != subject.name
        if other and _is_same(subject, registered):
            raise Violation(f"'{subject.name}' is registered as '{registered}'")


def _is_same(subject: Subject, registered: str) -> bool:
    try:
        return subject.registry.pass_class(registered) is type(subject.pass_)
    except PassmgrError:  # another pass of another plugin, which has its own checks
        return False


@check(
    "a docstring says what the pass does and, where it rounds, by which source; options have help",
    "write a docstring on the class, or on the function under `@pass_`",
    'declare options by `option(default, help="...")`',
)
def documentation(subject: Subject) -> None:
    """Check docstring and help texts."""
    cls = type(subject.pass_)
    text = (cls.__doc__ or "").strip()
    # A dataclass without a docstring gets its signature for one.
    if not text or text.startswith(f"{cls.__name__}("):
        raise Violation("it has no docstring")
    if not text.partition("\n")[0].rstrip().endswith("."):
        raise Violation(f"the docstring does not begin with one sentence on one line: {text!r:.60}")
    if not isinstance(subject.pass_.effect, Exact) and not SOURCE.search(text):
        raise Violation("it moves the outputs, and its docstring names no source of the method")
    for spec in option_specs(cls):
        if not spec.help:
            raise Violation(f"option '{spec.name}' has no help text")


@check(
    "requires, establishes, breaks, followed_by and done_when name registered facts",
    "correct the name; `passmgr list facts` shows all",
    "register the fact in the same plugin by `registry.add_fact`",
)
def facts(subject: Subject) -> None:
    """Check that all facts exist."""
    pass_ = subject.pass_
    for declared in ("requires", "establishes", "breaks", "followed_by", "done_when"):
        for fact in getattr(pass_, declared):
            try:
                subject.registry.fact(fact)
            except PassmgrError as error:
                raise Violation(f"`{declared}`: {error}") from error
    effect: Effect = pass_.effect
    if not isinstance(effect, (Exact, Approximate, Lossy)):
        raise Violation(f"the effect is {effect!r}")


@check(
    "options survive being written into a pipeline and read again; others make another identity",
    "use only bool, int, float, str, Literal, their tuples and optionals as types of options",
    "keep `__post_init__` from changing what the user gave",
)
def options(subject: Subject) -> None:
    """Check the round trip of the default and of other values of every option."""
    seen: dict[str, Pass] = {}
    for pass_ in _variants(subject.pass_):
        text = str(Call.of(pass_))
        (call,) = parse(text).items
        assert isinstance(call, Call)
        given = dict(call.options)
        again = type(pass_)(**given)
        if again != pass_ or hash(again) != hash(pass_):
            raise Violation(f"'{text}' reads back as {again!r}")
        if text in seen and seen[text] != pass_:
            raise Violation(f"{pass_!r} and {seen[text]!r} have the same text '{text}'")
        seen[text] = pass_
    defaults = {spec.name for spec in option_specs(type(subject.pass_)) if _others(spec)}
    if defaults and len(seen) < 2:
        raise Violation(f"no value of {', '.join(sorted(defaults))} changes the identity")


@check(
    "an option out of its bounds is refused when a pipeline is made",
    "declare the bounds by `option(..., minimum=..., maximum=...)`",
    "give an option of few values the type Literal",
)
def bounds(subject: Subject) -> None:
    """Check that numbers beyond the bounds are refused."""
    for spec in option_specs(type(subject.pass_)):
        for bound, beyond in ((spec.minimum, -1), (spec.maximum, 1)):
            if bound is None:
                continue
            wrong = dataclasses.replace(subject.pass_, **{spec.name: _beyond(spec, bound, beyond)})
            try:
                make_plan(load_pipeline([wrong]), subject.registry, facts_holding=lambda fact: True)
            except PassmgrError:
                continue
            raise Violation(f"option '{spec.name}' may be {getattr(wrong, spec.name)!r}")


@check(
    "the pass survives pickling, so that it can run in another process",
    "define its class, and the function under `@pass_`, at the top of a module",
    "keep open files, locks and lambdas out of its options",
)
def pickling(subject: Subject) -> None:
    """Check that a pickled pass is the same pass."""
    try:
        again = pickle.loads(pickle.dumps(subject.pass_))
    except Exception as error:  # whatever the pickled objects raise
        raise Violation(f"it cannot be pickled: {error}") from error
    if again != subject.pass_:
        raise Violation(f"it comes back as {again!r}")


@check(
    "importing its module loads no framework and no runtime",
    "import torch, onnxruntime and the like inside `run`",
    "import what is needed for annotations only under `if TYPE_CHECKING`",
)
def imports(subject: Subject) -> None:
    """Check what a fresh interpreter has loaded after importing the module of the pass."""
    function = getattr(type(subject.pass_), "function", None)
    module = (function or type(subject.pass_)).__module__
    if module == "__main__" or getattr(sys.modules.get(module), "__file__", None) is None:
        return  # a notebook: there is nothing to import
    loaded_on_import(module)


def loaded_on_import(module: str) -> None:
    """Import ``module`` in a fresh interpreter.

    Raises:
        Violation: That fails, or loads what is heavy.
    """
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; import {module}; "
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if done.returncode:
        raise Violation(f"importing {module} fails: {done.stderr.strip().splitlines()[-1]}")
    if loaded := done.stdout.split():
        raise Violation(f"importing {module} loads {', '.join(loaded)}")


def _variants(pass_: Pass) -> Iterator[Pass]:
    yield pass_
    for spec in option_specs(type(pass_)):
        for value in _others(spec):
            yield dataclasses.replace(pass_, **{spec.name: value})


def _others(spec: OptionSpec) -> list[Any]:
    """Return further legal values of an option."""
    kind, low, high = spec.type, spec.minimum, spec.maximum
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if kind is bool:
        return [not spec.default]
    if kind is int:
        ends = [low if low is not None else -7, high if high is not None else (low or 0) + 7]
        return [int(end) for end in ends]
    if kind is float:
        ends = [low if low is not None else -0.125, high if high is not None else (low or 0) + 1e9]
        return [float(end) for end in ends]
    if kind is str:
        return ["a, 'b'{c=1} \\ \n#", ""]
    return []


def _beyond(spec: OptionSpec, bound: float, step: int) -> Any:
    if spec.type is float:
        return math.nextafter(bound, math.inf * step)
    return int(bound) + step
