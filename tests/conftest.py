"""Settings of all tests."""

from hypothesis import settings

settings.register_profile("passmgr", deadline=None)  # no test depends on how fast a machine is
settings.load_profile("passmgr")
