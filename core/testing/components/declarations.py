"""Checks of what analyses, facts and bridges declare, on no model."""

from __future__ import annotations

import pickle
import sys

from ...contract import option_specs
from ..declarations import loaded_on_import
from ..violation import Violation, check
from .component import Component

BRIDGES = ("frontends", "emitters", "runtimes")


@check(
    "it says in one sentence what it is, and every option has a help text",
    "write a docstring on the class; for a fact give `doc`",
    'declare options by `option(default, help="...")`, and register with a `summary`',
    kinds=("analyses", "facts", *BRIDGES),
)
def documentation(component: Component) -> None:
    """Check docstring, summary and help texts."""
    target = component.target
    if component.entry.kind == "facts":
        text = target.doc
    else:
        owner = type(target)
        text = (vars(owner).get("__doc__") or "").strip()
        if text.startswith(f"{owner.__name__}("):  # what a dataclass gets without a docstring
            text = ""
    if not text:
        raise Violation("nothing says what it is")
    if not text.partition("\n")[0].rstrip().endswith("."):
        raise Violation(f"the text does not begin with one sentence on one line: {text!r:.60}")
    if not component.entry.summary:
        raise Violation("it is registered without a summary")
    for spec in option_specs(type(target)) if component.entry.kind == "analyses" else ():
        if not spec.help:
            raise Violation(f"option '{spec.name}' has no help text")


@check(
    "importing its module loads no framework and no runtime",
    "import torch, onnxruntime and the like where they are used",
    "import what is needed for annotations only under `if TYPE_CHECKING`",
    kinds=("analyses", "facts", *BRIDGES),
)
def imports(component: Component) -> None:
    """Check what a fresh interpreter has loaded after importing its module."""
    target = component.target
    owner = target.check if component.entry.kind == "facts" else type(target)
    module = owner.__module__
    if getattr(sys.modules.get(module), "__file__", None) is None:
        return
    loaded_on_import(module)


@check(
    "it goes by the name, and by the suffixes, that it is registered under",
    "set `name`, and for front ends and emitters `suffixes`, on the class",
    "register it under the name and the suffixes that it has",
    kinds=BRIDGES,
)
def name(component: Component) -> None:
    """Check name and suffixes."""
    target, entry = component.target, component.entry
    if (own := getattr(target, "name", None)) != entry.name:
        raise Violation(f"it is registered as '{entry.name}' and calls itself {own!r}")
    if entry.kind != "runtimes" and tuple(getattr(target, "suffixes", ())) != entry.suffixes:
        own = getattr(target, "suffixes", None)
        raise Violation(f"it is registered for {entry.suffixes} and says {own!r}")


@check(
    "the analysis is hashed by its options and survives pickling",
    "make it a frozen dataclass at the top of a module, whose fields are its options",
    "keep arrays, open files and lambdas out of its options",
    kinds=("analyses",),
)
def pickling(component: Component) -> None:
    """Check that a pickled analysis is the same analysis."""
    try:
        again = pickle.loads(pickle.dumps(component.target))
        same = again == component.target and hash(again) == hash(component.target)
    except Exception as error:  # whatever the pickled objects raise
        raise Violation(f"it cannot be hashed and pickled: {error}") from error
    if not same:
        raise Violation(f"it comes back as {again!r}")
