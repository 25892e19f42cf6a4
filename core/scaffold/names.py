"""The name of a new plugin: one that pip, Python and the registry all take, and that is free."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import metadata
from importlib.util import find_spec

from ..contract import PASS_NAME
from ..errors import UsageError

LONGEST = 40
"""Letters of a name; it stands in lines of code that must not grow too long."""

RESERVED = {
    *("build", "conftest", "dist", "setup", "src", "test", "tests"),  # beside it in its folder
    *("passmgr", "pip", "pytest", "setuptools"),  # at work around it
}


def module_name(name: str) -> str:
    """Return the module of the distribution ``name``."""
    return name.replace("-", "_")


def check_name(name: str) -> None:
    """Check that a plugin may be called ``name``.

    Raises:
        UsageError: It is not kebab-case, too long, reserved or taken; says which.
    """
    if not PASS_NAME.fullmatch(name):
        words = "-".join(re.findall("[a-z0-9]+", name.lower())).lstrip("0123456789-")
        raise UsageError(
            f"'{name}' is no name for a plugin; write small letters and digits with dashes "
            f"between the words, such as '{words[:LONGEST].rstrip('-') or 'my-passes'}'"
        )
    if len(name) > LONGEST:
        raise UsageError(f"the name '{name}' has {len(name)} letters, legal are {LONGEST}")
    if taken := _taken(name, module_name(name)):
        raise UsageError(f"a plugin cannot be called '{name}': {taken}")


def _taken(name: str, module: str) -> str:
    """Return why the name is not free, or nothing."""
    if keyword.iskeyword(module):
        return "it is a keyword of Python"
    if module in sys.stdlib_module_names:
        return "it is a module of Python's standard library"
    if name in RESERVED:
        return "the name is reserved"
    for point in metadata.entry_points(group="passmgr"):
        if point.name == name:
            return f"an installed plugin has that name ({point.value})"
    try:
        return f"the distribution is installed already, version {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        pass
    try:
        found = find_spec(module)
    except ValueError:  # Loaded, but from nowhere that Python knows.
        return f"there is a module '{module}' already"
    if found is None:
        return ""
    places = [found.origin, *(found.submodule_search_locations or ())]
    return f"there is a module '{module}' already, in {next(filter(None, places), 'memory')}"
