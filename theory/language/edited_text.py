r"""Editing a whole text: what is changed directly, and what leaves because its context changed.

`theory/language/token_rule.py` has the law of one token in a context that stays. In a text the
context of every token behind a changed one moves too: a token that was eligible, and was left as it
is, may no longer be. docs/theory.md, "Contexts that move", has the proofs.

The laws of a real prior take the shifts of tokens just below the threshold, which cannot leave, to
say how many leave from above it.
"""

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.language.token_laws import token_law
from theory.validate import require_fraction, require_positive

_OWN = "theory/language/edited_text.py"


@claim(
    "ref.edited_changed",
    f"{_OWN}, changed_of_eligible",
    relation="==",
    says=r"changed share of the eligible tokens: $1 - \bar P$, the mean over them",
    needed=r"$\tilde P = P$: temperature 1 and the whole vocabulary; any text, any prior",
    expected="holds: at P >= 0.99 a pass changes a few tokens in ten thousand",
)
def changed_of_eligible(*, mean_probability: float) -> float:
    r"""Expected share of the eligible tokens that a pass changes: $1 - \bar P$.

    Each is drawn again with its own probability; $\bar P$ is their mean. Needs $\tilde P = P$.

    >>> changed_of_eligible(mean_probability=0.75)
    0.25
    """
    require_fraction("mean_probability", mean_probability)
    return 1 - mean_probability


@claim(
    "ref.edited_left",
    f"{_OWN}, left_share",
    relation="==",
    says="share of all tokens that a pass leaves as they are and that are eligible before it and "
    r"not after it: $\sum_{yz} R_{yz} \sum_w P_{yw}^2 1\{P_{yw} \ge p > P_{zw}\}$",
    needed=r"a Markov source that is the prior, $\tilde P = P$; $R_{yz}$: mass of tokens y that "
    "became z",
    expected="holds: contexts that move take tokens out of the eligible set",
)
def left_share(*, transition: ArrayLike, start: ArrayLike, threshold: float) -> float:
    r"""Share of all tokens that leave the eligible set though they are not changed.

    `transition` holds the law of the next token for each token, (vocabulary, vocabulary), `start`
    the stationary law. A token w behind y stays with probability $P_{yw}$, and leaves where y has
    become a z with $P_{zw} < p$.

    >>> left_share(transition=[[0.75, 0.25], [0.5, 0.5]], start=[2 / 3, 1 / 3], threshold=0.75)
    0.0703125
    """
    moved, transition, eligible = _one_pass(transition, start, threshold)
    stays = np.where(eligible, transition**2, 0)
    return float((moved * (stays @ ~eligible.T)).sum())


@claim(
    "ref.edited_next",
    f"{_OWN}, next_eligible_share",
    relation="==",
    says=r"share of tokens that the second pass redraws: $\sum_{yz} R_{yz} \sum_v q_{yv} "
    r"1\{P_{zv} \ge p\}$",
    needed=r"a Markov source that is the prior, $\tilde P = P$, $q_y$ the law of a token behind y "
    "after a pass",
    expected="holds: less what changed, less what left, and what entered",
)
def next_eligible_share(*, transition: ArrayLike, start: ArrayLike, threshold: float) -> float:
    r"""Share of all tokens that are eligible for the second chained pass.

    >>> next_eligible_share(
    ...     transition=[[0.75, 0.25], [0.5, 0.5]], start=[2 / 3, 1 / 3], threshold=0.75)
    0.3046875
    """
    moved, transition, eligible = _one_pass(transition, start, threshold)
    redrawn = np.where(eligible, transition, 0).sum(axis=1, keepdims=True)
    after = np.where(eligible, 0, transition) + redrawn * transition
    return float((moved * (after @ eligible.T)).sum())


