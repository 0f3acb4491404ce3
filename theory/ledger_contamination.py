"""The ledger of contaminated retraining: human data and a model's own output in one training set.

Published statements are recalled: displayed constants were not at hand, those here are derived.
"""

from theory import contamination, zipf_tails
from theory.claims import Claim

_DERIVED = "derived: theory/contamination.py"
_KANABAR = "Kanabar and Gastpar 2025 (arXiv 2501.19273)"
_WANG = "Wang, Niu and Li 2026 (arXiv 2602.16065)"
_BERTRAND = "Bertrand et al. 2024 (arXiv 2310.00429)"
_BARZILAI = "Barzilai and Shamir 2025 (arXiv 2505.19046)"
_DOHMATOB = "Dohmatob et al. 2024, A Tale of Tails"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="kanabar2025.minimax",
        source=f"{_KANABAR}, the upper side; its constant derived",
        statement=r"known shares $a_i$, no source labels: squared error $\le 1/\sum_i n_i a_i^2$",
        relation="<=",
        formula=contamination.minimax_rate,
        stated=r"minimax risk $\asymp 1/\sum n_i a_i^2$, known shares",
        needed="a human first batch and steps of at most 1, for the debiased estimate",
        expected="holds, with constant 1; a bound over all estimators is not simulated",
    ),
    Claim(
        id="ref.debiased",
        source=_DERIVED,
        statement=r"steps $n_i a_i / \sum_{j \le i} n_j a_j^2$: squared error "
        r"$E' = (1 - ag)^2 E + g^2 [H - (1-a)^2 E]/n$",
        relation="==",
        formula=contamination.debiased_error,
        stated="-",
        needed="multinomial batches, steps of at most 1",
        expected="holds; to leading order the least error of all steps",
    ),
    Claim(
        id="ref.pooled",
        source=_DERIVED,
        statement=r"frequencies in all batches: the same recursion with steps $n_i / \sum n_j$",
        relation="==",
        formula=contamination.pooled_error,
        stated="-",
        needed="multinomial batches",
        expected="holds; far above the debiased error for a small human share",
    ),
    Claim(
        id="wang2026.rate",
        source=f"{_WANG}: the order; the constants derived",
        statement=r"pooled mean, human share a: error of order $t^{-\min(1/2, a)}$, a logarithm at "
        "equality",
        relation="->",
        formula=contamination.pooled_error_leading,
        stated="rate of a learner on independent data, here 1/2, or the real fraction if less",
        needed="mean estimation, equal batches; the dependence of the data is in the recursion",
        expected=r"holds: squared $C t^{-2a} + \frac{1}{(2a-1)t}$, $(\ln t + c)/t$ at a = 1/2",
        order="leading",
    ),
    Claim(
        id="bertrand2024.stab",
        source=f"{_BERTRAND} (recalled)",
        statement=r"$|E\theta_n - \theta_{human}| \le \rho^{n-1} \delta$ from $\delta$ away, "
        r"$\rho = \frac{\lambda(1+e)}{1-\lambda(1+e)}$, if $\lambda(1+e) < \frac12$",
        relation="<=",
        formula=contamination.mixed_distance_bound,
        stated=r"$\lambda$ synthetic points for each human one; smooth, strongly concave, local; "
        r"$e = L\varepsilon/\alpha$",
        needed=r"e = 0 for the mean of a Gaussian; the condition is not needed",
        expected=r"holds, not tight: nothing is promised from $\lambda = \frac12$ on",
    ),
    Claim(
        id="ref.mixed_rate",
        source=_DERIVED,
        statement=r"$E\theta_n - \theta_{human} = \kappa^{n-1} \delta$, "
        r"$\kappa = \frac{\lambda}{1+\lambda}$",
        relation="==",
        formula=contamination.mixed_distance,
        stated="-",
        needed="Gaussian mean by maximum likelihood, the same human points in every generation",
        expected=r"holds: stable for every $\lambda$",
    ),
    Claim(
        id="barzilai2025.thm41",
        source=f"{_BARZILAI}, Theorem 4.1; this instance derived: theory/contamination.py",
        statement=r"accumulated maximum likelihood stays near the truth in all rounds: "
        r"$E \max_n (\mu_n - \mu)^2 \le 4\sigma^2 (1 - \frac{\sin x}{x})$, $x = \pi/\sqrt{M}$",
        relation="<=",
        formula=contamination.largest_mean_error_bound,
        stated="smooth family, Fisher information bounded below, samples of order log^2 of rounds",
        needed="Gaussian mean: a martingale, any M, any number of rounds",
        expected="holds for the Gaussian; constants of the general theorem are not tested",
    ),
    Claim(
        id="dohmatob2024b.thm32",
        source=f"{_DOHMATOB}, Theorem 3.2 (recalled); the law derived: theory/zipf_tails.py",
        statement=r"tail cut at rank k, clean fraction $\pi$: a plateau, then "
        r"$(\pi T)^{-(\beta-1)/\beta}$",
        relation="->",
        formula=zipf_tails.second_descent_leading,
        stated="Zipf, memorisation: grokking with a clean fraction",
        needed="infinite support, deterministic labels, T and k large",
        expected="holds before, on and after the plateau",
        order="leading",
    ),
)
