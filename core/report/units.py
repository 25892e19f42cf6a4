"""Numbers as people read them: bytes, seconds, counts."""

from __future__ import annotations

_PREFIXES = "kMGTPE"


def size(count: int) -> str:
    """Return a number of bytes in decimal units, such as ``437.8 MB``."""
    if abs(count) < 1000:
        return f"{count} B"
    number = float(count)
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if abs(number) < 999.95:
            return f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} TB"


def amount(count: int) -> str:
    """Return a number in three digits with the SI prefix of its size, such as ``21.4 M``."""
    if abs(count) < 1000:
        return str(count)
    power = min((len(str(abs(count))) - 1) // 3, len(_PREFIXES))
    if round(abs(count) / 1000**power, 2) >= 999.5 and power < len(_PREFIXES):
        power += 1
    number = count / 1000**power
    digits = 0 if abs(number) >= 99.95 else 1 if abs(number) >= 9.995 else 2
    return f"{number:.{digits}f} {_PREFIXES[power - 1]}"


def duration(seconds: float) -> str:
    """Return a time such as ``0.4 ms``, ``12 ms``, ``1.34 s`` or ``2 min 5 s``."""
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def counted(count: int, noun: str) -> str:
    """Return ``1 node``, ``540 nodes``, ``2 passes``."""
    plural = noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
    return f"{count:,} {noun if count == 1 else plural}"
