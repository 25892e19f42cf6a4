"""Source text: the source of a code object as it stands in a file or in the cell of a notebook."""

from __future__ import annotations
import __future__

import ast
import copy
import dis
import functools
import linecache
import types
from collections.abc import Iterator
from typing import Any

_FUTURES = functools.reduce(
    lambda flags, name: flags | getattr(__future__, name).compiler_flag,
    __future__.all_feature_names,
    0,
)
_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class UnknownSourceError(Exception):
    """What a pass does cannot be told from its source and its closure; the message says why."""


def source_text(code: types.CodeType, globals_: dict[str, Any]) -> str:
    """Return the source of a function, without comments, decorators and docstrings.

    Args:
        code: What it was compiled to.
        globals_: Its globals, through which a loader finds the source.

    Raises:
        UnknownSourceError: There is no source, or it is not that of the code any more.
    """
    linecache.checkcache(code.co_filename)
    source = "".join(linecache.getlines(code.co_filename, globals_))
    name = code.co_qualname.replace("<locals>.", "")
    if not source:
        raise UnknownSourceError(f"the source of '{name}' is not to be had")
    try:
        tree, codes = _compiled(source, code.co_filename, code.co_flags & _FUTURES)
    except SyntaxError:
        codes = frozenset()
    if code not in codes:
        raise UnknownSourceError(f"the source of '{name}' is not what was loaded")
    node = copy.copy(_node(tree, code))
    if not isinstance(node, ast.Lambda):
        node.decorator_list = []  # what they did is in the objects
    return ast.unparse(node)


@functools.lru_cache(maxsize=64)
def _compiled(
    source: str, filename: str, flags: int
) -> tuple[ast.Module, frozenset[types.CodeType]]:
    """Return the tree of a source, without docstrings, and all code that it compiles to."""
    # A cell of a notebook may await outside of a function.
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    codes = frozenset(_inner(compile(source, filename, "exec", flags, dont_inherit=True)))
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree, codes


def _inner(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield ``code`` and all code inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _inner(constant)


def _node(tree: ast.Module, code: types.CodeType) -> _Function:
    """Return the function in ``tree`` that was compiled to ``code``."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, _Function)
        and code.co_name == getattr(node, "name", "<lambda>")
        and code.co_firstlineno == min(n.lineno for n in (node, *_decorators(node)))
    ]
    if len(found) > 1:  # Lambdas on one line are told apart by the columns of what they return.
        columns = set(code.co_positions())
        found = [
            node
            for node in found
            if isinstance(node, ast.Lambda)
            and (
                node.body.lineno,
                node.body.end_lineno,
                node.body.col_offset,
                node.body.end_col_offset,
            )
            in columns
        ]
    if len(found) != 1:
        raise UnknownSourceError(f"line {code.co_firstlineno} has several functions of one name")
    return found[0]


def _decorators(node: _Function) -> list[ast.expr]:
    return [] if isinstance(node, ast.Lambda) else node.decorator_list


def global_names(code: types.CodeType) -> list[str]:
    """Return the names that a function, or one inside it, reads from its globals, sorted."""
    return sorted(
        {
            str(instruction.argval)
            for inner in _inner(code)
            for instruction in dis.get_instructions(inner)
            if instruction.opname in _READS
        }
    )
