"""Laws of one token: vectors over the vocabulary that sum to 1 within 1e-9, and numbers of them."""

import numpy as np
from numpy.typing import ArrayLike

from theory.validate import require_count, require_fraction, require_positive

_ROUNDING = 1e-9
"""Rounding error by which the sum of a law may miss 1."""


def replacement_law(
    *,
    prior: ArrayLike,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    r"""Law that replacements are drawn from: $P^{1/\beta}$, truncated, normalised.

    `temperature` is $\beta$. `top_k` keeps the k most probable tokens and all that tie with the
    last of them; `top_p` then keeps the fewest whose tempered probabilities sum to at least p.

    >>> replacement_law(prior=[0.64, 0.32, 0.04], temperature=2.0, top_k=2).round(3).tolist()
    [0.586, 0.414, 0.0]
    """
    prior = token_law("prior", prior)
    require_positive("temperature", temperature)
    weights = (prior / prior.max()) ** (1 / temperature)
    if top_k is not None:
        require_count("top_k", top_k, least=1)
        ordered = np.sort(weights)[::-1]
        weights = np.where(weights >= ordered[min(top_k, len(ordered)) - 1], weights, 0)
    if top_p is not None:
        require_fraction("top_p", top_p)
        require_positive("top_p", top_p)
        if top_p < 1:
            ordered = np.sort(weights)[::-1]
            before = np.cumsum(ordered) - ordered
            kept = np.count_nonzero(before < top_p * weights.sum())
            weights = np.where(weights >= ordered[kept - 1], weights, 0)
    return weights / weights.sum()


def total_variation(*, first: ArrayLike, second: ArrayLike) -> float:
    r"""Distance $\frac12 \sum_y |p(y) - q(y)|$ of two laws, in [0, 1].

    >>> total_variation(first=[0.75, 0.25], second=[0.5, 0.5])
    0.25
    """
    first, second = token_law("first", first), token_law("second", second)
    _require_same_size("second", second, first)
    return float(np.abs(first - second).sum() / 2)


def tail_mass(*, prior: ArrayLike, below: float = 1e-3, law: ArrayLike | None = None) -> float:
    """Probability of a token whose probability under the prior is less than `below`.

    >>> tail_mass(prior=[0.5, 0.25, 0.25], below=0.5, law=[0.25, 0.25, 0.5])
    0.75
    """
    prior, law, _ = token_laws(prior, law, None)
    require_fraction("below", below)
    return float(law[prior < below].sum())


def entropy(*, law: ArrayLike) -> float:
    """Entropy of a law, in nats.

    >>> entropy(law=[0.0, 1.0])
    0.0
    """
    law = token_law("law", law)
    held = law[law > 0]
    return float(held @ np.log(1 / held))


def surprise(*, prior: ArrayLike, law: ArrayLike | None = None) -> float:
    r"""Mean of $-\ln P$ over tokens of the law q, in nats; infinite where P = 0 < q.

    >>> surprise(prior=[0.0, 1.0])
    0.0
    """
    prior, law, _ = token_laws(prior, law, None)
    held = law > 0
    with np.errstate(divide="ignore"):
        return float(law[held] @ -np.log(prior[held]) + 0.0)


def token_law(name: str, values: ArrayLike) -> np.ndarray:
    """A vector of probabilities in float64, left as it is."""
    law = np.asarray(values, dtype=float)
    if law.ndim != 1 or not len(law):
        raise ValueError(f"{name} has shape {law.shape}: accepted is (vocabulary,)")
    if not (law >= 0).all():
        raise ValueError(f"{name} holds {law[~(law >= 0)][0]}: accepted are probabilities >= 0")
    if not abs(law.sum() - 1) <= _ROUNDING:
        raise ValueError(f"{name} sums to {law.sum()}: accepted is 1 within {_ROUNDING}")
    return law


def token_laws(
    prior: ArrayLike, law: ArrayLike | None, replacement: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prior, q and replacement law; a law that is None is the prior."""
    prior = token_law("prior", prior)
    law = prior if law is None else token_law("law", law)
    replacement = prior if replacement is None else token_law("replacement", replacement)
    _require_same_size("law", law, prior)
    _require_same_size("replacement", replacement, prior)
    return prior, law, replacement


def _require_same_size(name: str, law: np.ndarray, other: np.ndarray) -> None:
    if len(law) != len(other):
        raise ValueError(f"{name} has {len(law)} tokens: accepted are {len(other)}")
