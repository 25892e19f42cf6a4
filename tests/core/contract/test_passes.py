"""What the author of a pass declares, and what is refused when the class is made."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir
import pytest

from passmgr.core.contract import (
    Approximate,
    Exact,
    ForeignPass,
    Lossy,
    Pass,
    PassContext,
    combine_effects,
    from_function,
    from_onnx_ir,
    from_rule_set,
    ops,
    option,
    pass_,
)


@dataclass(frozen=True)
class Halve(Pass):
    """Halve something."""

    name = "halve"
    times: int = option(1, help="How often.", minimum=1, maximum=9)

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Do nothing."""


def test_a_pass_is_a_value() -> None:
    assert Halve() == Halve(times=1)
    assert Halve() != Halve(times=2)
    assert hash(Halve()) == hash(Halve(times=1))
    assert pickle.loads(pickle.dumps(Halve(times=3))) == Halve(times=3)
    with pytest.raises(AttributeError):
        Halve().times = 2  # type: ignore[misc]


def test_a_declaration_cannot_become_an_option_by_accident() -> None:
    with pytest.raises(TypeError, match="'effect' is a declaration of every pass and cannot be"):

        class Wrong(Pass):
            effect: str = "exact"  # type: ignore[assignment]

            def run(self, model: ir.Model, ctx: PassContext) -> None: ...


def test_a_function_becomes_a_pass_with_a_name_of_its_own() -> None:
    @pass_
    def drop_it_all(model: ir.Model, ctx: PassContext) -> None:
        """Say what it does."""

    assert isinstance(drop_it_all, Pass)
    assert drop_it_all.name == "drop-it-all"
    assert type(drop_it_all).__doc__ == "Say what it does."
    assert drop_it_all.effect == Exact()


def test_declarations_of_a_function_pass_are_checked() -> None:
    with pytest.raises(TypeError, match="'efect' is no declaration of a pass; there are after, "):
        pass_(efect=Exact())


def test_a_foreign_pass_must_say_how_far_it_moves_the_outputs() -> None:
    with pytest.raises(TypeError, match="a foreign pass must declare its effect"):

        class Wrong(ForeignPass):
            name = "wrong"

            def apply(self, model: ir.Model) -> None: ...


@pytest.mark.parametrize(
    ("adapt", "argument"),
    [(from_function, print), (from_onnx_ir, print), (from_rule_set, print)],
)
def test_adapters_take_the_effect_and_refuse_unknown_declarations(
    adapt: Any, argument: Any
) -> None:
    adapted = adapt(argument, name="adapted", effect=Lossy("accuracy"), requires=("sorted",))
    assert (adapted.name, adapted.effect) == ("adapted", Lossy("accuracy"))
    assert adapted.requires == ("sorted",)
    with pytest.raises(TypeError):
        adapt(argument, name="adapted")
    with pytest.raises(TypeError, match="'colour' is no declaration of a pass"):
        adapt(argument, name="adapted", effect=Exact(), colour="red")


@pytest.mark.parametrize(
    ("effects", "combined"),
    [
        ([], Exact()),
        ([Exact(), Exact()], Exact()),
        ([Exact(), Approximate(1e-4), Approximate(1e-5, 1e-6)], Approximate(1.1e-4, 1e-6)),
        ([Approximate(1e-4), Lossy("accuracy")], Lossy("accuracy")),
    ],
)
def test_effects_add_up(effects: list[Any], combined: Any) -> None:
    found = combine_effects(effects)
    if isinstance(combined, Approximate):
        assert isinstance(found, Approximate)
        assert found.rtol == pytest.approx(combined.rtol)
        assert found.atol == pytest.approx(combined.atol)
    else:
        assert found == combined


def test_op_types_are_declared_by_domain() -> None:
    touches = ops("Conv", "com.microsoft::Gelu")
    assert touches.found_in({("", "Conv")})
    assert touches.found_in({("com.microsoft", "Gelu")})
    assert not touches.found_in({("", "Gelu"), ("com.microsoft", "Conv")})
    assert str(touches) == "Conv, com.microsoft::Gelu"


@pass_(touches=ops("Dropout"))
def drop_nothing(model: ir.Model, ctx: PassContext) -> None:
    """Do nothing."""


def leave_it(model: ir.Model) -> None:
    """Do nothing."""


def test_passes_made_of_functions_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(drop_nothing)) is drop_nothing
    adapted = from_function(leave_it, name="leave-it", effect=Exact(), idempotent=True)
    again = pickle.loads(pickle.dumps(adapted))
    assert again == adapted
    assert hash(again) == hash(adapted)
    assert again.idempotent
    assert again != from_function(leave_it, name="leave-it", effect=Approximate(0.1))


def test_a_pass_of_onnx_ir_survives_pickling_and_requires_order() -> None:
    from onnx_ir.passes.common import RemoveUnusedNodesPass

    adapted = from_onnx_ir(RemoveUnusedNodesPass(), name="remove", effect=Exact())
    again = pickle.loads(pickle.dumps(adapted))
    assert again == adapted
    assert hash(again) == hash(adapted)
    assert again.requires == ("sorted",)
    other = from_onnx_ir(
        RemoveUnusedNodesPass(), name="remove", effect=Exact(), requires=("names-unique",)
    )
    assert other != adapted
    assert other.requires == ("sorted", "names-unique")
