"""A child process with limits, in which code may hang, crash or fill the memory."""

from __future__ import annotations

import os
import pickle
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass

MEMORY = 8 << 30
"""Bytes of address space."""


@dataclass
class Outcome:
    """What became of a mutant.

    Args:
        caught: What caught it: a check, ``guard``, ``import``, ``does not end`` or ``crash``; empty
            for a survivor.
        pass_name: The pass on which it was caught, or the first that it was tried on.
        problem: What was said.
        blamed: Whether a line of the mutated file was blamed.
    """

    caught: str = ""
    pass_name: str = ""
    problem: str = ""
    blamed: bool = False


def in_child(work: Callable[[], Outcome], name: str, seconds: int) -> Outcome:
    """Do ``work`` in a fork of this process.

    Args:
        work: What to do.
        name: The pass that it is about.
        seconds: Processor time after which it does not end.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _be_quiet()
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            data = pickle.dumps(work())
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(data)
            code = 0
        except MemoryError:
            code = 2
        except BaseException as error:  # the parent is told, and nobody else
            with os.fdopen(writer, "wb") as pipe:
                text = f"{type(error).__name__}: {error}"
                pipe.write(pickle.dumps(Outcome("crash", name, text)))
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if data:
        outcome: Outcome = pickle.loads(data)
        return outcome
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return Outcome("does not end", name, f"over {seconds} s of processor time")
    return Outcome("crash", name, f"wait status {status}")


def _be_quiet() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
