"""Options: types, bounds, and messages that name what is legal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from passmgr.core.contract import non_default_options, option, option_specs, validate_options


@dataclass(frozen=True)
class Options:
    """Options of every type."""

    flag: bool = option(False, help="A flag.")
    count: int = option(3, help="A count.", minimum=1, maximum=10)
    ratio: float = option(0.5, help="A ratio.", minimum=0.0)
    mode: Literal["mse", "entropy"] = option("mse", help="A mode.")
    limit: int | None = option(None, help="A limit.", maximum=7)
    axes: tuple[int, ...] = option((), help="Axes.", minimum=0)
    label: str = option("", help="A label.")


def test_fields_are_the_declarations() -> None:
    specs = {spec.name: spec for spec in option_specs(Options)}
    assert list(specs) == ["flag", "count", "ratio", "mode", "limit", "axes", "label"]
    assert specs["count"].help == "A count."
    assert {name: spec.type_text for name, spec in specs.items()} == {
        "flag": "bool",
        "count": "int",
        "ratio": "float",
        "mode": "mse|entropy",
        "limit": "int or none",
        "axes": "list of int",
        "label": "str",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"flag": True, "label": "x"}, {"flag": True, "label": "x"}),
        ({"ratio": 2}, {"ratio": 2.0}),
        ({"axes": [0, 2]}, {"axes": (0, 2)}),
        ({"limit": None}, {"limit": None}),
        ({"count": 10}, {"count": 10}),
    ],
)
def test_values_are_converted(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = validate_options(Options, given)
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"flag": 1}, "option 'flag' takes bool, not 1"),
        ({"count": True}, "option 'count' takes int, not True"),
        ({"count": 2.5}, "option 'count' takes int, not 2.5"),
        ({"count": 0}, "option 'count' is 0, legal is 1 to 10"),
        ({"ratio": -1.0}, "option 'ratio' is -1, legal is at least 0"),
        ({"limit": 8}, "option 'limit' is 8, legal is at most 7"),
        ({"mode": "max"}, "option 'mode' takes mse|entropy, not 'max'"),
        ({"axes": 1}, "option 'axes' takes list of int, not 1"),
        ({"axes": [1, "a"]}, "option 'axes' takes list of int, not 'a'"),
        ({"axes": [0, -1]}, "option 'axes' is -1, legal is at least 0"),
        ({"label": None}, "option 'label' takes str, not none"),
        ({"cuont": 1}, "unknown option 'cuont'; options: flag, count, ratio, mode, limit, axes"),
    ],
)
def test_wrong_values_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        validate_options(Options, given)
    assert message in str(caught.value)


def test_an_option_without_a_default_must_be_given() -> None:
    @dataclass(frozen=True)
    class Needy:
        """One option."""

        target: str = option(dataclasses.MISSING, help="The target.")  # type: ignore[assignment]

    with pytest.raises(TypeError, match="option 'target' must be given"):
        validate_options(Needy, {})
    assert non_default_options(Needy("x")) == {"target": "x"}


def test_only_what_differs_from_the_defaults_is_printed() -> None:
    assert non_default_options(Options()) == {}
    assert non_default_options(Options(count=4, axes=(1,))) == {"count": 4, "axes": (1,)}
