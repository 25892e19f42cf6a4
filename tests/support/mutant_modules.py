"""The modules that the built-in passes are made of, with their mutants."""

from __future__ import annotations

import ast
import importlib
import sys
import types
from functools import cache
from pathlib import Path

from mutants import Mutant, mutants_of

from passmgr.core.contract import Pass
from passmgr.core.registry import Registry, load_registry

ROOT = Path(__file__).parents[2]
PASSES = "passmgr.passes."
"""What the modules of passes begin with that are not somebody else's."""

FOLDERS = ("simplify", "fuse")
"""Where rules stand, that passes share."""


@cache
def registry() -> Registry:
    """Return the built-in things."""
    return load_registry(plugins=False)


def modules() -> dict[str, str]:
    """Return the module of every pass that is made of code of our own."""
    found = {
        name: entry.target.partition(":")[0]
        for name, entry in sorted(registry().entries("passes").items())
    }
    return {name: module for name, module in found.items() if module.startswith(PASSES)}


def path_of(module: str) -> Path:
    """Return the file of a module of the passes."""
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")


def module_of(file: str) -> str:
    """Return the module that is in a file, given from the root of the repository."""
    return ".".join(("passmgr", *Path(file).with_suffix("").parts))


@cache
def imported(module: str) -> frozenset[str]:
    """Return ``module`` and what it imports, at once or when it runs, from where rules stand."""
    package = module.rpartition(".")[0]
    found = {module}
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package if node.level == 1 else package.rpartition(".")[0]
            name = f"{base}.{node.module}"
            if name.split(".")[2] in FOLDERS and name not in found:
                found |= imported(name)
    return frozenset(found)


@cache
def passes_by_module() -> dict[str, list[str]]:
    """Return for every module the passes that are made of it, its own first."""
    found: dict[str, list[str]] = {}
    own = modules()
    for name, module in own.items():
        for part in sorted(imported(module)):
            found.setdefault(part, []).append(name)
    for module, names in found.items():
        names.sort(key=lambda name: own[name] != module)
    return dict(sorted(found.items()))


@cache
def mutants(module: str) -> list[Mutant]:
    """Return the mutants of a module."""
    path = path_of(module)
    return list(mutants_of(path.read_text(), path.relative_to(ROOT).as_posix()))


def load_mutant(mutant: Mutant, name: str) -> Pass:
    """Return the pass ``name`` made of the mutated module; to be called in a child."""
    own = modules()[name]
    folders = tuple(f"passmgr.passes.{folder}." for folder in FOLDERS)
    for loaded in [m for m in sys.modules if m.startswith(folders) or m == own]:
        del sys.modules[loaded]
    path = ROOT / mutant.file
    dotted = module_of(mutant.file)
    module = types.ModuleType(dotted)
    module.__file__, module.__package__ = str(path), dotted.rpartition(".")[0]
    sys.modules[dotted] = module
    exec(compile(mutant.tree(), str(path), "exec"), module.__dict__)
    attribute = registry().entries("passes")[name].target.partition(":")[2]
    made: Pass = getattr(importlib.import_module(own), attribute)()
    return made
