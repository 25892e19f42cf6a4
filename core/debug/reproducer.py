"""The reproducer: a folder that holds all that is needed to see a failure again."""

from __future__ import annotations

import json
import platform
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, PassmgrError
from ..pipeline import parse, to_toml

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..registry import Registry

_PACKAGES = ("passmgr", "onnx", "onnx-ir", "onnxscript", "onnxruntime", "numpy")


def write_reproducer(
    folder: Path,
    model: ir.Model,
    pipeline: str,
    error: BaseException,
    *,
    seed: int,
    guard: str,
    inputs: Sequence[Mapping[str, Any]],
    registry: Registry,
) -> Path:
    """Write ``model``, the failing part of the pipeline and the circumstances to ``folder``.

    Args:
        folder: Made anew under this name, with a number where the name is taken.
        model: The model before the failing pass.
        pipeline: The text of what failed on it.
        error: What happened.
        seed: The seed of the run.
        guard: The guard level that shows the failure.
        inputs: The user's sample inputs; the arrays of the first are saved.
        registry: For the emitter and the versions of plugins.

    Returns:
        The folder.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = _fresh(folder)
    try:
        registry.emitter_for(folder / "model.onnx").emit(model, folder / "model.onnx")
        command = f"passmgr run model.onnx -p pipeline.toml --seed {seed} --guard {guard}"
        if inputs and _are_arrays(inputs[0]):
            import numpy as np

            np.savez(folder / "inputs.npz", **dict(inputs[0]))
            command += " --inputs inputs.npz"
        (folder / "pipeline.toml").write_text(to_toml(parse(pipeline)), encoding="utf-8")
        (folder / "command.txt").write_text(command + "\n", encoding="utf-8")
        text = "".join(traceback.format_exception(error))
        (folder / "error.txt").write_text(text, encoding="utf-8")
        versions = json.dumps(_versions(registry), indent=2)
        (folder / "versions.json").write_text(versions + "\n", encoding="utf-8")
    except PassmgrError:
        raise
    except OSError as fault:
        raise OutputError(
            f"the reproducer '{folder}' cannot be written: {fault.strerror}"
        ) from fault
    return folder


def _fresh(folder: Path) -> Path:
    for number in range(1, 1000):
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            candidate.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as fault:
            raise OutputError(f"'{candidate}' cannot be made: {fault.strerror}") from fault
        return candidate
    raise OutputError(f"'{folder}' exists 999 times over; remove old reproducers")


def _are_arrays(inputs: Mapping[str, Any]) -> bool:
    """Whether all are arrays of numbers, which a ``.npz`` file holds without pickling."""
    return all(hasattr(v, "dtype") and not v.dtype.hasobject for v in inputs.values())


def _versions(registry: Registry) -> dict[str, str]:
    packages = {}
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):  # Another build of it has another name.
            packages[name] = metadata.version(name)
    plugins = {str(plugin): plugin.version for plugin in registry.plugins}
    return {"python": platform.python_version(), **packages, **plugins}
