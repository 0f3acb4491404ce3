"""A fit trained on the last of a chain of least-squares generators.

Penalties and constants as in `theory.linear.ridge`.
"""

from theory.claims import claim
from theory.linear.ridge import RidgeConstants, clean_ridge_error
from theory.linear.wishart import base_error
from theory.validate import require_count, require_positive


@claim(
    "dohmatob2024a.linear",
    "after Dohmatob, Feng and Kempe 2024; exact form in docs/theory.md, ridge",
    relation="==",
    says=r"$E = E_{clean} + \frac{n \sigma_0^2}{T_0 - d - 1} E\,\mathrm{tr}(\Sigma G "
    r"\Sigma^{-1} G^\top)$",
    stated="fresh X, chain of least-squares fits, then ridge (recalled)",
    needed="T_0 >= d + 2, any covariance, any linear smoother",
    expected="holds",
)
def downstream_error(
    *,
    clean_error: float,
    transfer_trace: float,
    dim: int,
    generator_samples: int,
    generator_noise_std: float = 1.0,
    generators: int,
) -> float:
    r"""Test error of any linear smoother trained on the last of n least-squares generators.

    $E^{clean} + \frac{n \sigma_0^2}{T_0 - d - 1} E\,\mathrm{tr}(\Sigma G \Sigma^{-1} G^\top)$,
    any covariance, each generator fitted to $T_0 \ge d + 2$ fresh rows labelled by the one
    before (the first: real labels). `transfer_trace` is the mean trace of the smoother.
    Source: docs/theory.md, ridge; after Dohmatob, Feng and Kempe 2024.

    >>> downstream_error(
    ...     clean_error=1.0, transfer_trace=4.0, dim=4, generator_samples=9, generators=3)
    4.0
    """
    require_count("generators", generators, least=0)
    require_positive("transfer_trace", transfer_trace, zero=True)
    generator = base_error(dim=dim, samples=generator_samples, noise_std=generator_noise_std)
    return clean_error + generators * generator * transfer_trace / dim


def downstream_ridge_error(
    *,
    constants: RidgeConstants,
    dim: int,
    noise_std: float = 1.0,
    true_norm: float,
    generator_samples: int,
    generator_noise_std: float = 1.0,
    generators: int,
) -> float:
    r"""Test error of ridge trained on the last of n least-squares generators, isotropic.

    $E^{clean} + n \sigma_0^2 \frac{d}{T_0 - d - 1} h$, $T_0 \ge d + 2$, linear in n.
    Source: docs/theory.md, ridge; after Dohmatob, Feng and Kempe 2024.

    >>> downstream_ridge_error(
    ...     constants=RidgeConstants(1.0, 1.0, 0.5), dim=4, true_norm=1.0, generator_samples=9,
    ...     generators=2)
    2.5
    """
    clean = clean_ridge_error(constants=constants, noise_std=noise_std, true_norm=true_norm)
    return downstream_error(
        clean_error=clean,
        transfer_trace=dim * constants.kept_squared,
        dim=dim,
        generator_samples=generator_samples,
        generator_noise_std=generator_noise_std,
        generators=generators,
    )


@claim(
    "dohmatob2024a.ridgeless",
    "Dohmatob, Feng and Kempe 2024",
    relation="->",
    provenance="recalled",
    says=r"$E \sim \frac{\sigma^2 \phi}{1 - \phi} + \frac{n \sigma_0^2 \phi_0}{1 - \phi_0}$",
    stated="no penalty, low-dimensional (recalled)",
    needed="d -> infinity at fixed phi = d/T < 1 and phi_0 = d/T_0 < 1",
    expected="holds in the limit; the exact form has T - d - 1 for T - d",
)
def downstream_ridgeless_asymptotic(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    generator_samples: int,
    generator_noise_std: float = 1.0,
    generators: int,
) -> float:
    r"""Limiting test error of least squares after n least-squares generators.

    $\frac{\sigma^2 \phi}{1 - \phi} + \frac{n \sigma_0^2 \phi_0}{1 - \phi_0}$, $\phi = d/T < 1$,
    $\phi_0 = d/T_0 < 1$ fixed while d grows. Source: Dohmatob, Feng and Kempe 2024.

    >>> downstream_ridgeless_asymptotic(dim=1, samples=2, generator_samples=3, generators=2)
    2.0
    """
    require_count("generators", generators, least=0)
    for name, rows in (("samples", samples), ("generator_samples", generator_samples)):
        require_count(name, rows, least=dim + 1)
    added = generators * generator_noise_std**2 * dim / (generator_samples - dim)
    return noise_std**2 * dim / (samples - dim) + added


@claim(
    "dohmatob2024a.powerlaw",
    "after Dohmatob, Feng and Kempe 2024 (recalled, exponents unconfirmed)",
    relation="->",
    provenance="recalled",
    says=r"Power-law spectrum: the error's order in $T$, $T_0$, $n$ under $\lambda = T^{-l}$.",
    stated="source and capacity conditions (recalled)",
    needed="unknown",
    expected="unverified: fit slopes, do not trust the exponents or any constant",
    decided="cited",
    reason="an order without constants, recalled, with unconfirmed exponents",
)
def downstream_powerlaw_rate(
    *,
    samples: int,
    generator_samples: int,
    dim: int,
    spectral_decay: float,
    source: float,
    penalty_exponent: float,
    noise_std: float = 1.0,
    generator_noise_std: float = 1.0,
    generators: int,
) -> float:
    r"""Order of the downstream error, up to constants, for a power-law spectrum.

    Eigenvalues $j^{-\beta}$, source condition r, $\lambda = T^{-\ell}$:
    $[\max(\sigma^2, T^{1 - 2 r \ell - \ell/\beta}) + \frac{n \sigma_0^2}{1 - \phi_0}
    \max(\frac{T}{T_0}, \phi_0)]\, T^{-(1 - \ell/\beta)}$, $\phi_0 = d/T_0 < 1$.
    Source: after Dohmatob, Feng and Kempe 2024, recalled, exponents unconfirmed.

    >>> downstream_powerlaw_rate(
    ...     samples=16, generator_samples=32, dim=8, spectral_decay=2.0, source=1.0,
    ...     penalty_exponent=1.0, generators=3)
    0.75
    """
    require_count("generator_samples", generator_samples, least=dim + 1)
    for name, value in (("spectral_decay", spectral_decay), ("source", source)):
        require_positive(name, value)
    require_positive("penalty_exponent", penalty_exponent, zero=True)
    ratio, saved = dim / generator_samples, penalty_exponent / spectral_decay
    clean = max(noise_std**2, samples ** (1 - 2 * source * penalty_exponent - saved))
    generated = generators * generator_noise_std**2 / (1 - ratio)
    return (clean + generated * max(samples / generator_samples, ratio)) * samples ** (saved - 1)
