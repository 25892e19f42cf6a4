"""list and describe as Python functions."""

from __future__ import annotations

from typing import Any

import pytest

import passmgr
from passmgr.core.errors import UsageError
from passmgr.core.registry import load_registry


class Sample:
    """A plugin with a pass and an analysis that declare much."""

    @passmgr.hookimpl
    def passmgr_register(self, registry: Any) -> None:
        registry.add_pass("sample", SAMPLE)
        registry.add_pipeline("samples", "sample, sample")


@passmgr.pass_(
    name="sample",
    requires=("sorted",),
    effect=passmgr.Approximate(rtol=1e-4),
    touches=passmgr.ops("Conv", "acme::Conv"),
    idempotent=True,
)
def SAMPLE(model: Any, ctx: Any) -> None:  # noqa: N802
    """Do a little.

    Somebody, 2018.
    """


def test_list_takes_passes_by_default() -> None:
    names = [entry.name for entry in passmgr.list()]
    assert "fold-constants" in names
    assert names == sorted(names)
    assert [plugin.distribution for plugin in passmgr.list("plugins")][:2] == ["passmgr"] * 2


def test_unknown_kind_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        passmgr.list("things")  # type: ignore[call-overload]
    assert str(caught.value) == (
        "unknown kind 'things'; kinds: passes, analyses, facts, frontends, emitters, runtimes, "
        "targets, pipelines, plugins"
    )


def test_description_has_all_declarations() -> None:
    registry = load_registry(extra=[Sample()])
    (found,) = passmgr.describe("sample", registry=registry)
    assert found.text == "Do a little.\n\nSomebody, 2018."
    assert found.declarations == {
        "effect": "approximate(rtol=0.0001)",
        "touches": "Conv, acme::Conv",
        "requires": "sorted",
        "also": "idempotent",
        "version": "1",
        "source": f"{__name__}:SAMPLE",
    }
    (pipeline,) = passmgr.describe("samples", registry=registry)
    assert pipeline.text == "sample, sample"


def test_description_of_every_registered_thing_can_be_made() -> None:
    registry = load_registry()
    for kind in ("passes", "analyses", "facts", "frontends", "emitters", "runtimes", "pipelines"):
        for name in registry.entries(kind):
            for found in passmgr.describe(name, registry=registry):
                assert found.text, name
                assert all(spec.help for spec in found.options), name
                assert found.to_json()["name"] == name
