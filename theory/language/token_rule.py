r"""Token-level editing in one context, exactly: the law of the token after each pass.

The rule (Zhu et al. 2025, equation 2) looks at the token that stands: where the frozen prior P
gives it a probability of at least `threshold`, it is replaced by a draw from the replacement law
$\tilde P$; every other token stays. So the law q of the token becomes
$q' = q 1_{P < p} + q(P \ge p) \tilde P$. Unless said otherwise q = P (human text, perfect prior)
and $\tilde P = P$. Laws are vectors over the vocabulary that sum to 1 within 1e-9.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.language.token_laws import token_laws
from theory.validate import require_count, require_fraction

_ZHU = "Zhu et al. 2025 (arXiv 2412.14689)"
_OWN = "theory/language/token_rule.py"


def edited_law(
    *,
    prior: ArrayLike,
    threshold: float,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> np.ndarray:
    r"""Law of the token after one pass: $q' = q 1_{P < p} + q(P \ge p) \tilde P$.

    At q = P the top mass goes from a to $a^2$: the prior's own law is not kept, because the
    decision to edit looks at the token.

    >>> edited_law(prior=[0.75, 0.25], threshold=0.5).tolist()
    [0.5625, 0.4375]
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    return _edited(law, _eligible(prior, threshold), replacement)


