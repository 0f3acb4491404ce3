"""The ledger of laws with unbounded support: kernel densities, and the tails of Zipf laws.

Generation 1 is the fit on human data.
"""

from theory import kernel_density, zipf_tails
from theory.claims import Claim

_KERNEL = "derived: theory/kernel_density.py"
_ZIPF = "derived: theory/zipf_tails.py"
_DOHMATOB = "Dohmatob et al. 2024, A Tale of Tails"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="ref.kde_variance",
        source=_KERNEL,
        statement=r"kernel density, fixed h: $s_n^2 = r^n v + h^2 (M-1)(1-r^{n-1})$, $r = 1-1/M$",
        relation="==",
        formula=kernel_density.sample_variance,
        stated="-",
        needed="biased variance of the n-th sample; any kernel of variance h^2, any human law",
        expected="holds; the density itself ends at M h^2",
    ),
    Claim(
        id="ref.kde_mean",
        source=_KERNEL,
        statement=r"kernel density, fixed h: the sample's mean errs by $v + (n-1) h^2 - s_n^2$",
        relation="==",
        formula=kernel_density.mean_error,
        stated="-",
        needed="the same",
        expected="holds; it grows for ever",
    ),
    Claim(
        id="ref.kde_silverman",
        source=_KERNEL,
        statement=r"h = f times the sample's spread: $s_{n+1}^2 = s_n^2 (r + f^2)$, $s_1^2 = rv$",
        relation="==",
        formula=kernel_density.relative_sample_variance,
        stated="-",
        needed="spread with M - 1; r f^2 for f^2 when it is divided by M",
        expected="holds; Silverman's rule makes the variance explode",
    ),
    Claim(
        id="dohmatob2024b.thm21",
        source=f"{_DOHMATOB}, Theorem 2.1",
        statement=r"tail cut at rank k: error $\asymp T^{-(\beta-1)/\beta} + k^{-(\beta-1)}$",
        relation="->",
        formula=zipf_tails.cut_error_leading,
        stated="Zipf, memorisation (recalled); the constants are this project's",
        needed=r"infinite support; $k \ll T^{1/\beta}$ or $k \gg T^{1/\beta}$ for the constants",
        expected="holds: slopes -.333, -.500, -.666 at beta = 1.5, 2, 3",
        order="leading",
    ),
    Claim(
        id="ref.zipf_error",
        source=_ZIPF,
        statement=r"memoriser: error $\sum_i p_i (1 - q_i)^T$, with a cut and a clean fraction",
        relation="==",
        formula=zipf_tails.memoriser_error,
        stated="-",
        needed="deterministic labels, T independent draws",
        expected="holds; a clean fraction gives a plateau, then a second descent",
    ),
    Claim(
        id="dohmatob2024b.cor22",
        source=f"{_DOHMATOB}, Corollary 2.2",
        statement=r"T draws of a model that saw $T_0$: error $\asymp T^{-c} + T_0^{-c}$",
        relation="==",
        formula=zipf_tails.second_error,
        stated=r"a cut at rank $k \asymp T_0^{1/\beta}$ (recalled), $c = (\beta-1)/\beta$",
        needed="a Poisson number of draws, for which the formula is exact",
        expected="holds, with the exact error instead of the orders",
    ),
)
