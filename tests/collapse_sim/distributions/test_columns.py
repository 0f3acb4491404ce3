"""A table's Gaussian and its copula: margins kept up to sampling, correlations known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.distributions.columns import TableLearner, correlation_of, fit_copula
from theory.distributions import gaussian

KEY = jax.random.key(0)
TABLE = np.random.default_rng(0).normal(size=(20, 2)) ** 3


def learner(law: str, table: np.ndarray = TABLE, samples: int = 20) -> TableLearner:
    return TableLearner.of(table, law, names=("a", "b"), samples=samples)


fitted = jax.jit(fit_copula)


def copula_correlation(table: np.ndarray) -> float:
    rows = jnp.asarray(table, jnp.float32)
    return float(correlation_of(fitted(rows, jnp.ones(len(rows))).factor)[0, 1])


def test_the_correlation_of_scores_is_known():
    grid = np.stack(np.meshgrid([1.0, 2, 9, 11], [0.0, 5, 6, 7, 30]), axis=-1).reshape(-1, 2)
    assert abs(copula_correlation(grid)) < 1e-6  # every pair once: independent
    x = TABLE[:, 0]
    np.testing.assert_allclose(copula_correlation(np.stack([x, np.exp(x)], 1)), 1, atol=1e-4)
    np.testing.assert_allclose(copula_correlation(np.stack([x, -x], 1)), -1, atol=1e-4)
    # Two values each, the scores are opposite: the phi coefficient of (8, 2; 2, 8) is 0.6.
    signs = np.array([[0, 0]] * 8 + [[0, 1], [1, 0]] * 2 + [[1, 1]] * 8, float)
    np.testing.assert_allclose(copula_correlation(signs), 0.6, atol=1e-5)


def test_scores_see_ranks_alone():
    assert copula_correlation(TABLE) == copula_correlation(np.arctan(3 * TABLE))


def test_draws_are_the_tables_own_values_and_rows_without_weight_are_none():
    rows = jnp.asarray(TABLE, jnp.float32)
    padded = jnp.concatenate([rows, jnp.full((5, 2), 1e6)])
    of = learner("copula")
    params = fitted(padded, jnp.float32([1] * 20 + [0] * 5))
    np.testing.assert_allclose(params.factor, fitted(rows, jnp.ones(20)).factor, atol=1e-5)
    drawn = np.asarray(of.draw(KEY, params, 500))
    assert np.isin(drawn, np.asarray(rows)).all()
    # Of 20 values each has a chance of 1e-11 to be missing from 500 draws.
    assert all(len(np.unique(column)) == 20 for column in drawn.T)


def test_the_first_fit_has_the_tables_own_tails_variance_and_correlation():
    sample, truth = learner("copula").human(KEY)
    found = learner("copula").measure(learner("copula").fit(sample), truth)
    np.testing.assert_allclose([found["tails/a"], found["variance/a"]], [0.1, 1], rtol=1e-5)
    assert found["correlation_error"] < 1e-5
    own = learner("gaussian")
    gaussian_fit = own.measure(own.fit(sample), own.human_law)
    np.testing.assert_allclose(gaussian_fit["variance/b"], 20 / 19, rtol=1e-5)
    np.testing.assert_allclose(
        gaussian_fit["correlation/a, b"], np.corrcoef(TABLE, rowvar=False)[0, 1], rtol=1e-4
    )


@pytest.mark.parametrize(("law", "samples"), [("gaussian", 20), ("copula", 12)])
def test_the_mean_variance_is_that_of_its_closed_form_whatever_the_columns(law, samples):
    """5 standard errors: a chance of 6e-7 each. Variances 5 % off would be 10 away."""
    chain = cs.Chain(learner(law, samples=samples), cs.EditSubset(samples), 3)
    run = cs.simulate(chain, replicates=4096)
    mean, error = run.mean("variance"), run.summary.moments["variance"].standard_error
    kept = [
        gaussian.replace_variance(samples=samples, generation=n, unbiased=law == "gaussian")
        for n in (1, 2, 3)
    ]
    # All 20 rows are the same in every chain, up to the order in which they are summed.
    assert (abs(mean - 20 / 19 * np.array(kept)) < 5 * error + 1e-5).all()


@pytest.mark.parametrize("samples", [2, 21])
def test_samples_that_cannot_be_are_refused(samples):
    with pytest.raises(ValueError, match=f"samples={samples}: accepted are integers from 3 to 20"):
        learner("gaussian", samples=samples)
