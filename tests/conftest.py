"""Settings of all tests."""

import pytest
from hypothesis import settings

settings.register_profile("passmgr", deadline=None)  # no test depends on how fast a machine is
settings.load_profile("passmgr")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what the caller's terminal says of itself, such as its width."""
    for variable in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PASSMGR_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
