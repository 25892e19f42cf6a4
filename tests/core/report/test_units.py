"""Numbers as people read them."""

from __future__ import annotations

import pytest

from passmgr.core.report.units import amount, counted, duration, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (-548_700, "-548.7 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (438_000_000, "438.0 MB"),
        (2_900_000_000, "2.9 GB"),
        (7 * 10**13, "70.0 TB"),
    ],
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 ms"),
        (0.00994, "9.9 ms"),
        (0.00995, "10 ms"),
        (0.9994, "999 ms"),
        (0.9995, "1.00 s"),
        (59.99, "59.99 s"),
        (59.995, "1 min 0 s"),
        (125.4, "2 min 5 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "node", "1 node"), (1540, "node", "1,540 nodes"), (2, "pass", "2 passes")],
)
def test_counted(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (9_994, "9.99 k"),
        (9_996, "10.0 k"),
        (99_960, "100 k"),
        (999_400, "999 k"),
        (999_600, "1.00 M"),
        (21_400_000, "21.4 M"),
        (4_089_184_256, "4.09 G"),
        (10**18, "1.00 E"),
        (10**22, "10000 E"),
    ],
)
def test_amount(count: int, text: str) -> None:
    assert amount(count) == text
