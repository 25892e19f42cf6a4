"""The entry of the command: a signal ends it in one line, from here on, and leaves nothing."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}
SIGNALS = {getattr(signal, name): word for name, word in _WORDS.items() if hasattr(signal, name)}


class Stopped(KeyboardInterrupt):
    """A signal asked the program to end.

    Attributes:
        exit_code: What a shell expects of a program that a signal has ended.
    """

    def __init__(self, number: int) -> None:
        super().__init__(SIGNALS[number])
        self.exit_code = 128 + number


def main() -> None:
    """Run the command line and exit with its code."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # As under nohup.
            signal.signal(number, _stop)
    sys.unraisablehook = _again
    try:
        from .app import main as run

        run()
    except (Exception, Stopped) as error:  # It came before the command line could tell.
        stopped = signal_behind(error)
        if not isinstance(stopped, Stopped):
            raise
        print(f"error: {stopped}", file=sys.stderr)
        sys.exit(stopped.exit_code)
    finally:
        for number in SIGNALS:  # What is left is the way out, which nothing should disturb.
            signal.signal(number, signal.SIG_IGN)


def signal_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the signal behind ``error``: some code makes another error of whatever stops it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # Whoever asks twice gets it at once.
    raise Stopped(number)


def _again(ignored: sys.UnraisableHookArgs) -> None:
    """Send a signal once more that came in code such as a destructor, which no error can leave."""
    if not isinstance(ignored.exc_value, Stopped):
        sys.__unraisablehook__(ignored)
        return
    import os
    import threading

    number = ignored.exc_value.exit_code - 128
    signal.signal(number, _stop)
    threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
