"""``default`` on exports of BERT-base and ResNet-50, file to file, beside the tools people use.

Figure (e): at most half of onnxscript's optimizer with load and save, and not slower than ONNX
Runtime's offline optimization (level BASIC). The guard, which no peer has, is off; its time is a
row of its own. ``make_exports.py`` makes the two files; peers that are installed run in the same
rounds.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from measure import OURS as SETUP
from measure import (
    Contender,
    arguments,
    interleave,
    print_claim,
    print_table,
    write_json,
)
from scaling import BASIC, OURS
from scaling import contenders as common_contenders

SCRIPT = "onnxscript optimizer"


def contenders(read: str, write: str) -> list[Contender]:
    """Return the ways from the file ``read`` to the file ``write``."""
    guarded = Contender(
        "passmgr.run, default, guarded",
        f"run({read!r}, 'default', output={write!r})",
        SETUP,
    )
    ways = [*common_contenders(read, write), guarded]
    if importlib.util.find_spec("onnxsim"):
        body = f"onnx.save(onnxsim.simplify(onnx.load({read!r}))[0], {write!r})"
        ways.append(Contender("onnxsim", body, "import onnx, onnxsim"))
    return ways


def main() -> int:
    """Measure, print the tables, and tell whether the limits are kept."""
    parser = arguments(__doc__ or "", rounds=5)
    parser.add_argument("exports", type=Path, help="the folder that make_exports.py wrote to")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    kept = []
    for source in sorted(options.exports.glob("*.onnx")):
        with tempfile.TemporaryDirectory(dir=options.folder) as base:
            out = Path(base) / "out.onnx"
            ways = contenders(str(source), str(out))

            def clear(folder: str = base) -> None:
                for path in Path(folder).iterdir():
                    path.unlink()
                os.sync()  # what one has written must not slow down the next

            results = interleave(ways, rounds=options.rounds, before=clear)
        size = source.stat().st_size / 2**20
        print_table(f"{source.stem}, {size:.0f} MiB", results, SCRIPT)
        ours = results[OURS].median()
        kept += [
            print_claim(f"{source.stem}: ratio to {SCRIPT}", ours / results[SCRIPT].median(), 0.5),
            print_claim(f"{source.stem}: ratio to {BASIC}", ours / results[BASIC].median(), 1.0),
        ]
        figures[source.stem] = results
    write_json(options.json, figures)
    return 0 if kept and all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
