"""The autoencoder against probabilistic principal components, and what observes its pictures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from collapse_sim.pictures import autoencoder
from collapse_sim.pictures.autoencoder import Architecture, Fitted
from collapse_sim.pictures.learner import PictureLearner, energy_distance
from collapse_sim.pictures.observer import Observer, train_classifier

LINEAR = Architecture(pixels=6, latent=2, hidden=0, steps=500, batch=64, rate=0.02)
KEY = jax.random.key(0)


def principal_components(scales: np.ndarray, noise: float, mean: np.ndarray) -> Fitted:
    """The law N(mean, W W^T + noise I), W = the first axes times scales, and its exact codes."""
    of = Architecture(len(mean), len(scales), hidden=0)
    parts = autoencoder.Networks(of, rngs=nnx.Rngs(params=0))
    loadings = np.eye(len(mean))[: len(scales)] * scales[:, None]
    posterior = noise / (scales**2 + noise)  # variances: W^T W is diagonal
    encoder, decoder = parts.encoder.layers[0], parts.decoder.layers[0]
    encoder.kernel = nnx.Param(
        jnp.asarray(
            np.hstack(
                [(loadings * posterior[:, None] / noise).T, np.zeros((len(mean), len(scales)))]
            ),
            jnp.float32,
        )
    )
    encoder.bias = nnx.Param(jnp.float32([*np.zeros(len(scales)), *np.log(posterior)]))
    decoder.kernel = nnx.Param(jnp.asarray(loadings, jnp.float32))
    weights = nnx.state(parts, nnx.Param)
    return Fitted(weights, jnp.float32(mean), jnp.float32(1.0), jnp.float32(noise))


def test_the_bound_of_a_linear_model_with_exact_codes_is_the_log_density():
    """Its mean over the noise is that over +- sqrt(k) e_i, as it is quadratic."""
    scales, noise, mean = np.array([2.0, 0.7]), 0.3, np.array([1.0, -1.0, 0.5, 0.0])
    law = principal_components(scales, noise, mean)
    of = Architecture(4, 2, hidden=0)
    pictures = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    corners = np.sqrt(2) * np.vstack([np.eye(2), -np.eye(2)])
    bounds = [
        autoencoder.evidence_bound(of, law, jnp.asarray(pictures), jnp.tile(jnp.float32(c), (5, 1)))
        for c in corners
    ]
    covariance = np.diag([*(scales**2), 0, 0]) + noise * np.eye(4)
    expected = stats.multivariate_normal(mean, covariance).logpdf(pictures)
    np.testing.assert_allclose(np.mean(bounds, axis=0), expected, rtol=1e-5)


def test_a_linear_fit_reaches_the_likeliest_principal_components_and_no_more():
    """The maximum of the likelihood in closed form (Tipping and Bishop 1999)."""
    rng = np.random.default_rng(1)
    axes = np.array([[3.0, 0, 0, 0, 0, 0], [0, 2.0, 0, 0, 0, 0]])
    data = (rng.normal(size=(400, 2)) @ axes + rng.normal(size=(400, 6))) @ np.linalg.qr(
        rng.normal(size=(6, 6))
    )[0]
    pictures = jnp.asarray(5 + data, jnp.float32)
    fit = jax.jit(autoencoder.fit, static_argnums=0)
    found = fit(LINEAR, KEY, pictures, jnp.ones(400))
    noise = jax.random.normal(KEY, (50, 400, 2))
    bound = np.mean([autoencoder.evidence_bound(LINEAR, found, pictures, n).mean() for n in noise])
    spectrum = np.sort(np.linalg.eigvalsh(np.cov(data.T, bias=True)))[::-1]
    rest = spectrum[2:].mean()
    best = -0.5 * (np.log(spectrum[:2]).sum() + 4 * np.log(rest) + 6 * (1 + np.log(2 * np.pi)))
    assert best - 0.05 < bound < best + 0.01  # nats a picture; the noise leaves about 0.005
    own_noise = float(found.noise_variance * found.scale**2)
    np.testing.assert_allclose(own_noise, rest, rtol=0.05)


def test_rows_without_weight_are_no_data_and_equal_pictures_stay_as_they_are():
    of = Architecture(3, 1, hidden=0, steps=3, batch=4)
    rows = np.random.default_rng(2).normal(size=(10, 3)).astype(np.float32)
    others = rows.copy()
    others[6:] = 1e6
    some = jnp.float32([1] * 6 + [0] * 4)
    fit = jax.jit(autoencoder.fit, static_argnums=0)
    first, second = (fit(of, KEY, jnp.asarray(data), some) for data in (rows, others))
    for own, other in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(own, other)
    np.testing.assert_allclose(first.mean, rows[:6].mean(axis=0), rtol=1e-5)
    still = fit(of, KEY, jnp.full((10, 3), 7.0), some)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(still))
    assert still.scale == 1 and np.allclose(still.mean, 7)


def test_energy_distance_by_hand():
    points = {
        name: jnp.asarray(x, jnp.float32)[:, None]
        for name, x in {"zero": [0, 0], "far": [0, 2], "one": [1, 1]}.items()
    }
    assert energy_distance(points["far"], points["far"]) == 0
    assert energy_distance(points["zero"], points["one"]) == 1
    # Between them the mean is 1, within the second 1: 1 - 1 / 2.
    assert energy_distance(points["zero"], points["far"]) == 0.5


def test_the_observer_sees_the_classes_it_was_taught():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2], 20).astype(np.int32)
    pictures = (10 * np.eye(4)[labels] + rng.normal(size=(60, 4))).astype(np.float32)
    pictures = jnp.asarray(pictures)
    classifier = train_classifier(pictures, jnp.asarray(labels), 3)
    observer = Observer(principal_components(np.ones(1), 1.0, np.zeros(4)), classifier)
    assert (classifier.logits(pictures).argmax(axis=1) == labels).all()
    np.testing.assert_allclose(observer.class_entropy(pictures), np.log(3), rtol=1e-6)
    np.testing.assert_allclose(observer.class_entropy(pictures[20:]), np.log(2), rtol=1e-6)
    assert observer.class_entropy(pictures[:20]) == 0


def test_human_pictures_are_measured_as_human():
    """A model that draws the human law itself, and one that draws its mean alone."""
    scales, of = np.array([3.0]), Architecture(3, 1, hidden=0)
    law = principal_components(scales, 0.01, np.zeros(3))
    truth = np.zeros((400, 3), np.float32)
    truth[:, 0] = 3 * np.random.default_rng(4).normal(size=400)
    learner = PictureLearner(truth, Observer(law, None), of, samples=100)
    _, held = learner.human(KEY)
    found = learner.measure(law, held)
    assert len(held.pictures) == 300 and len(held.others) == 100
    # Variances of 300 draws each: 5 standard errors of their ratio are 0.58.
    assert abs(found["code_spread"] - 1) < 0.58 and abs(found["pixel_variance"] - 1) < 0.58
    assert found["energy_distance"] < 0.03 and found["reconstruction_error"] < 0.001
    still = principal_components(np.array([1e-3]), 0.01, np.zeros(3))
    assert learner.measure(still, held)["code_spread"] < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent": 0}, "latent=0: accepted are integers >= 1"),
        ({"rate": 0.0}, "rate=0.0: accepted"),
    ],
)
def test_wrong_sizes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Architecture(4, **change)
