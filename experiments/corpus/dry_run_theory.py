"""Theory of an edit, from the threshold and the mean probability of the tokens that it touches."""

import math
from typing import NamedTuple

from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.survey import Survey
from theory.language.token_rule import edited_law, top_mass, total_variation_bound


class Prediction(NamedTuple):
    """Prediction of the paper's rule, at the mean probability of the eligible tokens."""

    is_exact: bool
    """Whether the rule is the one that the theory is about."""
    changed: float
    """Share of the eligible tokens that a pass changes: 1 - mean P."""
    most_changed: float
    """No more than that, whatever the text: 1 - threshold."""
    kept: tuple[float, ...]
    """Probability left on the sure token before and after each pass: a, a^2, ..."""
    entropy: float
    """Nats that a sure context gains in a pass, at least: all other mass on one token."""


def prediction(found: Survey, rule: EditRule, passes: int) -> Prediction | None:
    """None where nothing is eligible, and where other than sure tokens are edited."""
    if not found.eligible or not rule.strategy.startswith("revise-above") or rule.threshold <= 0.5:
        return None
    a = min(found.mean_probability, 1.0)
    before = [a, 1 - a]
    after = edited_law(prior=before, threshold=rule.threshold).tolist()
    return Prediction(
        is_exact=rule.temperature == 1 and rule.sampler == "full",
        changed=1 - a,
        most_changed=total_variation_bound(threshold=rule.threshold),
        kept=tuple(top_mass(prior_top=a, passes=n) for n in range(passes + 1)),
        entropy=_entropy(after) - _entropy(before),
    )


def _entropy(law: list[float]) -> float:
    return -math.fsum(p * math.log(p) for p in law if p > 0)