def iterated_laws(
    *,
    prior: ArrayLike,
    threshold: float,
    passes: int,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> np.ndarray:
    """Laws before and after each pass over the text that the last pass left, (passes + 1, tokens).

    Anchored passes, each over the human text, all have the law of the first one.

    >>> iterated_laws(prior=[0.5, 0.5], threshold=1.0, passes=1).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    require_count("passes", passes, least=0)
    eligible = _eligible(prior, threshold)
    laws = [law]
    for _ in range(passes):
        laws.append(_edited(laws[-1], eligible, replacement))
    return np.stack(laws)


def eligible_share(*, prior: ArrayLike, threshold: float, law: ArrayLike | None = None) -> float:
    r"""Probability that a pass redraws the token: $q(P \ge p)$.

    >>> eligible_share(prior=[0.75, 0.25], threshold=0.5)
    0.75
    """
    prior, law, _ = token_laws(prior, law, None)
    return float(law[_eligible(prior, threshold)].sum())


def changed_share(
    *,
    prior: ArrayLike,
    threshold: float,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> float:
    r"""Probability that a pass changes the token: $\sum_{P(y) \ge p} q(y) (1 - \tilde P(y))$.

    At least the total variation between the laws before and after; equal for one eligible token.

    >>> changed_share(prior=[0.75, 0.25], threshold=0.5)
    0.1875
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    eligible = _eligible(prior, threshold)
    return float(law[eligible] @ (1 - replacement[eligible]))


@claim(
    "ref.token_tv",
    f"{_OWN}, total_variation_identity",
    relation="==",
    says=r"$TV(q', q) = \sum_{P(y) \ge p} (q(y) - q(P \ge p) \tilde P(y))_+$; for one "
    r"eligible token $q(y^*) (1 - \tilde P(y^*))$",
    needed="one context, any starting law and any replacement law",
    expected="holds",
)
def total_variation_identity(
    *,
    prior: ArrayLike,
    threshold: float,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> float:
    r"""Total variation between the laws before and after a pass, from the eligible tokens alone.

    $\sum_{P(y) \ge p} (q(y) - q(P \ge p) \tilde P(y))_+$, because mass leaves eligible tokens only.
    For one eligible token $y^*$, as there is at most for p > 1/2: $q(y^*) (1 - \tilde P(y^*))$.

    >>> total_variation_identity(prior=[0.75, 0.25], threshold=0.5)
    0.1875
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    eligible = _eligible(prior, threshold)
    lost = law[eligible] - law[eligible].sum() * replacement[eligible]
    return float(np.maximum(lost, 0).sum())


@claim(
    "ref.token_tv_bound",
    f"derived for the rule of {_ZHU}, equation 2; not printed there",
    relation="<=",
    says=r"$TV(q', q) \le 1 - p$",
    needed=r"$\tilde P(y) \ge P(y)$ for eligible y: temperature 1, with or without truncation",
    expected="holds at temperature 1; violated by the published script's temperature 1.5",
)
def total_variation_bound(*, threshold: float) -> float:
    r"""Upper bound on the change by one pass, in total variation or in tokens: $1 - p$.

    Each eligible token is drawn again with probability $P(y) \ge p$. Needs $\tilde P = P$, or any
    $\tilde P \ge P$ on the eligible tokens, such as top-k; false for temperatures above 1.

    >>> total_variation_bound(threshold=0.75)
    0.25
    """
    require_fraction("threshold", threshold)
    return 1 - threshold


@claim(
    "zhu2025.preserve",
    f"{_ZHU}, the text's claim for equation 2",
    relation="==",
    provenance="read",
    says="edited text has the distribution of the human text, tail included: TV = 0",
    stated="p = 0.99",
    needed="a decision that looks at the context only, and replacements drawn from P",
    expected="violated: TV = a (1 - a) after one pass; low-drop deletes P <= 0.001",
)
def preserved_total_variation() -> float:
    """Total variation between the text before and after a pass, if editing kept its law: 0.

    Stated by Zhu et al. 2025 for p = 0.99; true of `context_rule_law`, not of `edited_law`.

    >>> preserved_total_variation()
    0.0
    """
    return 0.0


@claim(
    "ref.token_iter",
    f"{_OWN}, top_mass",
    relation="==",
    says=r"mass of the top token after n passes: $a^{n+1}$",
    needed=r"frozen prior, $\tilde P = P$, $q = P$, $a = P(y^*) \ge p > 1/2$",
    expected="holds",
)
def top_mass(*, prior_top: float, passes: int) -> float:
    r"""Mass left on the top token after n chained passes: $a^{n+1}$, $a = P(y^*) \ge p > \frac12$.

    Needs a frozen prior, q = P and $\tilde P = P$. All other tokens are absorbing.

    >>> top_mass(prior_top=0.5, passes=2)
    0.125
    """
    require_fraction("prior_top", prior_top)
    require_count("passes", passes, least=0)
    return prior_top ** (passes + 1)


@claim(
    "ref.token_iter_tail",
    f"{_OWN}, tail_factor",
    relation="==",
    says=r"mass of every other token after n passes: times $\frac{1 - a^{n+1}}{1 - a}$",
    needed=r"frozen prior, $\tilde P = P$, $q = P$, $a = P(y^*) \ge p > 1/2$",
    expected="holds: confident contexts gain entropy, 1 + a after one pass",
)
def tail_factor(*, prior_top: float, passes: int) -> float:
    r"""Factor on every other token's mass after n passes: $\frac{1 - a^{n+1}}{1 - a}$.

    So $1 + a$ after one pass, about n + 1 after n. Needs what `top_mass` needs, and a < 1.

    >>> tail_factor(prior_top=0.5, passes=1)
    1.5
    """
    require_fraction("prior_top", prior_top)
    require_count("passes", passes, least=0)
    # The sum of a^0, ..., a^n does not cancel near a = 1, where it is n + 1.
    return math.fsum(prior_top**k for k in range(passes + 1))


def context_rule_law(
    *,
    prior: ArrayLike,
    threshold: float,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> np.ndarray:
    r"""Law after a pass that edits whatever token stands, where $\max P \ge p$.

    This rule looks at the context only and so keeps P, if $\tilde P = P$.

    >>> context_rule_law(prior=[0.75, 0.25], threshold=0.5).tolist()
    [0.75, 0.25]
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    return (replacement if _eligible(prior, threshold).any() else law).copy()


@claim(
    "ref.token_context",
    f"{_OWN}, context_rule_law",
    relation="==",
    says=r"editing whatever token stands, where $\max P \ge p$, keeps the law P, and so the "
    "mass of its most probable token",
    needed=r"$\tilde P = P$, $q = P$",
    expected="holds",
)
def context_rule_top(
    *,
    prior: ArrayLike,
    threshold: float,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> float:
    r"""Mass of the most probable token after a pass of the rule of `context_rule_law`.

    >>> context_rule_top(prior=[0.75, 0.25], threshold=0.5)
    0.75
    """
    edited = context_rule_law(prior=prior, threshold=threshold, law=law, replacement=replacement)
    return float(edited.max())


def low_drop_law(
    *,
    prior: ArrayLike,
    threshold: float,
    below: float = 1e-3,
    law: ArrayLike | None = None,
    replacement: ArrayLike | None = None,
) -> np.ndarray:
    r"""Law of the tokens that are left after an edit above `threshold` and a deletion.

    Deleted are tokens whose probability before the edit was at most `below`; the probability of
    that is `dropped_share`. Replacements are not looked at again, so they may be rare. Source: the
    published script's `low_drop_up_revise`; the paper does not mention it. Raises ValueError if
    nothing is left.

    >>> low_drop_law(prior=[0.5, 0.25, 0.25], threshold=0.5, below=0.25).tolist()
    [0.5, 0.25, 0.25]
    """
    prior, law, replacement = token_laws(prior, law, replacement)
    left = np.where(_dropped(prior, below), 0, law)
    kept = _edited(left, _eligible(prior, threshold), replacement)
    if not kept.sum() > 0:
        raise ValueError(f"below={below}: accepted are thresholds that some token is above")
    return kept / kept.sum()


def dropped_share(*, prior: ArrayLike, below: float = 1e-3, law: ArrayLike | None = None) -> float:
    r"""Probability that `low_drop_law` deletes the token: $q(P \le \text{below})$.

    >>> dropped_share(prior=[0.5, 0.25, 0.25], below=0.25)
    0.5
    """
    prior, law, _ = token_laws(prior, law, None)
    return float(law[_dropped(prior, below)].sum())


def _edited(law: np.ndarray, eligible: np.ndarray, replacement: np.ndarray) -> np.ndarray:
    return np.where(eligible, 0, law) + law[eligible].sum() * replacement


def _eligible(prior: np.ndarray, threshold: float) -> np.ndarray:
    require_fraction("threshold", threshold)
    return prior >= threshold


def _dropped(prior: np.ndarray, below: float) -> np.ndarray:
    require_fraction("below", below)
    return prior <= below
