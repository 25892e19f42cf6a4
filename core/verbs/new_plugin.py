"""Make a new plugin: a package that installs, passes its own tests and shows up in ``list``."""

from __future__ import annotations

from pathlib import Path

from ..errors import OutputError
from ..scaffold import PluginKind, check_name, render, write_folder
from .arguments import check_words


def new_plugin(name: str, kind: PluginKind = "pass", folder: str | Path | None = None) -> Path:
    """Make the folder of a new plugin with a small example that works, and return its path.

    In the folder, ``pip install -e '.[test]' && pytest`` installs and tests it.

    Args:
        name: The name of the distribution, such as ``my-passes``; its module is ``my_passes``.
        kind: What the plugin brings: ``pass``, ``rule`` (a pass that is a rewrite rule),
            ``frontend`` or ``runtime``.
        folder: The folder to make; by default one called ``name`` in the current folder.

    Raises:
        UsageError: The name is not kebab-case, reserved or taken, or there is no such kind.
        OutputError: The folder exists already or cannot be written; nothing was changed.
    """
    check_words({"kind": (kind, PluginKind)})
    check_name(name)
    path = Path(name if folder is None else folder)
    if not path.name:
        raise OutputError(f"'{path}' exists already; nothing was changed")
    write_folder(path, render(name, kind))
    return path
