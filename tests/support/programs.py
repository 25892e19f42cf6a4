"""The command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def program(*arguments: str | os.PathLike[str], **environment: str) -> subprocess.Popen[str]:
    """Start ``passmgr`` with arguments."""
    code = "from passmgr.core.cli.start import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        env={**os.environ, **environment},
    )
