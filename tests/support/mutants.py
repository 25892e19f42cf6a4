"""Mutants of a module: its source with one thing changed, as a slip of its author might be.

Docstrings, annotations, decorators, assertions, remarks, the texts of errors and what only type
checkers read are left alone: they are no part of what a pass does.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mutant_declarations import declaration_changes

Route = tuple[tuple[str, int | None], ...]
"""The way from the root of a tree to a node: fields, with the index in those that are lists."""

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
_TYPE_TESTS = frozenset({"isinstance", "hasattr", "getattr"})
"""Calls whose arguments, swapped, raise always: too easy to catch."""


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed.

    Args:
        operator: The kind of change.
        file: What the file is called.
        line: Where the change is.
        where: The function or class that it is in.
        before: The source text of what is changed.
        after: What it is changed into.
        source: The text of the whole module.
        route: The way to the node that is replaced.
        node: What takes its place.
    """

    operator: str
    file: str
    line: int
    where: str
    before: str
    after: str
    source: str
    route: Route
    node: ast.AST

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from all others, also after lines were added above it."""
        return self.file, self.where, self.operator, self.before, self.after

    def tree(self) -> ast.Module:
        """Return the changed module."""
        tree = ast.parse(self.source)
        parent: Any = tree
        for field, index in self.route[:-1]:
            parent = getattr(parent, field) if index is None else getattr(parent, field)[index]
        field, index = self.route[-1]
        old = getattr(parent, field) if index is None else getattr(parent, field)[index]
        new = copy.deepcopy(self.node)
        for inner in ast.walk(new):
            if not hasattr(inner, "lineno"):
                ast.copy_location(inner, old)
        if index is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[index] = new
        return ast.fix_missing_locations(tree)

    def __str__(self) -> str:
        return f"{self.operator:11} {self.file}:{self.line}: {self.before}  ->  {self.after}"


def mutants_of(source: str, file: str) -> Iterator[Mutant]:
    """Yield all mutants of a module, in the order of its source.

    Args:
        source: The text of the module.
        file: What the file is called.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for where, route, node in _sites(ast.parse(source), (), ""):
        for operator, new in _changes(node, where):
            before, after = _difference(node, new)
            mutant = Mutant(operator, file, node.lineno, where, before, after, source, route, new)
            seen[mutant.key] += 1
            if seen[mutant.key] > 1:
                mutant = replace(mutant, where=f"{where} #{seen[mutant.key]}")
            yield mutant


def _difference(old: ast.AST, new: ast.AST) -> tuple[str, str]:
    """Return the text of what is changed, and of what it is changed into."""
    if isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef):
        gone = [item for item in old.body if item not in new.body]
        come = [item for item in new.body if item not in old.body]
        return " ".join(map(ast.unparse, gone)), " ".join(map(ast.unparse, come))
    return _head(old), _head(new)


def _head(node: ast.AST) -> str:
    if isinstance(node, (ast.If, ast.While)):
        word = "if" if isinstance(node, ast.If) else "while"
        return f"{word} {ast.unparse(node.test)}:"
    return ast.unparse(node)


def _sites(node: ast.AST, route: Route, where: str) -> Iterator[tuple[str, Route, Any]]:
    """Yield statements and expressions that may be changed, with the way to them."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        many = isinstance(value, list)
        for index, child in enumerate(value if many else [value]):
            if not isinstance(child, (ast.stmt, ast.expr, ast.comprehension)) or _is_text(child):
                continue
            if field == "args" and isinstance(child, ast.Constant) and _takes_text(node):
                continue
            way = (*route, (field, index if many else None))
            if not isinstance(child, ast.comprehension):
                yield where, way, child
            inner = where
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{where}.{child.name}" if where else child.name
            yield from _sites(child, way, inner)


def _is_text(node: ast.AST) -> bool:
    """Tell whether ``node`` is for readers and type checkers only."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Assert() | ast.Raise():
            return True
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="remark"))):
            return True
        case ast.Assign(targets=[ast.Name(id="name")]):
            return True
        case ast.Assign(value=ast.Subscript() | ast.BinOp(op=ast.BitOr())):
            return _is_alias(node)
    return False


