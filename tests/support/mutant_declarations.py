"""Changes of what the class of a pass declares."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

_CLAIMS = {
    "establishes": ("static-shapes", "constants-folded"),
    "done_when": ("sorted", "names-unique", "constants-folded"),
}
"""Facts that a pass is made to claim."""


def declaration_changes(node: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    """Change what a pass declares: claim a fact, require less, promise exactness."""
    if not any(isinstance(base, ast.Name) and base.id == "Pass" for base in node.bases):
        return
    declared = {
        item.targets[0].id: (index, item)
        for index, item in enumerate(node.body)
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)
    }

    def changed(name: str, text: str) -> ast.ClassDef:
        lines = ast.parse(f"{name} = {text}").body if text else []
        start, end = (declared[name][0], declared[name][0] + 1) if name in declared else (1, 1)
        copied = copy.copy(node)
        copied.body = [*node.body[:start], *lines, *node.body[end:]]
        return copied

    for name, facts in _CLAIMS.items():
        for fact in facts:
            value = f"({fact!r},)"
            if name not in declared or ast.unparse(declared[name][1].value) != value:
                yield "declaration", changed(name, value)
    for name in ("requires", "effect"):  # by default nothing, and exact
        if name in declared:
            yield "declaration", changed(name, "")
