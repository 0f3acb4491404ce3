"""Numbers for the ledger of distributions, found without the formula that the claim names.

Rows are (claim id, parameters, number or vector, relative tolerance): fractions worked out by hand,
exact Markov chains, and values known to the printed digits. A formula off by 2 % misses them.
"""

import math

import numpy as np

from tests.theory.count_chains import coalescence_time, count_law, fixation_time

EXACT = 1e-12
PRINTED = 2e-4  # four or five printed digits

FIVE = [0.4, 0.3, 0.15, 0.1, 0.05]
ZIPF = 1 / np.arange(1, 2001) / np.sum(1 / np.arange(1, 2001))
PI = math.pi


def squares_missed(weight: float, draws: int) -> float:
    """Sum of p (1 - weight p)^draws for p = 6/(pi i)^2; its tail above 1e5 is nearly that of p."""
    law = 6 / PI**2 / np.arange(1, 10**5) ** 2.0
    return float(law @ (1 - weight * law) ** draws) + 6 / PI**2 / (10**5 - 0.5)


REFERENCES: list[tuple[str, dict, float | list[float], float]] = [
    ("shum2024.var", {"samples": 4, "generation": 6}, 5 / 2, EXACT),
    ("ref.w2", {"samples": 20, "generation": 1}, 0.07613, PRINTED),
    ("ref.w2", {"samples": 20, "generation": 5}, 0.37729, PRINTED),
    ("ref.w2", {"samples": 20, "generation": 20}, 1.46257, PRINTED),
    ("ref.w2", {"samples": 20, "generation": 40}, 2.81816, PRINTED),
    ("ref.w2", {"samples": 20, "generation": 15, "unbiased": False}, 0.8824, PRINTED),
    # alpha(2) = sqrt(2/pi), alpha(3) = sqrt(pi)/2, alpha(5) = 3 sqrt(2 pi)/8
    ("ref.w2", {"samples": [2, 3], "generation": 2}, 5 / 6 + 2 - math.sqrt(2), EXACT),
    (
        "ref.w2",
        {"samples": 5, "generation": 1, "unbiased": False},
        2 - 0.75 * math.sqrt(2 * PI) * math.sqrt(0.8),
        EXACT,
    ),
    ("shum2024.w2lead", {"samples": 6, "generation": 2}, 0.5, EXACT),
    ("shum2024.w2lead", {"samples": [3, 6], "generation": 2}, 0.75, EXACT),
    ("shum2024.w2lead", {"samples": 10**5, "generation": 7}, 1.05e-4, EXACT),
    # the logarithm of an exponential variable has mean -gamma
    ("shum2024.thm31", {"samples": 3, "generation": 4}, -4 * np.euler_gamma, EXACT),
    ("shum2024.thm31", {"samples": 20, "generation": 1}, -0.053554, PRINTED),
    (
        "shum2024.thm31",
        {"samples": 3, "generation": 1, "unbiased": False},
        math.log(2 / 3) - np.euler_gamma,
        EXACT,
    ),
    # the mean of the printed rates, over four directions, three times
    (
        "ref.lyapunov",
        {"samples": 10, "dim": 4, "generation": 3},
        -(0.1152 + 0.2480 + 0.4009 + 0.5813) * 3 / 4,
        5e-4,
    ),
    ("ref.lyapunov", {"samples": 3, "dim": 1, "generation": 2}, -2 * np.euler_gamma, EXACT),
    ("ref.gauss_growing", {"sizes": [5, 20, 45], "generation": 3}, 49 / 180, EXACT),
    ("ref.gauss_growing", {"sizes": [5, 20, 45], "generation": 2}, 1 / 4, EXACT),
    ("shum2024.discrete", {"probability": 0.1, "samples": 20}, 0.121577, PRINTED),
    ("shum2024.discrete", {"probability": 0.5, "samples": 3}, 1 / 8, EXACT),
    ("kazdan2025.gauss_replace", {"samples": 20, "generation": 15}, 0.4633, PRINTED),
    ("kazdan2025.gauss_replace", {"samples": 4, "generation": 2}, 9 / 16, EXACT),
    ("kazdan2025.gauss_acc", {"samples": 10, "generation": 1}, 0.9, EXACT),
    ("kazdan2025.gauss_acc", {"samples": 10, "generation": 5}, 0.858877, 1e-6),
    ("kazdan2025.gauss_acc", {"samples": 10, "generation": 30}, 0.846206, 1e-6),
    ("kazdan2025.gauss_acc", {"samples": 3, "generation": 60}, 0.538087, 1e-6),
    ("kazdan2025.gauss_acc_limit", {"samples": 4}, 2 / PI, EXACT),
    ("kazdan2025.gauss_acc_limit", {"samples": 10}, 0.843436, 1e-6),
    ("kazdan2025.gauss_acc_limit", {"samples": 3}, 0.535131, 1e-6),
    ("ref.gauss_acc_unb", {"samples": 10, "generation": 5}, 0.952419, 1e-6),
    ("ref.gauss_acc_unb", {"samples": 10, "generation": 30}, 0.938217, 1e-6),
    ("ref.gauss_acc_unb", {"samples": 2, "generation": 2}, 5 / 6, EXACT),
    ("ref.gauss_acc_mean", {"samples": 10, "generation": 5}, 0.145660, 5e-6),
    (
        "ref.gauss_acc_mean",
        {"samples": 10, "generation": 5, "unbiased": False},
        1 - 0.858877,
        1e-5,
    ),
    # nothing new is seen: scatter 1 of two points, then of four, of six
    (
        "ref.gauss_acc_biased",
        {"samples": 2, "generation": 3, "sampling_variance": 0.0},
        1 / 5,
        EXACT,
    ),
    # 3/4 times 1 - 1/4 - 1/32
    (
        "ref.gauss_acc_biased",
        {"samples": 4, "generation": 2, "unbiased": False, "sampling_variance": 0.5},
        69 / 128,
        EXACT,
    ),
    # scatter 1 + 1/2 (1 + 1/2) of four points
    (
        "ref.gauss_acc_biased",
        {"samples": 2, "generation": 2, "sampling_variance": 0.5},
        7 / 12,
        EXACT,
    ),
    (
        "alemohammad2024.bias",
        {"samples": 9, "generation": 4, "sampling_variance": 0.5},
        1 / 8,
        EXACT,
    ),
    (
        "alemohammad2024.bias",
        {"samples": 9, "generation": 3, "sampling_variance": 1.2},
        1.44,
        EXACT,
    ),
    # two points, one of them redrawn: scatter 3/4 of what it was, or 1/2 (ML)
    ("ref.gauss_edit", {"samples": 2, "edited": 1, "generation": 3}, 9 / 16, EXACT),
    (
        "ref.gauss_edit",
        {"samples": 2, "edited": 1, "generation": 3, "unbiased": False},
        1 / 8,
        EXACT,
    ),
    ("ref.gauss_edit", {"samples": 9, "edited": 9, "generation": 7}, 1.0, EXACT),
    (
        "ref.gauss_edit",
        {"samples": 9, "edited": 9, "generation": 2, "unbiased": False},
        64 / 81,
        EXACT,
    ),
    # the mean of the two moves by half of sqrt(S/2) and of the new point's S: 3/8 S
    ("ref.gauss_edit_mean", {"samples": 2, "edited": 1, "generation": 2}, 1 / 2 + 3 / 8, EXACT),
    ("ref.gauss_edit_mean", {"samples": 5, "edited": 5, "generation": 4}, 4 / 5, EXACT),
    ("ref.gauss_edit_fixed", {"samples": 7, "edited": 0}, 1.0, EXACT),
    # 3 V = 1 + V + 4 D with D = V/6
    ("ref.gauss_edit_fixed", {"samples": 4, "edited": 2}, 3 / 4, EXACT),
    ("ref.gauss_edit_fixed", {"samples": 4, "edited": 2, "unbiased": False}, 3 / 7, EXACT),
    ("ref.gauss_edit_fixed_path", {"samples": 2, "edited": 1, "generation": 3}, 9 / 16, EXACT),
    ("ref.gauss_edit_fixed_path", {"samples": 4, "edited": 2, "generation": 60}, 3 / 4, EXACT),
    # as for one edit, then 3/4 of 3/4 or, with the other human point, 17/16: their mean
    ("ref.gauss_edit_anchored", {"samples": 2, "edited": 1, "generation": 2}, 3 / 4, EXACT),
    ("ref.gauss_edit_anchored", {"samples": 2, "edited": 1, "generation": 3}, 13 / 16, EXACT),
    ("ref.gauss_edit_anchored", {"samples": 4, "edited": 2, "generation": 60}, 1.0, EXACT),
    # three lines merge to two with 2/3, to one with 1/9; two to one with 1/3: 9/7 of 1 + 2/3 of 3
    ("kazdan2025.discrete", {"samples": 3}, 27 / 7, EXACT),
    ("kazdan2025.discrete", {"samples": 200}, coalescence_time(200), 1e-9),
    ("ref.two_types", {"probability": 0.3, "samples": 400}, fixation_time(0.3, 400), 1e-9),
    ("suresh2025.poisson", {"rate": 0.05, "samples": 50, "generation": 10}, 0.34990, PRINTED),
    ("suresh2025.poisson", {"rate": 0.5, "samples": 2, "generation": 1}, 1 - 1 / math.e, EXACT),
    ("suresh2025.bern", {"probability": 0.01, "samples": 100, "generation": 20}, 0.6624, PRINTED),
    # 1 - (1 - .03 - .03)/e
    (
        "suresh2025.bern",
        {"probability": 0.01, "samples": 100, "generation": 1},
        1 - 0.94 / math.e,
        EXACT,
    ),
    (
        "suresh2025.bern_least",
        {"probability": 0.01, "samples": 100, "generation": 20},
        0.0876,
        6e-4,
    ),
    # nearly the exact chain's chance
    (
        "suresh2025.bern_least",
        {"probability": 0.002, "samples": 500, "generation": 2},
        1 - count_law(0.002, 500, 2)[0],
        0.003,
    ),
    ("suresh2025.gauss", {"threshold": 0.1, "samples": 10, "generation": 60}, 2.147, PRINTED),
    ("suresh2025.gauss", {"threshold": 0.1, "samples": 10, "generation": 200}, 0.05927, PRINTED),
    ("suresh2025.vocab", {"probabilities": ZIPF, "samples": 5000, "generation": 2}, 834.4, PRINTED),
    ("suresh2025.vocab", {"probabilities": ZIPF, "samples": 5000, "generation": 6}, 485.5, PRINTED),
    ("ref.distinct", {"probabilities": ZIPF, "samples": 5000, "generation": 21}, 216.7, PRINTED),
    (
        "ref.distinct",
        {"probabilities": [0.002] * 500, "samples": 500, "generation": 3},
        500 * (1 - count_law(0.002, 500, 3)[0]),
        0.003,
    ),
    ("ref.distinct_first", {"probabilities": [0.5, 0.5], "samples": 3}, 7 / 4, EXACT),
    ("ref.distinct_first", {"probabilities": ZIPF, "samples": 5000}, 1071.6, PRINTED),
    # 1 - (49/50)^60 of 1 - .58
    (
        "seddik2024.synth",
        {"probabilities": [0.3, 0.7], "samples": 50, "generation": 60},
        0.42 * 0.297553,
        1e-5,
    ),
    (
        "seddik2024.synth",
        {"probabilities": [0.3, 0.7], "samples": 6, "generation": 4},
        float(count_law(0.3, 6, 4) @ [2 * k * (6 - k) / 36 for k in range(7)]),
        EXACT,
    ),
    ("seddik2024.absorb", {"probability": 0.3, "samples": 50, "generation": 60}, 6.2486, PRINTED),
    ("seddik2024.absorb", {"probability": 0.5, "samples": 2, "generation": 1}, 0.5, EXACT),
    (
        "seddik2024.absorb_least",
        {"probability": 0.3, "samples": 50, "generation": 60},
        0.24994,
        PRINTED,
    ),
    # two draws: alive with H = 1/4 or dead, so the bound is the truth
    (
        "seddik2024.absorb_least",
        {"probability": 0.3, "samples": 2, "generation": 5},
        float(count_law(0.3, 2, 5)[1]),
        EXACT,
    ),
    # .715 / 60 of the human draws themselves, and of what is left the printed error
    (
        "seddik2024.partial",
        {"probabilities": FIVE, "human": 60, "samples": 40, "generation": 60},
        0.715 / 60 + 59 / 60 * 0.0033886,
        PRINTED,
    ),
    # two human coins differ with chance 1/2: 1/4, and half of the errors of unequal ones
    (
        "seddik2024.partial",
        {"probabilities": [0.5, 0.5], "human": 2, "samples": 2, "generation": 3},
        1 / 4 + (1 / 16 + 1 / 128) / 2,
        EXACT,
    ),
    (
        "ref.mix_prob",
        {"probabilities": [0.3, 0.7], "samples": 50, "human_share": 0.1},
        2 * 0.020369,
        PRINTED,
    ),
    # all fresh: one binomial
    (
        "ref.mix_prob",
        {"probabilities": [0.2, 0.8], "samples": 4, "human_share": 1.0},
        0.08,
        EXACT,
    ),
    (
        "ref.bern_acc",
        {"probabilities": [0.3, 0.7], "samples": 8, "generation": 30},
        2 * 0.039897,
        PRINTED,
    ),
    # 1 - 3/4 15/16
    (
        "ref.bern_acc",
        {"probabilities": [0.5, 0.5], "samples": 4, "generation": 2},
        19 / 128,
        EXACT,
    ),
    # 199/200 of .7 for the human draws, and .997445 for each of two edits
    (
        "ref.unigram_edit",
        {"probabilities": [0.4, 0.3, 0.2, 0.1], "samples": 200, "edited": 60, "generation": 3},
        0.7 * 0.995 * 0.997445**2,
        2e-6,
    ),
    # one coin of two is drawn anew from both: they differ with half the chance
    (
        "ref.unigram_edit",
        {"probabilities": [0.5, 0.5], "samples": 2, "edited": 1, "generation": 2},
        1 / 8,
        EXACT,
    ),
    (
        "ref.unigram_edit",
        {"probabilities": [0.5, 0.5], "samples": 5, "edited": 5, "generation": 3},
        32 / 125,
        EXACT,
    ),
    (
        "ref.unigram_fixed",
        {"probabilities": [0.4, 0.3, 0.2, 0.1], "samples": 40, "edited": 16},
        0.691765 * 23 / 24,
        1e-6,
    ),
    # two anchors of three kept: 8/9 H_a, and they differ with half the chance
    ("ref.unigram_fixed", {"probabilities": [0.5, 0.5], "samples": 3, "edited": 1}, 2 / 9, EXACT),
    # anchor and draw differ with chance 1/2 H_1, and 1/2 of that again
    (
        "ref.unigram_fixed_path",
        {"probabilities": [0.5, 0.5], "samples": 2, "edited": 1, "generation": 3},
        1 / 16,
        EXACT,
    ),
    (
        "ref.unigram_fixed_path",
        {"probabilities": [0.4, 0.3, 0.2, 0.1], "samples": 40, "edited": 16, "generation": 60},
        0.691765 * 23 / 24,
        1e-6,
    ),
    # the kept one is the drawn one's source, or not
    (
        "ref.unigram_anchored",
        {"probabilities": [0.5, 0.5], "samples": 2, "edited": 1, "generation": 2},
        1 / 8,
        EXACT,
    ),
    (
        "ref.unigram_anchored",
        {"probabilities": [0.5, 0.5], "samples": 2, "edited": 1, "generation": 3},
        1 / 8,
        EXACT,
    ),
    (
        "suresh2025.gmm",
        {"threshold": 0.5, "samples": 10, "generation": 40, "human_std": 2.0},
        4 / math.e,
        EXACT,
    ),
    # 1/2 (1/2 + 1), then half of 1 more than that; the kernel adds 1
    ("ref.kde_variance", {"samples": 2, "generation": 3, "bandwidth": 1.0}, 15 / 8, EXACT),
    # variances 1, 9/8, 79/64 and mean errors 1/2, 11/16 by the recursion with fractions
    ("ref.gauss_fresh", {"samples": 2, "human_share": 0.5, "generation": 3}, 79 / 64, EXACT),
    # each of two types: variance 1/8, then 1/8 (1/8) + 1/8
    (
        "ref.mix_path",
        {"probabilities": [0.5, 0.5], "samples": 2, "human_share": 0.5, "generation": 2},
        7 / 32,
        EXACT,
    ),
    (
        "ref.kde_variance",
        {"samples": 4, "generation": 2, "bandwidth": 0.5, "human_variance": 2.0},
        25 / 16,
        EXACT,
    ),
    # 1/2, then a variance of 3/2 by two, then of 7/4
    ("ref.kde_mean", {"samples": 2, "generation": 3, "bandwidth": 1.0}, 17 / 8, EXACT),
    ("ref.kde_silverman", {"samples": 2, "generation": 3, "factor": 1.0}, 9 / 8, EXACT),
    (
        "ref.kde_silverman",
        {"samples": 2, "generation": 3, "factor": 1.0, "unbiased": False},
        1 / 2,
        EXACT,
    ),
    # a cut far below T^(1/beta) leaves its tail, 1 - 6/pi^2 (1 + 1/4 + ... + 1/10^4)
    (
        "dohmatob2024b.thm21",
        {"exponent": 2.0, "samples": 1e12, "cut": 100},
        1 - 6 / PI**2 * sum(i**-2 for i in range(1, 101)),
        0.006,
    ),
    # and one far above it the first term alone, sqrt(6/pi)/2 T^(-1/2)
    (
        "dohmatob2024b.thm21",
        {"exponent": 2.0, "samples": 1e6, "cut": 10**9},
        math.sqrt(6 / PI) / 2 * 1e-3,
        1e-5,
    ),
    ("ref.zipf_error", {"exponent": 2.0, "samples": 100}, squares_missed(1.0, 100), 1e-9),
    (
        "ref.zipf_error",
        {"exponent": 2.0, "samples": 500, "cut": 10**9, "human_fraction": 0.5},
        squares_missed(1.0, 500),
        1e-6,
    ),
    # a cut at 1 leaves the first rank alone: all others are missed
    ("ref.zipf_error", {"exponent": 2.0, "samples": 3, "cut": 1}, 1 - 6 / PI**2, EXACT),
    # a fit on endless draws knows all that its teacher knew
    (
        "dohmatob2024b.cor22",
        {"exponent": 2.0, "samples": 1e9, "human_samples": 100},
        squares_missed(1.0, 100),
        1e-9,
    ),
    (
        "dohmatob2024b.cor22",
        {"exponent": 2.0, "samples": 50, "human_samples": 50},
        squares_missed(1 - 1 / math.e, 50),
        1e-9,
    ),
]
