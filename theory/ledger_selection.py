"""Ledger of selection: verifiers of labels and of rows, and where accumulation fails."""

from theory import accumulation_failure, selection
from theory.claims import Claim

_FENG = "Feng et al. 2025 (arXiv 2406.07515)"
_YI = "Yi et al. 2026 (arXiv 2510.16657)"
_BARZILAI = "Barzilai and Shamir 2025 (arXiv 2505.19046)"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="feng2025.pstar",
        source=f"{_FENG} (recalled); at every sample size: theory/selection.py, breakdown_share",
        statement=r"mean accuracy is 1/2 at wrong share $p^* = 1/(1 + \psi/\phi)$, and tends to 1 "
        "below it and to 0 above",
        relation="==",
        formula=selection.breakdown_share,
        stated="linear classifier, infinite data",
        needed="any sample size; classifier the sum of label times isotropic input",
        expected="holds: half of what is kept is wrong, so w and -w have one law",
    ),
    Claim(
        id="ref.verified_accuracy",
        source="theory/selection.py, verified_accuracy",
        statement=r"accuracy $E\, \Phi(h |v|)$, $h = \sqrt{2T / (\pi \kappa)} (\phi + \psi) "
        r"(p^* - p)$: the crossing sharpens as $T^{-1/2}$",
        relation="==",
        formula=selection.verified_accuracy,
        stated="-",
        needed=r"$N(0, I)$ inputs; exact at $p^*$, elsewhere up to O(1/T)",
        expected="holds",
        order="leading",
    ),
    Claim(
        id="yi2026.contract",
        source=f"{_YI}: the form recalled; rate and constants derived for means, "
        "theory/selection.py, verified_error_bound",
        statement=r"$E|\theta_n - \theta_c|^2 \le \rho^{2(n-1)} E|\theta_1 - \theta_c|^2 "
        r"+ \sigma^2 \sum_j \rho^{2(n-j)+1} / n_j$, $\rho < 1$: it converges to $\theta_c$",
        relation="<=",
        formula=selection.verified_error_bound,
        stated=r"block design; exponent $2(n-j)-1$, weaker (recalled)",
        needed=r"mean estimation; $\rho = g'(\theta_c)$; to order 1/T, as $n_j$ is random",
        expected="holds; equality, to order 1/T, if the verifier's centre is the truth",
        order="leading",
    ),
    Claim(
        id="ref.verified_mean",
        source="theory/selection.py, verified_means",
        statement=r"$E \theta_n \to g^{n-1}(\theta_*)$, g the mean of the cut normal, whose fixed "
        r"point is $\theta_c$: the plateau is $|\theta_c - \theta_*|$",
        relation="==",
        formula=selection.verified_mean_at,
        stated="-",
        needed="mean estimation, known noise; up to O(1/T)",
        expected="holds",
        order="leading",
    ),
    Claim(
        id="ref.verified_error",
        source="theory/selection.py, verified_error",
        statement=r"$E (\theta_n - \theta_*)^2$ of iterated verified means, with the terms in 1/T",
        relation="==",
        formula=selection.verified_error,
        stated="-",
        needed="mean estimation, known noise; up to O(1/T^2)",
        expected="holds; the plateau is |centre - truth|^2 and more",
        order="leading",
    ),
    Claim(
        id="barzilai2025.thm51",
        source=f"{_BARZILAI}, Theorem 5.1; constants: theory/accumulation_failure.py",
        statement="a family, consistent in total variation, collapses at fit 2 under accumulation "
        "with a chance of at least a constant, here (1 - 1/e)^2, for every n",
        relation=">=",
        formula=accumulation_failure.collapse_floor,
        stated="uniform laws with spikes; constants not at hand",
        needed="the derived instance, one family for each n",
        expected="holds: keeping the human data does not protect maximum likelihood without "
        "smoothness",
    ),
    Claim(
        id="ref.accumulate_fails",
        source="theory/accumulation_failure.py, collapse_probability",
        statement="chance of collapse by fit t: the level of a fit is the highest that its data "
        "hit, a Markov chain of three states",
        relation="==",
        formula=accumulation_failure.collapse_probability,
        stated="-",
        needed="positive likelihood margins",
        expected="holds",
    ),
)
