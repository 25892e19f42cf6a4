"""A limit on the time that a pass may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import UsageError


class PassTimeout(Exception):
    """The pass did not end in time."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise :class:`PassTimeout` in the body when it takes longer than ``seconds``.

    Python code is interrupted at its next instruction; one long call into native code is not.

    Raises:
        UsageError: Outside the main thread, where no alarm can be set.
    """
    if seconds is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        raise UsageError("a pass timeout works in the main thread only; run the pipeline there")

    def ring(signum: int, frame: FrameType | None) -> None:
        raise PassTimeout(f"did not end within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
