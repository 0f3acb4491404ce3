r"""One pass of stochastic gradient descent over rows that are partly synthetic: the exact error.

Rows are $x \sim N(0, I_d)$, labels $y = x'u + \sigma \epsilon$: $u = w_*$ of a human row, and
$u = w_* + \delta$, $|\delta| = c$, of a synthetic one. Each row is seen once, $w' = w - \eta x
(x'w - y)$ with one step $\eta$. With $S = E|w - w_*|^2$ and $m = E \delta'(w - w_*)$,

$S' = S - 2 \eta (S - p m) + \eta^2 [(d + 2)(S - 2 p m + p c^2) + d \sigma^2]$,
$m' = m - \eta (m - p c^2)$,

for a row that is synthetic with chance p: $E |x|^2 (x'v)^2 = (d + 2) |v|^2$. Derivation:
docs/distributions.md, estimates, curation and extrapolation.
"""

import numpy as np

from theory.claims import claim
from theory.validate import require_count, require_fraction, require_scales

_DERIVED = "derived: theory/linear/one_pass.py"
_ABSTRACT = "OpenReview ayBfYBks0U (one-pass SGD on synthetic data): wording of the abstract read"


@claim(
    "ref.one_pass",
    _DERIVED,
    relation="==",
    says=r"one-pass SGD: $S' = S - 2\eta(S - pm) + \eta^2[(d+2)(S - 2pm + pc^2) + d\sigma^2]$, "
    r"$m' = m - \eta(m - pc^2)$",
    needed="Gaussian rows, one step for all, a synthetic law independent of the rows",
    expected="holds, for synthetic rows mixed in and for synthetic rows first",
)
def one_pass_error(
    *,
    dim: int,
    rows: int,
    step: float,
    synthetic_share: float,
    distance: float,
    noise_std: float,
    start: float = 1.0,
    synthetic_first: bool = False,
) -> float:
    r"""Mean squared error $E|w - w_*|^2$ after one pass over `rows` rows.

    `synthetic_share` is p: the chance of every row to be synthetic or, `synthetic_first`, the share
    of the rows at the beginning that are, all others being human. `distance` is c; `start` is
    $|w_0 - w_*|$, at a right angle to the synthetic law's error. Source: derived here.

    >>> one_pass_error(
    ...     dim=1, rows=1, step=0.5, synthetic_share=0.0, distance=1.0, noise_std=0.0)
    0.75
    """
    require_count("dim", dim, least=1)
    require_count("rows", rows, least=1)
    require_fraction("synthetic_share", synthetic_share)
    require_scales(step=step, distance=distance, noise_std=noise_std, start=start)
    if synthetic_first:
        first = round(synthetic_share * rows)
        stages = ((first, 1.0), (rows - first, 0.0))
    else:
        stages = ((rows, synthetic_share),)
    state = np.array([start**2, 0.0, 1.0])
    for count, share in stages:
        pulled = share * distance**2
        curve = step**2 * (dim + 2)
        matrix = np.array(
            [
                [
                    1 - 2 * step + curve,
                    2 * share * (step - curve),
                    curve * pulled + step**2 * dim * noise_std**2,
                ],
                [0, 1 - step, step * pulled],
                [0, 0, 1],
            ]
        )
        state = np.linalg.matrix_power(matrix, count) @ state
    return float(state[0])


@claim(
    "ref.two_stage",
    f"{_DERIVED}; after {_ABSTRACT}",
    relation="->",
    says=r"synthetic rows mixed in keep an error of $p^2 c^2$ that synthetic rows first, human "
    "rows last do not",
    stated="one-pass SGD: a mixture keeps a floor, two stages recover the real-data rate",
    needed="many rows, a small step, and enough human rows after the last synthetic one",
    expected=r"holds: the difference of the two errors tends to $p^2 c^2$",
    order="leading",
)
def mixed_floor(*, synthetic_share: float, distance: float) -> float:
    r"""Error that mixed rows keep for ever: $p^2 c^2$, the square of the bias of the mixture.

    >>> mixed_floor(synthetic_share=0.5, distance=2.0)
    1.0
    """
    require_fraction("synthetic_share", synthetic_share)
    require_scales(distance=distance)
    return (synthetic_share * distance) ** 2
