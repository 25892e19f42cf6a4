"""The process that runs optimizers of others: imports them once, and forks for every model.

What a library remembers from one model to the next, prints or crashes on stays in the fork. Reads a
job in JSON per line from stdin, and answers with the exit status of the fork.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

ERROR, LOG = "error.txt", "log.txt"
"""Files in the folder of a job: what the optimizer raised, and what it printed."""


def main() -> None:
    """Do jobs until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    _print_to(os.devnull)
    for line in sys.stdin:
        answers.write(f"{_status(json.loads(line))}\n")
        answers.flush()


def _status(job: dict[str, Any]) -> int:
    for library in (*job["libraries"], job["module"]):
        try:
            importlib.import_module(library)
        except Exception:  # the fork meets it again, and tells
            break
    child = os.fork()
    if not child:
        os._exit(_do(job))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _do(job: dict[str, Any]) -> int:
    folder = Path(job["folder"])
    _print_to(str(folder / LOG))
    try:
        function = getattr(importlib.import_module(job["module"]), job["function"])
        function(folder / job["source"], folder / job["target"], **job["options"])
    except BaseException as error:  # the border of the process: told to the other side
        (folder / ERROR).write_text(f"{type(error).__name__}: {' '.join(str(error).split())}")
        return 1
    return 0


def _print_to(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(descriptor, standard)


if __name__ == "__main__":
    main()
