"""What the verbs found, as JSON for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import OutputError

STDOUT = "-"


def write(data: Any, target: str = STDOUT) -> None:
    """Write ``data`` as JSON to the file ``target``, or to stdout.

    Raises:
        OutputError: The file cannot be written.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    if target == STDOUT:
        print(text)
        return
    try:
        Path(target).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write '{target}': {error.strerror}") from error


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
