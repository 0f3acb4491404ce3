"""The ledger of Gaussians, and mixtures of them, fitted to their own draws.

Generation 1 is the fit on human data. Where a source says nothing of it, a fit is unbiased.
"""

from functools import partial

from theory import forgetting, gaussian, gaussian_edits
from theory.claims import Claim

_GAUSSIAN = "derived: theory/gaussian.py"
_FORGETTING = "derived: theory/forgetting.py"
_SHUMAILOV = "Shumailov et al. 2024"
_KAZDAN = "Kazdan et al. 2025"
_SURESH = "Suresh et al. 2025"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="shum2024.var",
        source=_SHUMAILOV,
        statement="a point drawn from the n-th fit has variance 1 + n/M",
        relation="==",
        formula=partial(gaussian.draw_variance, unbiased=True),
        stated="unbiased variance, up to O(M^-2) (recalled)",
        needed="unbiased variance; by maximum likelihood the variance stays 1",
        expected="holds, exactly",
    ),
    Claim(
        id="ref.w2",
        source=_GAUSSIAN,
        statement=r"$E W_2^2 = \sum 1/M_i + 2 (1 - \prod \alpha(M_i))$",
        relation="==",
        formula=gaussian.squared_wasserstein,
        stated="-",
        needed="one dimension; by maximum likelihood only the second part, with its alpha",
        expected="holds",
    ),
    Claim(
        id="shum2024.w2lead",
        source=_SHUMAILOV,
        statement=r"$E W_2^2 \approx \frac32 \sum 1/M_i$",
        relation="->",
        formula=gaussian.squared_wasserstein_leading,
        stated="leading order (recalled)",
        needed="sum 1/M_i -> 0; either estimator",
        expected="holds to leading order; 6 % high at M = 20, n = 40",
        order="leading",
    ),
    Claim(
        id="shum2024.thm31",
        source=f"{_SHUMAILOV}, Theorem 3.1",
        statement=(
            "the covariance vanishes almost surely, held as: the log variance has mean "
            r"$n (\psi(\frac{M-1}2) + \ln\frac2{M-1}) \to -\infty$"
        ),
        relation="==",
        formula=forgetting.mean_log_variance,
        stated="fixed M: E W_2^2 -> infinity and the covariance -> 0 almost surely",
        needed="one dimension; means of the variance are carried by rare chains and show nothing",
        expected="holds: slope -.05355 at M = 20",
    ),
    Claim(
        id="ref.lyapunov",
        source=_FORGETTING,
        statement=r"log eigenvalues fall at the rates $\psi(\frac{M-j}2) + \ln\frac2{M-1}$",
        relation="->",
        formula=forgetting.lyapunov_exponents,
        stated="-",
        needed="replace, M > d; ordered eigenvalues over many generations",
        expected="holds; all directions collapse",
    ),
    Claim(
        id="ref.gauss_median",
        source=_FORGETTING,
        statement=r"median variance of generation n: that of $\prod_{i \le n} \chi^2_{M-1}/(M-1)$",
        relation="==",
        formula=forgetting.median_variance,
        stated="-",
        needed="one dimension, replace",
        expected="holds: .120 at M = 20, n = 40, where the mean is 1",
    ),
    Claim(
        id="ref.gauss_growing",
        source=_GAUSSIAN,
        statement=r"with $M i^p$ points in generation i the mean's error ends at $\zeta(p)/M$",
        relation="->",
        formula=gaussian.growing_mean_error_limit,
        stated="superlinear growth keeps the error finite (Shumailov et al., recalled)",
        needed="unbiased variance, p > 1; infinite at p = 1",
        expected="holds",
    ),
    Claim(
        id="kazdan2025.gauss_replace",
        source=_KAZDAN,
        statement="replace: the mean covariance is (1 - 1/M)^n, and it vanishes",
        relation="==",
        formula=partial(gaussian.replace_variance, unbiased=False),
        stated="the published code fits the biased covariance (recalled)",
        needed="maximum likelihood; with unbiased fits the mean stays and the median vanishes",
        expected="holds",
    ),
    Claim(
        id="kazdan2025.gauss_acc",
        source=_KAZDAN,
        statement=r"accumulate: $E \Sigma_n = \prod_{k \le n} (1 - \frac1{Mk^2})$",
        relation="==",
        formula=partial(gaussian.accumulate_variance, unbiased=False),
        stated="one dimension, maximum likelihood (recalled)",
        needed="maximum likelihood, any dimension",
        expected="holds",
    ),
    Claim(
        id="kazdan2025.gauss_acc_limit",
        source=_KAZDAN,
        statement=r"accumulate: $E \Sigma_n \to \sin x / x$, $x = \pi/\sqrt M$",
        relation="->",
        formula=gaussian.accumulate_limit,
        stated="one dimension, maximum likelihood (recalled)",
        needed="maximum likelihood, any dimension",
        expected="holds: .8434 at M = 10",
    ),
    Claim(
        id="ref.gauss_acc_unb",
        source=_GAUSSIAN,
        statement=r"accumulate, unbiased: $E \Sigma_n = \prod_{k=2}^n (1 - \frac1{k(Mk-1)})$",
        relation="==",
        formula=partial(gaussian.accumulate_variance, unbiased=True),
        stated="-",
        needed="unbiased variance of the pool, any dimension",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_acc_mean",
        source=_GAUSSIAN,
        statement=r"accumulate: the mean errs by $1/M + \sum_{k>1} V_{k-1}/(Mk^2) < \pi^2/(6M)$",
        relation="==",
        formula=gaussian.accumulate_mean_error,
        stated="-",
        needed="any dimension, either estimator",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_acc_biased",
        source=_GAUSSIAN,
        statement=(
            r"accumulate, models sampled with $\lambda < 1$ times their variance: it decays as "
            r"$n^{-(1-\lambda)}$, so accumulating does not prevent collapse"
        ),
        relation="==",
        formula=gaussian.accumulate_variance,
        stated="-",
        needed="any dimension; the mean's error stays bounded",
        expected="holds, by the product",
    ),
    Claim(
        id="alemohammad2024.bias",
        source="Alemohammad et al. 2024",
        statement=r"sampling with variance $\lambda$: $E \Sigma_n = \lambda^{n-1}$",
        relation="==",
        formula=gaussian.replace_variance,
        stated=r"$\Sigma_t \propto \lambda^t$ (recalled)",
        needed="replace, unbiased variance; a factor (1 - 1/M)^n more by maximum likelihood",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_edit",
        source=_GAUSSIAN,
        statement=(
            r"redrawing k random points of M: variance times $1 - \frac{k(M-k)}{M^2(M-1)}$ each "
            r"time; by maximum likelihood $1 - [\frac{k(M-k)}{M-1} + k]/M^2$"
        ),
        relation="==",
        formula=gaussian_edits.edit_variance,
        stated="-",
        needed="subsets drawn uniformly and independently, chained",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_edit_mean",
        source=_GAUSSIAN,
        statement=r"the same: the mean's error gains $m (2 - m) V/M$ each time, unbiased",
        relation="==",
        formula=gaussian_edits.edit_mean_error,
        stated="-",
        needed="subsets drawn uniformly and independently, chained",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_edit_fixed",
        source=_GAUSSIAN,
        statement=r"redrawing the same k points: $V \to \frac{M-k-1}{M-1-k+m/(1+m)}$",
        relation="->",
        formula=gaussian_edits.fixed_mask_limit,
        stated="-",
        needed="M - k human points for ever; M for M - 1 by maximum likelihood",
        expected="holds; the exact recursion is fixed_mask_variance",
    ),
    Claim(
        id="ref.gauss_edit_fixed_path",
        source=_GAUSSIAN,
        statement="redrawing the same k points: the mean variance of every generation",
        relation="==",
        formula=gaussian_edits.fixed_mask_variance,
        stated="-",
        needed="M - k human points for ever",
        expected="holds",
    ),
    Claim(
        id="ref.gauss_edit_anchored",
        source=_GAUSSIAN,
        statement=(
            "redrawing k random points of the human sample: the mean variance of every "
            r"generation, $\to \frac{(1-m)(M-1-m/(1+m))}{M-1-k+m/(1+m)}$"
        ),
        relation="==",
        formula=gaussian_edits.anchored_edit_variance,
        stated="-",
        needed="subsets drawn uniformly and independently; also keeping M - k human positions",
        expected="holds; the variance stays near 1",
    ),
    Claim(
        id="suresh2025.gauss",
        source=_SURESH,
        statement=r"$P(s_n > \epsilon) \le e^{-n/(4M-1)}/\epsilon$",
        relation="<=",
        formula=forgetting.deviation_survival_bound,
        stated="unbiased variance",
        needed=r"unbiased variance, $\epsilon$ a standard deviation in units of the truth's",
        expected="holds; vacuous until n = (4M - 1) ln(1/epsilon)",
    ),
    Claim(
        id="ref.gauss_fresh",
        source=_GAUSSIAN,
        statement=r"each point human and fresh with chance a: $V' = W = a + (1-a)(V + ae)$, "
        r"$e' = (1-a)^2 e + W/M$; $V \to 1 + \frac{1-a}{Ma(2-a) - (1-a)}$",
        relation="==",
        formula=gaussian_edits.fresh_human_variance,
        stated="-",
        needed="unbiased variance; any dimension, entry by entry",
        expected=r"holds; the mean is finite iff $Ma(2-a) > 1 - a$",
    ),
    Claim(
        id="suresh2025.gmm",
        source=f"{_SURESH} (recalled); for EM: {_FORGETTING}, mixture_survival_bound",
        statement=r"Gaussian mixture: $P(s_n > \epsilon) \le \sigma_0 e^{-n/(4M)}/\epsilon$",
        relation="<=",
        formula=forgetting.mixture_survival_bound,
        stated="approximate maximum likelihood",
        needed=r"$s_n$ of the whole mixture, to which every EM step gives its sample's variance",
        expected="holds, far from sharp: the mean variance is (1 - 1/M)^n times the truth's",
    ),
)
