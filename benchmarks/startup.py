"""What the shell waits for: ``passmgr --help`` and ``list`` against ``python -c "import numpy"``.

Figure (a): at most 3 times. Peers that are installed run in the same rounds.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from measure import Contender, arguments, interleave, print_table, write_json

BASELINE = "python -c 'import numpy'"
COMMANDS = ("passmgr --help", "passmgr list", "passmgr list plugins", "passmgr run --help")
PEERS = ("onnxslim --help", "onnxsim --help", "olive --help")
LIMIT = 3.0


def contenders() -> list[Contender]:
    """Return what is installed of all that could be measured."""
    found = [
        Contender("python -c 'pass'", argv=(sys.executable, "-c", "pass")),
        Contender(BASELINE, argv=(sys.executable, "-c", "import numpy")),
        Contender("python -c 'import passmgr'", argv=(sys.executable, "-c", "import passmgr")),
    ]
    beside = str(Path(sys.executable).parent)
    for command in COMMANDS + PEERS:
        program, *rest = command.split()
        if path := shutil.which(program, path=beside):
            found.append(Contender(command, argv=(path, *rest)))
    return found


def main() -> int:
    """Measure, print the table, and tell whether the limit is kept."""
    options = arguments(__doc__ or "", rounds=15).parse_args()
    results = interleave(contenders(), rounds=options.rounds)
    print_table("start-up, ratio to importing numpy", results, BASELINE)
    base = results[BASELINE].median()
    ratios = {name: result.median() / base for name, result in results.items()}
    worst = max(ratios[name] for name in COMMANDS if name in ratios)
    kept = worst <= LIMIT
    print(f"\nthe slowest takes {worst:.2f} times: {'within' if kept else 'over'} {LIMIT:g} times")
    write_json(options.json, {"results": results, "ratios": ratios, "limit": LIMIT})
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
