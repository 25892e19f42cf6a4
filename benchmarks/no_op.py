"""An empty pipeline, file to file, on a BERT-base-sized model, side by side with onnx and onnx_ir.

Claim: at most 0.25 times the faster of the two; peak memory under 0.8 times the model's size with
the weights inside the file, under 0.3 times with external data. There onnx_ir lets the kernel move
the bytes as well, so that the time of both is that of the copy. The page cache is warm. Nobody
waits for the disk, whose speed would hide what the tools do; with ``--fsync`` all of them do.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from measure import Contender, arguments, interleave, prepare, print_table, write_json

_MAKE = """
from pathlib import Path
from transformer import make_transformer
make_transformer(Path({path!r}), layers=12, size=768, vocabulary=30522, external={external})
"""

_SYNC = """
import os
for _name in os.listdir({folder!r}):
    _file = os.open(os.path.join({folder!r}, _name), os.O_RDONLY)
    os.fsync(_file)
    os.close(_file)
"""


def contenders(source: Path, folder: Path, external: bool, fsync: bool) -> list[Contender]:
    """Return the ways from ``source`` to a file in ``folder``."""
    read, write = repr(str(source)), repr(str(folder / "out.onnx"))
    sync = _SYNC.format(folder=str(folder)) if fsync else ""
    unsynced = "" if fsync else "import os\nos.fsync = lambda descriptor: None\n"
    data = ", save_as_external_data=True, location='out.data'" if external else ""
    ir_data = ", external_data='out.data'" if external else ""
    return [
        Contender(
            "onnx load + save",
            f"onnx.save(onnx.load({read}), {write}{data})\n{sync}",
            "import onnx",
        ),
        Contender(
            "onnx_ir load + save",
            f"onnx_ir.save(onnx_ir.load({read}), {write}{ir_data})\n{sync}",
            "import onnx_ir",
        ),
        Contender(
            "passmgr, bridge alone",
            f"OnnxEmitter().emit(OnnxFrontend().load(Path({read})), Path({write}))",
            f"{unsynced}from pathlib import Path\n"
            "from passmgr.plugins.emitters.onnx_file import OnnxEmitter\n"
            "from passmgr.plugins.frontends.onnx_file import OnnxFrontend",
        ),
        Contender(
            "passmgr.run, empty pipeline",
            f"run({read}, '', output={write})",
            f"{unsynced}from passmgr import run\nimport onnx_ir",
        ),
    ]


def main() -> None:
    """Measure, print and write the figures."""
    parser = arguments("An empty pipeline on a BERT-base-sized model, file to file.")
    parser.add_argument("--fsync", action="store_true", help="all bring the output to the disk")
    options = parser.parse_args()
    figures: dict[str, object] = {"fsync": options.fsync}
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        folder = Path(base) / "out"
        folder.mkdir()

        def clear() -> None:
            for path in folder.iterdir():
                path.unlink()
            os.sync()  # what one has written must not slow down the next

        for external in (False, True):
            form = "external data" if external else "single file"
            source = Path(base) / form / "bert.onnx"
            source.parent.mkdir()
            prepare(_MAKE.format(path=str(source), external=external))
            size = sum(path.stat().st_size for path in source.parent.iterdir()) / 2**20
            ways = contenders(source, folder, external, options.fsync)
            results = interleave(ways, rounds=options.rounds, before=clear)
            print_table(f"no-op, {size:.0f} MiB, {form}", results, "onnx load + save")
            peers = [r for r in results.values() if "passmgr" not in r.name and not r.error]
            ours = results["passmgr.run, empty pipeline"]
            time = ours.median() / min(peer.median() for peer in peers)
            memory = ours.median("peak_mib") / size
            limit = 0.3 if external else 0.8
            print(f"time {time:.2f} of the faster of the two (claim: at most 0.25)")
            print(f"memory {memory:.2f} of the model's size (claim: under {limit})")
            figures[form] = {"size_mib": size, "time": time, "memory": memory, "results": results}
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
