"""A big file as a sequence of bytes, of which only what is looked at is read."""

from __future__ import annotations

import os
from typing import overload

_PAGE = 4096


class Window:
    """The bytes of an open file, a page of which is held at a time.

    Scanning the headers of a big file needs no more memory than that; a memory map would bring in
    what lies around each header, which can be a good part of the file.

    Args:
        descriptor: The open file.
        size: Its size in bytes.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._start = 0
        self._page = b""

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            start, stop, _ = key.indices(self._size)
            return os.pread(self._descriptor, max(stop - start, 0), start)
        index = key - self._start
        if not 0 <= index < len(self._page):
            self._start, index = key, 0
            self._page = os.pread(self._descriptor, _PAGE, key)
        return self._page[index]
