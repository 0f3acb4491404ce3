"""Fit on real and shifted synthetic rows, to leading order in d/T: floors, weights, rounds.

Fractions, shifts and noises as in `theory.linear.strong_collapse`.
"""

from theory.claims import claim
from theory.validate import (
    require_count,
    require_fraction,
    require_positive,
    require_rows,
    require_scales,
)


@claim(
    "dohmatob2025.cor1",
    "Dohmatob et al. 2025, Corollary 1",
    relation="->",
    provenance="recalled",
    says=r"$E \sim \sigma^2 \frac{d}{T} + p_2^2 c^2$: a floor at any number of rows.",
    stated="d/T -> 0 (recalled)",
    needed="d/T -> 0",
    expected="holds to leading order",
    order="leading",
)
def scaling_error(
    *,
    dim: int,
    samples: int,
    synthetic_fraction: float,
    shift_norm: float,
    noise_std: float = 1.0,
) -> float:
    r"""Leading test error with many rows a parameter: a floor that no number of rows removes.

    $\sigma^2 \phi + p_2^2 c^2$, $\phi = d/T \to 0$.
    Source: Dohmatob et al. 2025, Corollary 1.

    >>> scaling_error(dim=1, samples=4, synthetic_fraction=0.5, shift_norm=1.0)
    0.5
    """
    require_rows(dim, samples, extra=0)
    require_scales(noise_std=noise_std)
    plateau = scaling_plateau(synthetic_fraction=synthetic_fraction, shift_norm=shift_norm)
    return noise_std**2 * dim / samples + plateau


def scaling_plateau(*, synthetic_fraction: float, shift_norm: float) -> float:
    r"""Floor of the test error at any number of rows: $p_2^2 c^2$.

    Source: Dohmatob et al. 2025, Corollary 1.

    >>> scaling_plateau(synthetic_fraction=0.25, shift_norm=2.0)
    0.25
    """
    require_fraction("synthetic_fraction", synthetic_fraction)
    require_scales(shift_norm=shift_norm)
    return synthetic_fraction**2 * shift_norm**2


@claim(
    "ref.weighted",
    "docs/theory.md, strong collapse",
    relation="->",
    says=r"$E \sim a^2 c^2 + \frac{d}{T} [\frac{(1 - a)^2 \sigma_1^2}{p_1} + \frac{a^2 "
    r"\sigma_2^2}{p_2}]$",
    needed="d/T -> 0, row weights (1 - a)/p_1 and a/p_2",
    expected="holds to leading order; the best a vanishes with d/T",
    order="leading",
)
def weighted_mixing_error(
    *,
    dim: int,
    samples: int,
    synthetic_fraction: float,
    synthetic_weight: float,
    shift_norm: float,
    noise_std: float = 1.0,
    synthetic_noise_std: float = 1.0,
) -> float:
    r"""Leading test error with row weights (1 - a)/p_1 on real, a/p_2 on synthetic rows.

    $a^2 c^2 + \phi [\frac{(1 - a)^2}{p_1} \sigma_1^2 + \frac{a^2}{p_2} \sigma_2^2]$ as
    $\phi = d/T \to 0$. Source: docs/theory.md, strong collapse.

    >>> weighted_mixing_error(
    ...     dim=1, samples=4, synthetic_fraction=0.5, synthetic_weight=0.5, shift_norm=2.0)
    1.25
    """
    _check_weighting(dim, samples, synthetic_fraction, synthetic_weight)
    require_scales(
        shift_norm=shift_norm, noise_std=noise_std, synthetic_noise_std=synthetic_noise_std
    )
    real_noise = (1 - synthetic_weight) ** 2 / (1 - synthetic_fraction) * noise_std**2
    synthetic_noise = synthetic_weight**2 / synthetic_fraction * synthetic_noise_std**2
    return synthetic_weight**2 * shift_norm**2 + dim / samples * (real_noise + synthetic_noise)


def optimal_synthetic_weight(
    *,
    dim: int,
    samples: int,
    synthetic_fraction: float,
    shift_norm: float,
    noise_std: float = 1.0,
    synthetic_noise_std: float = 1.0,
) -> float:
    r"""Synthetic weight of least leading error; it vanishes as rows grow if the shift does not.

    $a^* = \frac{\phi \sigma_1^2 / p_1}{c^2 + \phi (\sigma_1^2/p_1 + \sigma_2^2/p_2)}$.
    Source: docs/theory.md, strong collapse.

    >>> optimal_synthetic_weight(dim=1, samples=4, synthetic_fraction=0.5, shift_norm=1.0)
    0.25
    """
    _check_weighting(dim, samples, synthetic_fraction, 0.0)
    require_scales(shift_norm=shift_norm, synthetic_noise_std=synthetic_noise_std)
    require_positive("noise_std", noise_std)
    real = dim / samples * noise_std**2 / (1 - synthetic_fraction)
    synthetic = dim / samples * synthetic_noise_std**2 / synthetic_fraction
    return real / (shift_norm**2 + real + synthetic)