def _takes_text(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="action" | "remark")):
            return True
    return False


def _is_alias(node: ast.Assign) -> bool:
    """Tell whether a name for a type is made, such as ``Rule = Callable[...]``."""
    match node.targets:
        case [ast.Name(id=name)]:
            return name[0].isupper() and not name.isupper()
    return False


def _changes(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may take the place of ``node``, with the kind of change."""
    match node:
        case ast.Compare():
            for index, op in enumerate(node.ops):
                if type(op) in _SWAPPED:
                    ops = [*node.ops]
                    ops[index] = _SWAPPED[type(op)]()  # type: ignore[call-overload]
                    yield "compare", ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp():
            yield "bool", ast.BoolOp(_SWAPPED[type(node.op)](), node.values)  # type: ignore[arg-type]
            for index in range(len(node.values)):
                rest = [*node.values[:index], *node.values[index + 1 :]]
                yield "operand", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not()):
            yield "not", node.operand
        case ast.BinOp() if type(node.op) in _SWAPPED:
            yield "arithmetic", ast.BinOp(node.left, _SWAPPED[type(node.op)](), node.right)  # type: ignore[arg-type]
        case ast.AugAssign() if type(node.op) in _SWAPPED:
            yield "arithmetic", ast.AugAssign(node.target, _SWAPPED[type(node.op)](), node.value)  # type: ignore[arg-type]
        case ast.Constant(value=bool()):
            yield "constant", ast.Constant(not node.value)
        case ast.Constant(value=int()):
            yield "constant", ast.Constant(node.value + 1)
        case ast.Constant(value=str()) if node.value.isidentifier():
            yield "string", ast.Constant(f"{node.value}_")
        case ast.Call():
            yield from _calls(node)
        case ast.IfExp():
            for value in (True, False):
                yield "condition", ast.IfExp(ast.Constant(value), node.body, node.orelse)
        case ast.If() | ast.While():
            for value in (True, False):
                yield "condition", type(node)(ast.Constant(value), node.body, node.orelse)
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            yield from _filters(node)
        case ast.Expr(value=ast.Call()):
            yield "statement", ast.Pass()
        case ast.Return() if node.value is not None and ast.unparse(node.value) != "None":
            yield "return", ast.Return(ast.Constant(None))
        case ast.Continue():
            yield "return", ast.Break()
        case ast.Subscript(ctx=ast.Load()):
            yield from _indices(node)
        case ast.ClassDef() if not where:
            yield from declaration_changes(node)


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args[:2])
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if len(node.args) < 2 or not plain or name in _TYPE_TESTS or method == "action":
        return
    first, second, *rest = node.args
    if ast.unparse(first) != ast.unparse(second) and name != "ops":
        yield "arguments", ast.Call(node.func, [second, first, *rest], node.keywords)


def _filters(node: Any) -> Iterator[tuple[str, ast.AST]]:
    """Leave out the conditions of a comprehension."""
    for index, generator in enumerate(node.generators):
        if generator.ifs:
            changed = copy.copy(node)
            changed.generators = list(node.generators)
            changed.generators[index] = ast.comprehension(
                generator.target, generator.iter, [], generator.is_async
            )
            yield "condition", changed


def _indices(node: ast.Subscript) -> Iterator[tuple[str, ast.AST]]:
    """Be off by one; numbers are changed where they stand."""

    def next_(value: ast.expr) -> ast.expr:
        return ast.BinOp(value, ast.Add(), ast.Constant(1))

    index = node.slice
    if isinstance(index, ast.Slice):
        for end in ("lower", "upper"):
            value = getattr(index, end)
            if value is not None and not _is_number(value):
                changed = copy.copy(index)
                setattr(changed, end, next_(value))
                yield "index", ast.Subscript(node.value, changed, node.ctx)
    elif isinstance(index, ast.BinOp) or (isinstance(index, ast.Name) and _is_count(index.id)):
        yield "index", ast.Subscript(node.value, next_(index), node.ctx)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, (ast.Constant, ast.UnaryOp))


def _is_count(name: str) -> bool:
    return name in ("index", "axis", "side", "i", "count", "position")
