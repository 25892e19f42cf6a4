"""What the shell waits for: ``passmgr --help`` and ``list`` against ``python -c "import numpy"``.

Figures: at most 3 times; ``import passmgr`` at most 1.5 times; ``list`` with 200 installed plugins
of 5 passes each at most 2 s. Peers that are installed run in the same rounds.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from measure import Contender, arguments, interleave, print_claim, print_table, write_json

BASELINE = "python -c 'import numpy'"
COMMANDS = ("passmgr --help", "passmgr list", "passmgr list plugins", "passmgr run --help")
PEERS = ("onnxslim --help", "onnxsim --help", "olive --help")
IMPORT = "python -c 'import passmgr'"
PLUGINS = 200
WITH_PLUGINS = f"passmgr list, {PLUGINS} plugins"


def contenders(folder: Path) -> list[Contender]:
    """Return what is installed of all that could be measured."""
    found = [
        Contender("python -c 'pass'", argv=(sys.executable, "-c", "pass")),
        Contender(BASELINE, argv=(sys.executable, "-c", "import numpy")),
        Contender(IMPORT, argv=(sys.executable, "-c", "import passmgr")),
    ]
    beside = str(Path(sys.executable).parent)
    for command in COMMANDS + PEERS:
        program, *rest = command.split()
        if path := shutil.which(program, path=beside):
            found.append(Contender(command, argv=(path, *rest)))
    tool = str(shutil.which("passmgr", path=beside))
    with_plugins = ("/usr/bin/env", f"PYTHONPATH={folder}", tool, "list", "passes")
    return [*found, Contender(WITH_PLUGINS, argv=with_plugins)]


def install_plugins(folder: Path) -> None:
    """Leave in ``folder`` what pip would for distributions of one plugin with five passes each."""
    for number in range(PLUGINS):
        name = f"acme{number:03}"
        (folder / f"{name}.py").write_text(
            "from passmgr import hookimpl\n\n\n@hookimpl\ndef passmgr_register(registry):\n"
            "    for letter in 'abcde':\n"
            f"        registry.add_pass(f'{name}-{{letter}}', f'{name}_passes:{{letter}}')\n"
        )
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: passmgr>=0.1\n"
        )
        (info / "entry_points.txt").write_text(f"[passmgr]\n{name} = {name}\n")


def main() -> int:
    """Measure, print the table, and tell whether the limit is kept."""
    options = arguments(__doc__ or "", rounds=15).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        install_plugins(Path(folder))
        results = interleave(contenders(Path(folder)), rounds=options.rounds)
    print_table("start-up, ratio to importing numpy", results, BASELINE)
    base = results[BASELINE].median()
    ratios = {name: result.median() / base for name, result in results.items()}
    worst = max(ratios[name] for name in COMMANDS if name in ratios)
    print()
    kept = [
        print_claim("the slowest command, times importing numpy", worst, 3.0),
        print_claim("importing passmgr, times importing numpy", ratios[IMPORT], 1.5),
        print_claim(f"{WITH_PLUGINS}, in seconds", results[WITH_PLUGINS].median(), 2.0),
    ]
    write_json(options.json, {"results": results, "ratios": ratios})
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
