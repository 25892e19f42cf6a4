"""The command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO


def program(
    *arguments: str | os.PathLike[str],
    stdout: int | IO[bytes] = subprocess.PIPE,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start ``passmgr`` with arguments; what it writes goes to pipes, or to ``stdout``."""
    code = "from passmgr.core.cli.start import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        env={**os.environ, **environment},
    )
