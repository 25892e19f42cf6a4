"""A 2.9 GB model with external data, file to file, side by side with onnx_ir and its passes.

Claim: not slower than onnx_ir's load, passes and save; peak memory under 200 MiB. The page cache is
warm and nobody waits for the disk.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from measure import OURS, Contender, arguments, interleave, prepare, print_table, write_json

_MAKE = """
from pathlib import Path
from transformer import make_transformer
make_transformer(Path({path!r}), layers=24, size=1536, vocabulary=30522, external=True)
"""

_IR_SETUP = """
import onnx_ir
from onnx_ir.passes import common
passes = onnx_ir.passes.Sequential(
    common.TopologicalSortPass(),
    common.NameFixPass(),
    common.ShapeInferencePass(),
    common.IdentityEliminationPass(),
    common.CommonSubexpressionEliminationPass(),
    common.DeduplicateInitializersPass(),
    common.RemoveUnusedNodesPass(),
)
"""


def main() -> None:
    """Measure, print and write the figures."""
    options = arguments("A 2.9 GB model with external data, file to file.", rounds=3).parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        source, folder = Path(base) / "in" / "big.onnx", Path(base) / "out"
        source.parent.mkdir()
        folder.mkdir()
        prepare(_MAKE.format(path=str(source)))
        size = sum(path.stat().st_size for path in source.parent.iterdir()) / 2**20
        read, write = repr(str(source)), repr(str(folder / "out.onnx"))

        def clear() -> None:
            for path in folder.iterdir():
                path.unlink()
            os.sync()  # what one has written must not slow down the next

        save = f"onnx_ir.save(model, {write}, external_data='out.data')"
        results = interleave(
            [
                Contender(
                    "onnx_ir load + save", f"model = onnx_ir.load({read})\n{save}", _IR_SETUP
                ),
                Contender(
                    "onnx_ir load + passes + save",
                    f"model = passes(onnx_ir.load({read})).model\n{save}",
                    _IR_SETUP,
                ),
                Contender(
                    "passmgr.run, empty pipeline",
                    f"run({read}, '', output={write}, guard='off')",
                    OURS,
                ),
                Contender(
                    "passmgr.run, default",
                    f"run({read}, 'default', output={write}, guard='off')",
                    OURS,
                ),
            ],
            rounds=options.rounds,
            before=clear,
        )
    baseline = "onnx_ir load + passes + save"
    print_table(f"{size:.0f} MiB with external data", results, baseline)
    ours = results["passmgr.run, default"]
    print(f"time {ours.median() / results[baseline].median():.2f} (claim: at most 1)")
    print(f"memory {ours.median('peak_mib'):.0f} MiB (claim: under 200)")
    write_json(options.json, {"size_mib": size, "results": results})


if __name__ == "__main__":
    main()
