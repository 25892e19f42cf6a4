"""The reference of Python names: public functions, classes and constants of some modules."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from types import FunctionType
from typing import Any

from .markdown import (
    code,
    docstring,
    fenced,
    first_sentence,
    heading,
    own_doc,
    table,
)

MODULES = {
    "passmgr": "What users and authors of passes need first.",
    "passmgr.core.contract": "What the author of a plugin touches.",
    "passmgr.core.testing": "The contract suite and its checks.",
    "passmgr.core.testing.generate": "Random models for tests of your own.",
    "passmgr.core.ir.editor": "The editor: `ctx.edit` of a running pass.",
    "passmgr.core.registry.registrar": "What the hook `passmgr_register` gets.",
}
"""Modules whose public names are documented."""

WIDEST = 88
"""Letters of a signature that stands on one line."""


def python_page() -> str:
    """Return the page on the public names of Python."""
    rows = [[f"[`{module}`](#{_anchor(module)})", told] for module, told in MODULES.items()]
    parts = ["# Python names", table(["module", "in short"], rows)]
    seen: set[int] = set()
    for module, told in MODULES.items():
        parts += [heading(2, module, _anchor(module)), told]
        for name, found in public_names(module).items():
            if id(found) in seen:
                continue  # documented where it is imported from first
            seen.add(id(found))
            parts += _name(module, name, found)
    return "\n\n".join(parts) + "\n"


def public_names(module: str) -> dict[str, Any]:
    """Return the public names of a module: its ``__all__``, or what is defined in it."""
    loaded = importlib.import_module(module)
    if hasattr(loaded, "__all__"):
        return {name: getattr(loaded, name) for name in loaded.__all__}
    return {
        name: found
        for name, found in vars(loaded).items()
        if not name.startswith("_") and getattr(found, "__module__", "") == module
    }


def description(module: str, name: str, found: Any) -> str:
    """Return the docstring of a public name; a constant has it after its assignment."""
    if isinstance(found, type) or inspect.isroutine(found):
        return own_doc(found)
    room = module if module != "passmgr" else "passmgr.core"
    for owner, loaded in sorted(sys.modules.items()):  # where it is assigned, not where imported
        if owner.startswith(room) and vars(loaded).get(name) is found:
            told = _constant_docs(loaded).get(name)
            if told:
                return told
    return ""


def _name(module: str, name: str, found: Any) -> Iterator[str]:
    yield heading(3, name, f"{_anchor(module)}-{name}")
    if _is_called(found):
        yield fenced(signature_text(name, found), "python")
    yield docstring(description(module, name, found))
    if isinstance(found, type):
        if members := _members(found):
            yield table(["member", "meaning"], members)
        for method_name, method in _methods(found).items():
            yield fenced(signature_text(method_name, method), "python")
            yield docstring(own_doc(method))


def _is_called(found: Any) -> bool:
    """Tell whether a signature says something: of a function, or a class that takes arguments."""
    if not isinstance(found, type):
        return inspect.isroutine(found)
    if issubclass(found, enum.Enum) or inspect.isabstract(found) or _is_protocol(found):
        return False
    return found.__init__ is not object.__init__ and not issubclass(found, BaseException)


def _is_protocol(found: type) -> bool:
    return bool(getattr(found, "_is_protocol", False))


def _members(found: type) -> list[list[str]]:
    """Return properties, and the constants of an enumeration, with what each means."""
    rows = [
        [code(name), first_sentence(inspect.getdoc(member) or "")]
        for name, member in vars(found).items()
        if isinstance(member, property) and not name.startswith("_")
    ]
    return rows + [[code(name), first_sentence(doc)] for name, doc in _constant_docs(found).items()]


def _methods(found: type) -> dict[str, FunctionType]:
    return {
        name: method
        for name, method in vars(found).items()
        if isinstance(method, FunctionType) and not name.startswith("_") and method.__doc__
    }


def signature_text(name: str, found: Any) -> str:
    """Return how something is called; broken into a line for each parameter where it is long."""
    signature = inspect.signature(found)
    parameters = list(_parameters(signature))
    returned = signature.return_annotation
    no_result = isinstance(found, type) or returned is inspect.Signature.empty
    end = "" if no_result else f" -> {_text(returned)}"
    line = f"{name}({', '.join(parameters)}){end}"
    if len(line) <= WIDEST:
        return line
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){end}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    starred = False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            yield "*"
        starred |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        yield str(_plain(parameter))


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter whose annotation is printed as it was written."""
    if parameter.annotation is inspect.Parameter.empty:
        return parameter
    return parameter.replace(annotation=_Written(_text(parameter.annotation)))


class _Written:
    """Prints as the text that it holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _constant_docs(owner: Any) -> dict[str, str]:
    """Return the texts that stand after assignments in the source of a module or class."""
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    body = tree.body[0].body if isinstance(owner, type) else tree.body
    docs = {}
    for statement, after in pairwise(body):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        target = targets[0]
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr):
            value = after.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                docs[target.id] = inspect.cleandoc(value.value)
    return docs


def _anchor(module: str) -> str:
    return module.replace(".", "-")
