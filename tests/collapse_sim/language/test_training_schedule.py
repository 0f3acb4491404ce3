"""Training: its learning rate, its order of blocks, and the step at which it diverged."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language.training import Divergence, Training, batch_order, require_finite


def test_the_first_step_that_is_not_finite_is_named():
    training = Training(100, peak_rate=1.0)
    found = np.ones((3, 4))
    require_finite(found, 40, training)
    found[0, 3], found[2, 1] = np.nan, np.inf
    rate = f"{float(training.rate(41)):.2e}"
    with pytest.raises(Divergence, match=f"loss is inf at step 41 of seed 2, learning rate {rate}"):
        require_finite(found, 40, training)


def test_the_learning_rate_rises_and_falls():
    training = Training(100, peak_rate=0.5, warm_up=0.2)
    rates = np.array([float(training.rate(step)) for step in range(101)])
    assert rates[0] == 0 and rates[20] == 0.5 and rates[100] == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose(rates[:21], 0.025 * np.arange(21), rtol=1e-5)
    np.testing.assert_allclose(rates[60], 0.25, rtol=1e-5)  # half-way down a cosine
    assert (np.diff(rates[20:]) < 0).all()


@given(blocks=st.integers(1, 40), steps=st.integers(1, 12), batch=st.integers(1, 12))
def test_every_block_is_seen_once_before_any_is_seen_again(blocks, steps, batch):
    training = Training(steps, batch=batch)
    order = batch_order(jax.random.key(7), blocks, training)
    assert order.shape == (steps, batch)
    seen = order.ravel()
    for first in range(0, seen.size, blocks):
        one_round = seen[first : first + blocks]
        assert len(set(one_round)) == len(one_round)
        assert set(one_round) <= set(range(blocks))


def test_orders_depend_on_the_key_alone_and_rounds_differ():
    training = Training(20, batch=10)
    order = batch_order(jax.random.key(7), 100, training)
    np.testing.assert_array_equal(order, batch_order(jax.random.key(7), 100, training))
    assert (order != batch_order(jax.random.key(8), 100, training)).mean() > 0.9
    assert (order[:10] != order[10:]).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": 0}, "steps=0: accepted are integers >= 1"),
        ({"batch": 0}, "batch=0: accepted are integers >= 1"),
        ({"peak_rate": 0.0}, "peak_rate=0.0: accepted are numbers > 0"),
        ({"peak_rate": float("nan")}, "peak_rate=nan: accepted are numbers > 0"),
        ({"clip": -1.0}, "clip=-1.0: accepted are numbers > 0"),
        ({"warm_up": 1.0}, r"warm_up=1.0: accepted is \[0, 1\)"),
    ],
)
def test_bad_training(options, says):
    with pytest.raises(ValueError, match=says):
        Training(**({"steps": 1} | options))
