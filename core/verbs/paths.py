"""Checks of output paths before any work, so that nothing is lost and nobody waits in vain."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import OutputError, UsageError


def check_output(output: str | Path, *inputs: str | Path) -> None:
    """Check that ``output`` can be written and is none of ``inputs``, also not through a link.

    Raises:
        OutputError: Its folder is missing or cannot be written to, or it is a folder itself.
        UsageError: It is one of the inputs.
    """
    path = Path(output)
    folder = path.parent
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except OSError as error:  # Too long a name, or links in a circle.
        raise OutputError(f"the output '{path}' cannot be written: {error.strerror}") from error
    if path.is_dir():
        raise OutputError(f"the output '{path}' is a folder; name a file in it")
    if not folder.is_dir():
        raise OutputError(f"the folder '{folder}' of the output '{path.name}' does not exist")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder '{folder}' of the output '{path.name}' is not writable")
    for source in inputs:
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise UsageError(f"the output '{path}' is the input '{source}'; name another file")
