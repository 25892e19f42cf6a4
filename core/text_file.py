"""Text files that appear whole or not at all, for what is written beside a model."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .errors import OutputError


def write_text_file(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path``; what was there before stays until all of it is on the disk.

    Raises:
        OutputError: It cannot be written; nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():  # A pipe or a terminal cannot be replaced.
            target.write_text(text, encoding="utf-8")
            return
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"'{path}' cannot be written: {reason}; nothing was left") from error
