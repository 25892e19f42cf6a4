"""Remarks: what a pass did, what it left alone, and why, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RemarkKind = Literal["applied", "missed", "failed", "analysis", "warning"]
"""What a remark tells of; see :class:`Remark`."""


@dataclass(frozen=True)
class Remark:
    """One observation about one place of the model.

    Args:
        kind: ``applied`` (done), ``missed`` (could not be done), ``failed`` (an error),
            ``analysis`` (a finding) or ``warning``.
        code: Stable kebab-case identifier, such as ``output-too-large``.
        message: One sentence for a person.
        pass_name: The pass that made the remark; empty for the manager itself.
        step: The position of the pass in the plan, from 1; 0 outside a step.
        node: Path of the node that it is about, from :func:`passmgr.core.ir.path.node_path`.
        args: Machine-readable details.
        suggestion: What the user may do about it.
    """

    kind: RemarkKind
    code: str
    message: str
    pass_name: str = ""
    step: int = 0
    node: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    suggestion: str = ""
