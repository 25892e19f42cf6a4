"""Templates to files: a folder that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

from ..errors import OutputError
from .kinds import KINDS, PluginKind
from .names import module_name

SUFFIX = ".in"
"""What the names of templates end in, so that no tool takes them for code of this package."""

PACKAGE = "package"
"""The folder in the templates that gets the name of the plugin's module."""


def render(name: str, kind: PluginKind) -> dict[PurePosixPath, str]:
    """Return the files of a plugin by their paths in its folder.

    Names of files may have the same words in them as the files. A file that both the kind and all
    plugins have is the kind's part, then the shared one.
    """
    module = module_name(name)
    lowest, limit = _range(version("passmgr"))
    words = {
        "name": name,
        "module": module,
        "lowest": lowest,
        "limit": limit,
        "description": KINDS[kind].description,
    }
    files: dict[PurePosixPath, str] = {}
    templates = resources.files(__package__) / "templates"
    for folder in (kind, "shared"):
        for path, text in _templates(templates / folder, PurePosixPath()):
            parts = [module if part == PACKAGE else part for part in path.parts]
            target = PurePosixPath(Template("/".join(parts)).substitute(words))
            files[target] = files.get(target, "") + Template(text).substitute(words)
    return dict(sorted(files.items()))


def _templates(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _templates(item, path / item.name)
        elif item.name.endswith(SUFFIX):
            yield path / item.name.removesuffix(SUFFIX), item.read_text(encoding="utf-8")


def _range(current: str) -> tuple[str, str]:
    """Return the lowest version of passmgr to ask for, and the first that may be different."""
    from packaging.version import Version

    this = Version(current)
    # Before 1.0 every minor version may change what plugins rely on.
    limit = f"{this.major + 1}" if this.major else f"0.{this.minor + 1}"
    return this.public, limit


def write_folder(folder: Path, files: Mapping[PurePosixPath, str]) -> None:
    """Write ``files`` into the new ``folder``, which gets its name when all of them are there.

    Raises:
        OutputError: There is something of that name, or it cannot be written; nothing is left.
    """
    if os.path.lexists(folder):
        raise OutputError(f"'{folder}' exists already; nothing was changed")
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        if not folder.parent.is_dir():
            raise OutputError(f"the folder '{folder.parent}', to hold it, does not exist")
        temporary.mkdir()
        for path, text in files.items():
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        temporary.rename(folder)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"'{folder}' cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