def _one_pass(
    transition: ArrayLike, start: ArrayLike, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mass of tokens y that a pass turns into z; the laws; and which tokens are eligible."""
    start = token_law("start", start)
    rows = np.stack([token_law("transition", row) for row in np.asarray(transition, float)])
    if rows.shape != (len(start), len(start)):
        raise ValueError(f"transition has shape {rows.shape}: accepted is {(len(start),) * 2}")
    require_fraction("threshold", threshold)
    eligible = rows >= threshold
    mass = start[:, None] * rows
    kept = np.diag(np.where(eligible, 0, mass).sum(axis=0))
    return kept + np.where(eligible, mass, 0).T @ rows, rows, eligible


def leavers_per_change(*, density: float, fall: float) -> float:
    r"""Tokens that leave the eligible set for each changed token, to leading order: $g \bar a$.

    `density` is g: tokens behind a changed one, per unit of the logit $\lambda = \ln\frac{P}{1-P}$,
    at the threshold's. `fall` is $\bar a$: the mean by which the change lowers their logit, rises
    counted 0. With the mean rise instead: tokens that enter.

    >>> leavers_per_change(density=4.0, fall=0.25)
    1.0
    """
    require_positive("density", density, zero=True)
    require_positive("fall", fall, zero=True)
    return density * fall


@claim(
    "ref.edited_leading",
    f"{_OWN}, leading_error",
    relation="<=",
    decided="exact",
    says=r"leavers for each changed token, less $g(\lambda_p) E a$: at most "
    r"$\frac12 \sup |g'| E a^2$",
    needed="the fall a of a token's logit is independent of the logit, at each distance",
    expected="holds, and is reached by a density that is a straight line",
)
def leading_error(*, slope: float, fall_squared: float) -> float:
    r"""Largest error of `leavers_per_change`: $\frac12 \sup |g'| \, E a^2$.

    `slope` bounds the change of the density g per unit of the logit, above the threshold.

    >>> leading_error(slope=2.0, fall_squared=0.25)
    0.25
    """
    require_positive("slope", slope, zero=True)
    require_positive("fall_squared", fall_squared, zero=True)
    return slope * fall_squared / 2


def left_by_odds(
    *, sure: ArrayLike, before: ArrayLike, after: ArrayLike, threshold: float
) -> float:
    r"""Expected number of tokens that leave where moved contexts multiply odds: the law of falls.

    Exact where the changed token was a clue independent of all others: the logit of every token
    then falls by the same law. `sure` holds probabilities of eligible tokens, `before` and `after`
    those of tokens near the threshold in both contexts.

    >>> left_by_odds(sure=[0.8, 0.5], before=[0.5, 0.5], after=[0.25, 0.5], threshold=0.5)
    0.5
    """
    sure, before, after = _probabilities(sure=sure, before=before, after=after)
    require_fraction("threshold", threshold)
    least = np.full(len(sure), threshold)
    return _crossing(_logit(sure) - _logit(least), _logit(before) - _logit(after))


@claim(
    "ref.edited_between",
    f"{_OWN}, left_by_surprise",
    relation="<=",
    decided="exact",
    says="tokens that leave: no fewer than by the law of falls, no more than by the law of "
    r"surprises, $\sum_w \Pr(s > \ln \frac{P_w}{p})$",
    needed="of surer tokens a change lowers the logit no less and the log P no more than of those "
    "near the threshold, whose log P it lowers by s",
    expected="holds: both ends are reached, by odds that are multiplied and by laws that are mixed",
)
def left_by_surprise(
    *, sure: ArrayLike, before: ArrayLike, after: ArrayLike, threshold: float
) -> float:
    r"""Expected number of tokens that leave where a moved context mixes another law in.

    Exact where the new law of the next token is $(1 - \epsilon) P + \epsilon Q$ and Q has none of
    the sure tokens: log P falls by $-\ln (1 - \epsilon)$ for every token. Arguments as in
    `left_by_odds`, of which it is the other end.

    >>> left_by_surprise(sure=[0.8, 0.5], before=[0.5, 0.5], after=[0.25, 0.5], threshold=0.5)
    1.0
    """
    sure, before, after = _probabilities(sure=sure, before=before, after=after)
    require_fraction("threshold", threshold)
    return _crossing(np.log(sure / threshold), np.log(before / after))


def _probabilities(**given: ArrayLike) -> list[np.ndarray]:
    found = []
    for name, values in given.items():
        values = np.asarray(values, float)
        if not ((values > 0) & (values < 1)).all():
            raise ValueError(f"{name}: accepted are probabilities in (0, 1)")
        found.append(values)
    return found


def _logit(probability: np.ndarray) -> np.ndarray:
    return np.log(probability / (1 - probability))


def _crossing(room: np.ndarray, shifts: np.ndarray) -> float:
    """Expected number of tokens whose shift, drawn from `shifts`, exceeds their room."""
    if not len(shifts):
        return 0.0
    ordered = np.sort(shifts)
    return float((1 - np.searchsorted(ordered, room, side="right") / len(ordered)).sum())
