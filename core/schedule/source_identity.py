"""Source identity: a digest of what a pass that was made in Python does, from source and closure.

It covers the source of every function without comments, docstrings and layout, what the function
captured, its defaults, and the globals that it reads, down to plain data. What an installed
distribution brings counts by its name.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import re
import sys
import types
import typing
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from .source_text import UnknownSourceError, global_names, source_text
from .whereabouts import file_of, installed_name, is_installed

_PLAIN = (bool, float, complex, str, range, type(None), type(...), type(NotImplemented))
_BOOKKEEPING = frozenset(
    {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__match_args__"}
    | {"__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__"}
    | {"__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__"}
    | {"__static_attributes__", "__firstlineno__"}
    | {"__dataclass_fields__", "__dataclass_params__"}
)
"""Entries of a class that say nothing of what it does, or are told in another way."""
_GENERATED = frozenset(
    {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__replace__"}
    | {"__lt__", "__le__", "__gt__", "__ge__"}
)
"""Methods that ``dataclass`` writes."""


def source_digest(cls: type) -> str:
    """Return a digest of a class of passes that is equal in every process for the same source.

    Raises:
        UnknownSourceError: Something that the pass uses has no source or no content to tell it by;
            says what.
    """
    digest = _Digest()
    digest.value(cls, "the pass")
    return digest.text()


class _Digest:
    """Reads an object and all that it uses into one hash."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: dict[int, tuple[int, object]] = {}

    def text(self) -> str:
        return self._hash.hexdigest()

    def _put(self, *parts: str | bytes | memoryview) -> None:
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            self._hash.update(len(data).to_bytes(8, "little"))
            self._hash.update(data)

    def _is_known(self, value: object) -> bool:
        """Tell whether ``value`` was read before; then its number stands for it, also in cycles."""
        if id(value) not in self._seen:
            # The value itself is kept, so that no other one gets its id.
            self._seen[id(value)] = (len(self._seen), value)
            return False
        self._put("again", str(self._seen[id(value)][0]))
        return True

    def value(self, value: Any, where: str) -> None:
        """Read ``value``, which is found at ``where``."""
        if name := installed_name(value):
            self._put("installed", name)
        elif type(value) in _PLAIN:
            self._put(type(value).__name__, repr(value))
        elif type(value) is int:
            self._put("int", hex(value))  # the decimals of a long one are limited
        elif type(value) in (bytes, bytearray):
            self._put(type(value).__name__, bytes(value))
        elif isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, types.ModuleType):
            self._module(value, where)
        elif not (self._collection(value, where) or self._array(value) or self._part(value, where)):
            kind = type(value)
            raise UnknownSourceError(
                f"{where} is an object of {kind.__module__}.{kind.__qualname__}, "
                "whose content is unknown"
            )

    def _values(self, values: Iterable[Any], where: str) -> None:
        for value in values:
            self.value(value, where)

    def _collection(self, value: Any, where: str) -> bool:
        """Read a collection; tell whether it was one."""
        if isinstance(value, tuple) and (type(value) is tuple or hasattr(value, "_fields")):
            names = ",".join(getattr(value, "_fields", ()))
            self._put("tuple", names, str(len(value)))
            self._values(value, where)
        elif type(value) in (list, dict, types.MappingProxyType):
            if not self._is_known(value):
                self._put(type(value).__name__, str(len(value)))
                pairs = value if isinstance(value, list) else value.items()
                self._values(pairs, where)
        elif type(value) in (set, frozenset):
            digests = []
            for item in value:
                digest = _Digest()
                digest.value(item, where)
                digests.append(digest.text())
            self._put(type(value).__name__, *sorted(digests))
        else:
            return False
        return True

    def _array(self, value: Any) -> bool:
        """Read what NumPy made, without importing it; tell whether it was that."""
        numpy: Any = sys.modules.get("numpy")
        if numpy is None:
            return False
        if isinstance(value, numpy.dtype):
            self._put("dtype", str(value))
        elif isinstance(value, numpy.ufunc) and getattr(numpy, value.__name__, None) is value:
            self._put("ufunc", repr(value))
        elif isinstance(value, numpy.generic) or type(value) in (numpy.ndarray, numpy.memmap):
            kind = "scalar" if isinstance(value, numpy.generic) else "array"
            self._put(kind, str(value.dtype), str(value.shape))
            if value.dtype.hasobject:
                self._values(value.ravel().tolist(), "an array")
            else:
                data = numpy.ascontiguousarray(value).reshape(-1)
                self._put(memoryview(data.view(numpy.uint8)))
        else:
            return False
        return True

    def _part(self, value: Any, where: str) -> bool:
        """Read what is made of other values; tell whether it was that."""
        if dataclasses.is_dataclass(value) and _is_frozen(type(value)):
            self._put("instance")
            self.value(type(value), where)
            for field in dataclasses.fields(value):
                self.value(getattr(value, field.name), f"'{field.name}' of {where}")
        elif isinstance(value, enum.Enum):
            self._put("member", str(value.name))
            self.value(type(value), where)
        elif isinstance(value, functools.partial):
            self._put("partial")
            self._values((value.func, value.args, value.keywords), where)
        elif isinstance(value, types.MethodType):
            self._put("method")
            self._values((value.__func__, value.__self__), where)
        elif isinstance(value, (staticmethod, classmethod)):
            self._put(type(value).__name__)
            self.value(value.__func__, where)
        elif isinstance(value, property):
            self._put("property")
            self._values((value.fget, value.fset, value.fdel), where)
        elif isinstance(value, functools.cached_property):
            self._put("cached")
            self.value(value.func, where)
        elif isinstance(value, functools._lru_cache_wrapper):
            self._put("cached")
            self.value(value.__wrapped__, where)
        elif isinstance(value, (PurePath, re.Pattern)) or typing.get_origin(value) is not None:
            self._put(type(value).__name__, repr(value))
        elif value is dataclasses.MISSING:
            self._put("missing")
        else:
            return False
        return True

    def _module(self, module: types.ModuleType, where: str) -> None:
        """Read a module: one of no distribution counts as its file does."""
        file = file_of(module)
        if is_installed(module):
            self._put("module", module.__name__)
        elif file is not None and module.__name__ != "__main__":
            self._put("module", module.__name__, Path(file).read_bytes())
        else:
            raise UnknownSourceError(f"{where} is the module '{module.__name__}', which changes")

    def _function(self, function: types.FunctionType) -> None:
        if self._is_known(function):
            return
        code, name = function.__code__, function.__qualname__.replace("<locals>.", "")
        self._put("function", source_text(code, function.__globals__))
        self._put("defaults")
        self._values(function.__defaults__ or (), f"a default of '{name}'")
        for key, default in sorted((function.__kwdefaults__ or {}).items()):
            self._put(key)
            self.value(default, f"the default '{key}' of '{name}'")
        for key, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._put("captures", key)
            try:
                captured = cell.cell_contents
            except ValueError:
                self._put("unbound")
            else:
                self.value(captured, f"'{key}', which '{name}' captures,")
        home = sys.modules.get(function.__globals__.get("__name__", ""))
        if home is not None and vars(home) is function.__globals__ and is_installed(home):
            return
        for key in global_names(code):
            self._put("reads", key)
            if key in function.__globals__:
                self.value(function.__globals__[key], f"'{key}', which '{name}' reads,")

    def _class(self, cls: type) -> None:
        if self._is_known(cls):
            return
        self._put("class", cls.__name__)
        self._values(cls.__bases__, f"a base of '{cls.__qualname__}'")
        contents, fields = vars(cls), vars(cls).get("__dataclass_fields__", {})
        if fields:
            params = contents["__dataclass_params__"]
            self._put(str((params.frozen, params.eq, params.order, params.unsafe_hash)))
        for name, field in fields.items():
            self._put("field", name)
            parts = (field.type, field.default, field.default_factory, field.metadata)
            self._values(parts, f"option '{name}'")
        for name, part in sorted(contents.items()):
            if name in _BOOKKEEPING or isinstance(
                part, (types.MemberDescriptorType, types.GetSetDescriptorType)
            ):
                continue
            if fields and _is_generated(name, part):
                continue
            if issubclass(cls, enum.Enum) and name.startswith("_"):
                continue
            self._put("entry", name)
            value = part.value if isinstance(part, cls) and isinstance(part, enum.Enum) else part
            self.value(value, f"'{cls.__qualname__}.{name}'")


def _is_frozen(cls: Any) -> bool:
    return bool(cls.__dataclass_params__.frozen)


def _is_generated(name: str, part: object) -> bool:
    """Tell whether ``dataclass`` wrote a method, which follows from the fields."""
    code = getattr(getattr(part, "__wrapped__", part), "__code__", None)
    written_by = ("<string>", dataclasses.__file__)
    return name in _GENERATED and code is not None and code.co_filename in written_by
