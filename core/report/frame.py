"""Figures as pandas tables, with the same types whatever is in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from ..manager.records import StepRecord
    from ..study.records import StudyRow

Column = tuple[Literal["string", "int64", "Int64", "float64"], Sequence[Any]]

_TYPES: dict[str, Literal["string", "int64", "float64"]] = {
    "str": "string",
    "Status": "string",
    "int": "int64",
    "float": "float64",
}


def step_frame(records: Sequence[StepRecord]) -> pd.DataFrame:
    """Return the steps of a run as a table.

    Raises:
        UsageError: pandas is missing.
    """
    from ..manager.records import StepRecord

    columns: dict[str, Column] = {
        field.name: (_TYPES[str(field.type)], [getattr(r, field.name) for r in records])
        for field in dataclasses.fields(StepRecord)
    }
    columns["nodes_removed"] = ("int64", [r.nodes_before - r.nodes_after for r in records])
    columns["bytes_saved"] = ("int64", [r.bytes_before - r.bytes_after for r in records])
    return frame(columns)


def study_frame(rows: Sequence[StudyRow]) -> pd.DataFrame:
    """Return the rows of a study as a table.

    Raises:
        UsageError: pandas is missing.
    """
    columns: dict[str, Column] = {}
    for name in ("model", "pipeline", "status", "reason", "guard"):
        columns[name] = ("string", [getattr(row, name) for row in rows])
    for name in ("nodes", "weight_bytes"):
        columns[name] = ("Int64", [getattr(row, name) for row in rows])
    for name in ("seconds", "drift", "latency", "ratio", "low", "high"):
        columns[name] = ("float64", [getattr(row, name) for row in rows])
    return frame(columns)


def frame(columns: dict[str, Column]) -> pd.DataFrame:
    """Return a table of columns, each with the type of its elements.

    Raises:
        UsageError: pandas is missing.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError(
            f"a table needs pandas ({error}): pip install 'passmgr[notebook]'"
        ) from error
    return pd.DataFrame(
        {name: pd.Series(values, dtype=dtype) for name, (dtype, values) in columns.items()}
    )
