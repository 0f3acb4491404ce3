"""Means over label noise, against fits of drawn rows to drawn labels in NumPy."""

import jax
import numpy as np
import pytest
from scipy import stats

from collapse_sim.linear.mixture_chain import MixtureChain

FALSE_ALARM = 1e-6
REPLICATES = 2**14

VARIANCES, WEIGHTS, SHIFTS = np.array([1.5, 0.5]), np.array([1.0, -0.5]), np.array([0.3, 0.6])
REAL, SYNTHETIC = (3, 6), (5, 2)
PENALTY, REAL_WEIGHT, SYNTHETIC_WEIGHT = 0.4, 0.7, 1.6
CASE = {
    "dim": 2, "generations": 2,
    "real_rows": np.array(REAL, float), "synthetic_rows": np.array(SYNTHETIC, float),
    "noise_std": 0.5, "synthetic_noise_std": 0.9, "penalty": PENALTY, "variances": VARIANCES,
    "true_weights": WEIGHTS, "shift_variances": SHIFTS, "real_weight": REAL_WEIGHT,
    "synthetic_weight": SYNTHETIC_WEIGHT,
}  # fmt: skip


def drawn_errors(replicates: int) -> np.ndarray:
    """Errors of fits by the stacked system of the penalty, and <w, w_0> / |w_0|^2."""
    rng, found = np.random.default_rng(3), []
    for _ in range(replicates):
        writer, errors = WEIGHTS + np.sqrt(SHIFTS) * rng.normal(size=2), []
        for real, synthetic in zip(REAL, SYNTHETIC, strict=True):
            rows = real + synthetic
            x = rng.normal(size=(rows, 2)) * np.sqrt(VARIANCES)
            y = x[:real] @ WEIGHTS + 0.5 * rng.normal(size=real)
            y = np.append(y, x[real:] @ writer + 0.9 * rng.normal(size=synthetic))
            root = np.sqrt(np.repeat([REAL_WEIGHT, SYNTHETIC_WEIGHT], [real, synthetic]))
            stacked = np.vstack([root[:, None] * x, np.sqrt(PENALTY * rows) * np.eye(2)])
            writer = np.linalg.lstsq(stacked, np.append(root * y, [0, 0]), rcond=None)[0]
            errors.append(np.sum(VARIANCES * (writer - WEIGHTS) ** 2))
            errors.append(writer @ WEIGHTS / (WEIGHTS @ WEIGHTS))
        found.append(errors)
    return np.array(found)


def means(simulation: MixtureChain, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Means and standard errors of every measure."""
    keys = jax.random.split(jax.random.key(seed), REPLICATES)
    trace = jax.jit(jax.vmap(simulation))(keys)
    values = {name: np.asarray(value, float) for name, value in trace.items()}
    return {n: (v.mean(0), v.std(0) / np.sqrt(REPLICATES)) for n, v in values.items()}


def test_means_are_those_of_fits_to_drawn_rows_and_labels():
    """Four means; the normal quantile of a false-alarm rate of 1e-6 for all of them."""
    values = drawn_errors(4000)
    quantile = stats.norm.isf(FALSE_ALARM / 8)
    found = means(MixtureChain.of(**CASE))
    for place, name in enumerate(("test_error", "memory")):
        column = values[:, place::2]
        mean, error = found[name]
        spread = np.hypot(error, column.std(0) / np.sqrt(len(column)))
        assert (np.abs(mean - column.mean(0)) < quantile * spread).all()
        assert (spread < 0.02 * np.abs(mean)).all()
    np.testing.assert_allclose(found["edited_fraction"][0], [5 / 8, 2 / 8])


def test_many_rows_leave_the_weighted_shift_and_the_shrinkage():
    """Each column is (a_1 v w_0 + a_2 v (w_0 + shift)) / (v (a_1 + a_2) + penalty)."""
    many = CASE | {"generations": 1, "real_rows": 1e8, "synthetic_rows": 1e8}
    many |= {"noise_std": 0.0, "synthetic_noise_std": 0.0}
    found = means(MixtureChain.of(**many))["test_error"][0][0]
    a, b = REAL_WEIGHT / 2, SYNTHETIC_WEIGHT / 2  # of half the rows each
    scale = VARIANCES * (a + b) + PENALTY
    bias, shift = PENALTY * WEIGHTS / scale, b * VARIANCES / scale
    expected = np.sum(VARIANCES * (bias**2 + shift**2 * SHIFTS))
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_chain_that_nobody_writes_has_no_shift():
    real = MixtureChain.of(dim=2, real_rows=8.0, shift_variances=1e6)
    assert means(real)["test_error"][0][0] == pytest.approx(2 / 5, rel=0.05)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"penalty": -1.0}, "penalty=-1: accepted are numbers >= 0"),
        ({"noise_std": np.nan}, "real_noise_std=nan: accepted are one finite number, or 2 of"),
        ({"variances": 0.0}, "variances=0: accepted are numbers > 0"),
        ({"synthetic_weight": 0.0}, "synthetic_weight=0: accepted are numbers > 0"),
        (
            {"penalty": 0.0, "real_rows": 1.0, "synthetic_rows": 0.0},
            r"rows=\[1.0, 1.0\]: accepted without a penalty are at least dim=2",
        ),
    ],
)
def test_bad_numbers_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        MixtureChain.of(**(CASE | changed))
