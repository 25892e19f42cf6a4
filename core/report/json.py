"""What the verbs found, as JSON for other programs."""

from __future__ import annotations

import json
from typing import Any

from ..text_file import write_text_file
from .console import show

STDOUT = "-"


def write(data: Any, target: str = STDOUT) -> None:
    """Write ``data`` as JSON to the file ``target``, or to stdout.

    Raises:
        OutputError: It cannot be written.
    """
    # In ASCII, which any terminal and any pipe takes, also for names that are not UTF-8.
    text = json.dumps(data, indent=2, allow_nan=False, default=str)
    if target == STDOUT:
        show(text)
    else:
        write_text_file(target, text + "\n")


def failure(error: BaseException, message: str, exit_code: int) -> dict[str, Any]:
    """Return an error as JSON data, with the run so far where the error carries it."""
    data: dict[str, Any] = {
        "error": {
            "type": type(error).__name__,
            "message": message,
            "exit_code": exit_code,
        }
    }
    result = getattr(error, "result", None)
    return data if result is None else {**result.to_json(), **data}
