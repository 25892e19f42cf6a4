"""Foreign passes: run on a clone, which is swapped in when it has stood all checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Aspect, ForeignPass
from ..ir.adopt import adopt
from ..ir.clone import clone_model
from ..ir.fingerprint import Fingerprint, changed_aspects, fingerprint

if TYPE_CHECKING:
    from ..ir.editor import Editor


def apply_foreign(
    pass_: ForeignPass, edit: Editor, before: Fingerprint | None
) -> tuple[Aspect, Fingerprint]:
    """Run ``pass_`` on a clone of the model and swap the clone in where it came out changed.

    What the pass itself says about having changed the model is not asked.

    Args:
        pass_: The pass.
        edit: The editor, which logs the swap as one edit.
        before: The fingerprint of the model, where it is known.

    Returns:
        What changed, and the fingerprint of the model after it.
    """
    model = edit.model
    before = before or fingerprint(model)
    clone = clone_model(model)
    result = pass_.apply(clone)
    if result is None or result is clone:
        result = clone
    else:
        adopt(result, model)
    after = fingerprint(result)
    changed = changed_aspects(before, after)
    if changed:
        edit.swap(result, changed)
    return changed, after
