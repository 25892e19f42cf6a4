"""Plugins for the tests of the registry: distributions that look installed."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a plugin into a folder on ``sys.path``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PASSMGR_PLUGINS", raising=False)
    before = set(sys.modules)

    def install(
        distribution: str,
        code: str,
        *,
        entry: str = "",
        requires: str = "passmgr>=0.1",
        version: str = "1.2",
    ) -> None:
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
            f"Requires-Dist: {requires}\n"
        )
        (info / "entry_points.txt").write_text(f"[passmgr]\n{entry or module} = {module}\n")

    yield install
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]
