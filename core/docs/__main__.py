"""``python -m passmgr.core.docs OUT``: build the documentation into a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import PassmgrError
from .build import build


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m passmgr.core.docs", description="Build the documentation of passmgr."
    )
    parser.add_argument("output", metavar="OUT", help="the folder to make")
    parser.add_argument(
        "--plugin",
        dest="plugins",
        metavar="NAME",
        action="append",
        default=[],
        help="document the passes of this distribution too; may be given several times",
    )
    given = parser.parse_args(arguments)
    try:
        made = build(given.output, plugins=given.plugins)
    except PassmgrError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{made}: open {made / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
