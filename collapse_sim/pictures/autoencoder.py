"""A variational autoencoder of vectors (Kingma and Welling 2014): its law, its bound, its fit.

Codes z are N(0, I), pictures N(decoder(z), noise variance). The noise variance is fitted with the
rest, in closed form from the reconstruction error (Rybkin, Daniilidis and Levine 2021,
"sigma-VAE"). Without hidden units the best fit is that of probabilistic principal components
(Lucas et al. 2019, "Don't blame the ELBO").
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import DType
from collapse_sim.random import normal, uniform

Weights = Any
"""Weights of the networks as a pytree of arrays (`nnx.State`)."""

Layers = Callable[..., Array]
"""A network: an `nnx.Sequential`, whose own annotations flax 0.12.12 has outdated."""

LEAST_NOISE = 1e-4
"""Least noise variance, as a share of the data's mean variance of a pixel."""

FINAL_RATE = 0.05
"""Learning rate at the end of a fit, as a share of the first one."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of the two networks, and how they are trained; `hidden` 0 makes them linear.

    Raises ValueError for sizes and steps that are not positive.
    """

    pixels: int
    latent: int = 8
    hidden: int = 64
    steps: int = 400
    batch: int = 64
    rate: float = 4e-3
    """Learning rate of Adam at the first step."""
    dtype: DType = jnp.float32

    def __post_init__(self):
        least = {"pixels": 1, "latent": 1, "hidden": 0, "steps": 1, "batch": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            if value < bound:
                raise ValueError(f"{name}={value}: accepted are integers >= {bound}")
        if not 0 < self.rate < math.inf:
            raise ValueError(f"rate={self.rate}: accepted are finite numbers > 0")


class Networks(nnx.Module):
    """Encoder and decoder."""

    def __init__(self, of: Architecture, *, rngs: nnx.Rngs):
        self.encoder = _perceptron(of, of.pixels, 2 * of.latent, rngs)
        self.decoder = _perceptron(of, of.latent, of.pixels, rngs)


def _perceptron(of: Architecture, inputs: int, outputs: int, rngs: nnx.Rngs) -> Layers:
    linear = partial(nnx.Linear, dtype=of.dtype, param_dtype=of.dtype, rngs=rngs)
    if not of.hidden:
        return nnx.Sequential(linear(inputs, outputs))
    return nnx.Sequential(linear(inputs, of.hidden), nnx.relu, linear(of.hidden, outputs))


class Fitted(NamedTuple):
    """Parameters of a fit: networks that see pictures less `mean`, divided by `scale`."""

    weights: Weights
    mean: Float[Array, " pixels"]
    scale: Float[Array, ""]
    """Root of the data's mean variance of a pixel; 1 for data without any."""
    noise_variance: Float[Array, ""]
    """That of a pixel, in units of scale^2."""


def networks(of: Architecture, weights: Weights) -> Networks:
    """The networks with these weights."""
    abstract = nnx.eval_shape(lambda: Networks(of, rngs=nnx.Rngs(params=0)))
    return nnx.merge(nnx.graphdef(abstract), weights)


def encode(
    of: Architecture, fitted: Fitted, pictures: Float[Array, "rows pixels"]
) -> tuple[Float[Array, "rows latent"], Float[Array, "rows latent"]]:
    """Mean and log-variance of the code of each picture."""
    return _encode(networks(of, fitted.weights), (pictures - fitted.mean) / fitted.scale)


def decode(
    of: Architecture, fitted: Fitted, codes: Float[Array, "rows latent"]
) -> Float[Array, "rows pixels"]:
    """The mean picture of each code."""
    return fitted.mean + fitted.scale * networks(of, fitted.weights).decoder(codes)


def evidence_bound(
    of: Architecture,
    fitted: Fitted,
    pictures: Float[Array, "rows pixels"],
    noise: Float[Array, "rows latent"],
) -> Float[Array, " rows"]:
    """Lower bound of the log-density of each picture, in nats: codes are drawn by the noise."""
    points = (pictures - fitted.mean) / fitted.scale
    errors, divergence = _errors(networks(of, fitted.weights), points, noise)
    each = errors / fitted.noise_variance + jnp.log(2 * jnp.pi * fitted.noise_variance)
    return -of.pixels * (each / 2 + jnp.log(fitted.scale)) - divergence


def fit(
    of: Architecture,
    key: Key[Array, ""],
    pictures: Float[Array, "rows pixels"],
    weights: Float[Array, " rows"],
) -> Fitted:
    """Train from fresh weights on batches drawn with replacement; a row of weight 0 is no data."""
    start_key, batch_key, noise_key = jax.random.split(key, 3)
    until = jnp.cumsum(weights)
    mean = weights @ pictures / until[-1]
    centred = jnp.where(weights[:, None] > 0, pictures - mean, 0)
    variance = weights @ jnp.mean(centred**2, axis=1) / until[-1]
    scale = jnp.where(variance > 0, jnp.sqrt(variance), 1)
    points = centred / scale
    state = nnx.state(Networks(of, rngs=nnx.Rngs(params=start_key)), nnx.Param)
    optimizer = optax.adam(optax.cosine_decay_schedule(of.rate, of.steps, FINAL_RATE))

    def loss(state, points, noise):
        errors, divergence = _errors(networks(of, state), points, noise)
        # Half the log of the mean error is what the likeliest noise leaves of the log-density.
        spread = jnp.log(jnp.mean(errors) + LEAST_NOISE)
        return of.pixels * spread / 2 + jnp.mean(divergence)

    def step(carry, key):
        state, inner = carry
        row_key, noise_key = jax.random.split(key)
        rows = _drawn_rows(row_key, until, of.batch)
        noise = normal(noise_key, (of.batch, of.latent), of.dtype)
        gradient = jax.grad(loss)(state, points[rows], noise)
        updates, inner = optimizer.update(gradient, inner, state)
        return (optax.apply_updates(state, updates), inner), None

    keys = jax.random.split(batch_key, of.steps)
    (state, _), _ = jax.lax.scan(step, (state, optimizer.init(state)), keys)
    noise = normal(noise_key, (len(points), of.latent), of.dtype)
    errors, _ = _errors(networks(of, state), points, noise)
    return Fitted(state, mean, scale, weights @ errors / until[-1] + LEAST_NOISE)


def _drawn_rows(key: Key[Array, ""], until: Float[Array, " rows"], count: int) -> Array:
    """Rows drawn in proportion to weights, of which `until` are the sums so far."""
    places = uniform(key, (count,), until.dtype) * until[-1]
    return jnp.searchsorted(until, places, side="right")


def _encode(parts: Networks, points: Array) -> tuple[Array, Array]:
    means, logs = jnp.split(parts.encoder(points), 2, axis=1)
    return means, logs


def _errors(parts: Networks, points: Array, noise: Array) -> tuple[Array, Array]:
    """Mean squared error of a pixel, and nats that the code costs, of each picture."""
    means, logs = _encode(parts, points)
    codes = means + jnp.exp(logs / 2) * noise
    errors = jnp.mean((points - parts.decoder(codes)) ** 2, axis=1)
    return errors, jnp.sum(jnp.exp(logs) + means**2 - 1 - logs, axis=1) / 2
