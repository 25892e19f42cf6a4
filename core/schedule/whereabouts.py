"""Whereabouts: which objects an installed distribution brings, and under which name."""

from __future__ import annotations

import functools
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

_OURS = __name__.partition(".")[0]


def installed_name(value: Any) -> str:
    """Return ``module:name`` of what an installed module holds under that name; else nothing."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return ""
    found: Any = sys.modules.get(module)
    if found is None or not is_installed(found):
        return ""
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is value else ""


def is_installed(module: types.ModuleType) -> bool:
    """Tell whether a module is Python's, ours, or in the folders that packages are installed to."""
    if module.__name__ == "__main__":
        return False
    top = module.__name__.partition(".")[0]
    if top in sys.stdlib_module_names or top == _OURS:
        return True
    file = file_of(module)
    return file is not None and _is_site(file)


def file_of(module: types.ModuleType) -> str | None:
    """Return the file or, without one, the folder of a module."""
    file: str | None = getattr(module, "__file__", None)
    return file or next(iter(getattr(module, "__path__", ())), None)


@functools.cache
def _is_site(file: str) -> bool:
    folders = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return any(Path(file).is_relative_to(folder) for folder in folders) or bool(
        {"site-packages", "dist-packages"} & set(Path(file).parts)
    )