@claim(
    "dohmatob2025.cor2",
    "recalled as Dohmatob et al. 2025, Corollary 2; not attributed",
    relation="->",
    provenance="recalled",
    says=r"$E \sim p_2^2 a^2 c^2 + \frac{d}{T} [(1 - a) p_1 \sigma_1^2 + a p_2 \sigma_2^2]$",
    stated="row weights (recalled, wording to be confirmed)",
    needed="not met by row weights (1 - a)/p_1 and a/p_2: see ref.weighted",
    expected="violated as recalled: a verdict on our row weights, not on the paper",
    order="leading",
)
def recalled_weighted_mixing_error(
    *,
    dim: int,
    samples: int,
    synthetic_fraction: float,
    synthetic_weight: float,
    shift_norm: float,
    noise_std: float = 1.0,
    synthetic_noise_std: float = 1.0,
) -> float:
    r"""A second form of the weighted error, from memory, kept so that it can be refuted.

    $p_2^2 a^2 c^2 + \phi [(1 - a) p_1 \sigma_1^2 + a p_2 \sigma_2^2]$ does not describe row
    weights as in `weighted_mixing_error`. It was recalled, not read, as Corollary 2 of
    Dohmatob et al. 2025: where it differs, nothing follows about the paper.

    >>> recalled_weighted_mixing_error(
    ...     dim=1, samples=4, synthetic_fraction=0.5, synthetic_weight=0.5, shift_norm=2.0)
    0.375
    """
    _check_weighting(dim, samples, synthetic_fraction, synthetic_weight)
    require_scales(
        shift_norm=shift_norm, noise_std=noise_std, synthetic_noise_std=synthetic_noise_std
    )
    real_noise = (1 - synthetic_weight) * (1 - synthetic_fraction) * noise_std**2
    synthetic_noise = synthetic_weight * synthetic_fraction * synthetic_noise_std**2
    left = synthetic_fraction**2 * synthetic_weight**2 * shift_norm**2
    return left + dim / samples * (real_noise + synthetic_noise)


def iterated_mixing_error(
    *, generation: int, clean_error: float, shift_norm: float, synthetic_fraction: float
) -> float:
    r"""Leading error when each round mixes fresh real rows with rows of the last fit.

    $E_n = E^{clean} \frac{1 - p_2^{2n}}{1 - p_2^2} + p_2^{2n} c_0^2$, the plateau $p_2^2 c^2$
    with the last error in place of $c^2$; $c_0$ is the first generator's shift. At $p_2 = 1$:
    $c_0^2 + n E^{clean}$. Source: after Dohmatob et al. 2025, Corollary 3, recalled.

    >>> iterated_mixing_error(
    ...     generation=2, clean_error=1.0, shift_norm=2.0, synthetic_fraction=0.5)
    1.5
    """
    require_count("generation", generation, least=0)
    require_fraction("synthetic_fraction", synthetic_fraction)
    require_scales(clean_error=clean_error, shift_norm=shift_norm)
    error = shift_norm**2
    for _ in range(generation):
        error = clean_error + synthetic_fraction**2 * error
    return error


@claim(
    "dohmatob2025.cor3",
    "Dohmatob et al. 2025, Corollary 3 (recalled; what it iterates is our reading)",
    relation="->",
    provenance="recalled",
    says=r"Iterative mixing: $E \to \frac{E_{clean}}{1 - p_2^2}$, up to order $p_2^{2t}$.",
    stated="iterative mixing (recalled)",
    needed="d/T -> 0; fresh rows each round, of which p_2 are labelled by the last fit",
    expected="holds to leading order for this reading of it",
    order="leading",
)
def iterated_mixing_limit(*, clean_error: float, synthetic_fraction: float) -> float:
    r"""Limit of iterated mixing: $E^{clean} / (1 - p_2^2)$, $p_2 < 1$.

    Source: after Dohmatob et al. 2025, Corollary 3, recalled; derived in docs/penalised.md.

    >>> iterated_mixing_limit(clean_error=3.0, synthetic_fraction=0.5)
    4.0
    """
    require_fraction("synthetic_fraction", synthetic_fraction)
    if synthetic_fraction == 1:
        raise ValueError("synthetic_fraction=1: accepted is [0, 1), the error grows without bound")
    return clean_error / ((1 - synthetic_fraction) * (1 + synthetic_fraction))


def _check_weighting(dim: int, samples: int, fraction: float, weight: float) -> None:
    require_rows(dim, samples, extra=0)
    require_fraction("synthetic_fraction", fraction, open_interval=True)
    require_fraction("synthetic_weight", weight)
