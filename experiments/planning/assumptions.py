"""Assumptions of the numbers of a plan, and whether they are met here."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from experiments.planning.options import Option
from experiments.planning.settings import Settings
from theory.editing.frozen import frozen_confident_crossing

Status = Literal["met", "not met", "not known"]

FAR_MORE = 10
"""Tokens a parameter from which on the leading order is taken for the whole."""


class Assumption(NamedTuple):
    """Condition of the formulas, whether it is met, and the consequence where it is not."""

    needs: str
    status: Status
    says: str


def assumptions(settings: Settings, options: Sequence[Option]) -> Iterator[Assumption]:
    """Every condition of the numbers shown, the broken ones among them."""
    assert settings.human is not None
    needs = "far more tokens than parameters"
    if settings.parameters_of_model is None:
        yield Assumption(needs, "not known", "--parameters tells")
    else:
        each = settings.human / settings.parameters_of_model
        met: Status = "met" if each >= FAR_MORE else "not met"
        yield Assumption(needs, met, f"{each:.3g} human tokens a parameter")
    yield Assumption(
        "a model whose excess loss is quadratic near its optimum, as that of a regression",
        "not known",
        "language models are not proved to be; --calibrate measures it on small ones",
    )
    if settings.temperature == 1:
        yield Assumption("text drawn as the model says", "met", "temperature 1")
    else:
        says = (
            f"temperature {settings.temperature:g}: diversity lasts only above a human share of "
            "the text of each round; see below"
            if settings.temperature < 1
            else f"temperature {settings.temperature:g}: text noisier than the model"
        )
        yield Assumption("text drawn as the model says", "not met", says)
    if any(option.is_edit for option in options) and settings.eligible:
        _, share = frozen_confident_crossing()
        keeps = "is kept for ever" if settings.eligible < share else "is not kept"
        yield Assumption(
            "edits of random tokens",
            "not met",
            f"edited are those of probability >= {settings.threshold:g}; in regression 2 b {keeps} "
            f"where a frozen model edits the {settings.eligible:.3g} that it is sure of "
            f"(ref.edit_frozen_confident; up to {share:.3f})",
        )
    if settings.right is not None:
        yield Assumption("all that is written is trained on", "not met", "a verifier drops some")
