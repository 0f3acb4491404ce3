"""Learner of pictures: a variational autoencoder fitted to them, and what is measured of it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.distributions.points import PointLearner
from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import HIGHEST, DType
from collapse_sim.pictures.autoencoder import (
    Architecture,
    Fitted,
    decode,
    encode,
    evidence_bound,
    fit,
)
from collapse_sim.pictures.observer import Observer
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal

HELD_OUT = 500
"""Most human pictures of a seed that no generation is trained on."""


class Held(NamedTuple):
    """Pictures and models that every generation of a seed is measured with."""

    pictures: Float[Array, "held pixels"]
    """Human pictures that no generation is trained on."""
    others: Int[Array, " others"]
    """Places of all other human pictures."""
    codes: Float[Array, "held latent"]
    """Standard normal codes, of which every generation decodes its pictures."""
    noise: Float[Array, "held latent"]
    pixel_noise: Float[Array, "held pixels"]


@pytree
@dataclass(frozen=True, eq=False)
class PictureLearner(PointLearner):
    """A variational autoencoder fitted to `samples` of the human pictures `truth`.

    A seed draws them, and the ones it holds out, at random. Its generated pictures are the
    decoder's means or, with `pixel_noise`, draws from the whole law. `shown` pictures of each
    generation are recorded as well.

    Raises ValueError for samples that leave no two pictures to be held out.
    """

    truth: Float[np.ndarray | Array, "all pixels"]
    observer: Observer
    architecture: Architecture = static()
    samples: int = static()
    pixel_noise: bool = static(default=False)
    shown: int = static(default=0)

    def __post_init__(self):
        if np.ndim(self.truth) == 2 and not 2 <= self.samples <= len(self.truth) - 2:
            raise ValueError(
                f"samples={self.samples}: accepted are integers from 2 to {len(self.truth) - 2}, "
                f"two less than there are pictures"
            )

    @property
    def dtype(self) -> DType:
        return self.architecture.dtype

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Held]:
        """Human pictures to train on, and those to measure with."""
        order_key, code_key, noise_key, pixel_key = jax.random.split(key, 4)
        of, every = self.architecture, jnp.asarray(self.truth, self.dtype)
        order = jax.random.permutation(order_key, len(every))
        held = min(HELD_OUT, len(every) - self.samples)
        shape = (held, of.latent)
        truth = Held(
            pictures=every[order[len(every) - held :]],
            others=order[: len(every) - held],
            codes=normal(code_key, shape, self.dtype),
            noise=normal(noise_key, shape, self.dtype),
            pixel_noise=normal(pixel_key, (held, of.pixels), self.dtype),
        )
        return Sample.of(every[order[: self.samples]], self.dtype), truth

    def fit(self, data: Sample, key: Key[Array, ""] | None = None) -> Fitted:
        """Train from fresh weights; raises ValueError without a key to start from."""
        if key is None:
            raise ValueError("key=None: accepted is a key, as fits start at random")
        return fit(self.architecture, key, data.labels, data.weights)

    def draw(self, key: Key[Array, ""], params: Fitted, size: int) -> Float[Array, "size pixels"]:
        """Pictures of the model's own."""
        code_key, pixel_key = jax.random.split(key)
        of = self.architecture
        codes = normal(code_key, (size, of.latent), self.dtype)
        return self._pictures(params, codes, normal(pixel_key, (size, of.pixels), self.dtype))

    def fresh_human(self, key: Key[Array, ""], truth: Held, like: Sample) -> Sample:
        """Human pictures drawn anew, with replacement, never those held out."""
        places = jax.random.choice(key, truth.others, (like.size,))
        return Sample(jnp.asarray(self.truth, self.dtype)[places], like.weights)

    def measure(self, params: Fitted, truth: Held) -> dict[str, Float[Array, "..."]]:
        """Pictures of the model beside human ones that it has not seen.

        `code_spread` is the total variance of the pictures' codes under the observer's encoder, and
        `pixel_variance` that of the pictures, both as shares of the human ones; `class_entropy`,
        in nats, is of the classes that the observer sees, where it sees any; `energy_distance` lies
        in [0, 1], 0 for equal laws; `reconstruction_error` is the share of the human pictures'
        variance that is lost from code to picture, and `held_out_loss` minus the bound on their
        log-density, in nats a pixel.
        """
        of, human = self.architecture, truth.pictures
        own = self._pictures(params, truth.codes, truth.pixel_noise)
        means, _ = encode(of, params, human)
        lost = jnp.sum((human - decode(of, params, means)) ** 2) / len(human)
        bound = evidence_bound(of, params, human, truth.noise)
        spread = [_total_variance(self.observer.codes(of, seen)) for seen in (own, human)]
        outputs = {
            "code_spread": spread[0] / spread[1],
            "pixel_variance": _total_variance(own) / _total_variance(human),
            "energy_distance": energy_distance(own, human),
            "reconstruction_error": lost / _total_variance(human),
            "held_out_loss": -jnp.mean(bound) / of.pixels,
        }
        if self.observer.classifier is not None:
            outputs["class_entropy"] = self.observer.class_entropy(own)
        if self.shown:
            outputs["pictures"] = own[: self.shown]
        return outputs

    def _pictures(self, params: Fitted, codes: Any, noise: Any) -> Float[Array, "rows pixels"]:
        means = decode(self.architecture, params, codes)
        width = params.scale * jnp.sqrt(params.noise_variance)
        return means + width * noise if self.pixel_noise else means


def _total_variance(points: Float[Array, "rows dim"]) -> Float[Array, ""]:
    return jnp.sum(jnp.var(points, axis=0))


def energy_distance(
    first: Float[Array, "rows dim"], second: Float[Array, "others dim"]
) -> Float[Array, ""]:
    """1 - (E|X - X'| + E|Y - Y'|) / (2 E|X - Y|): 0 for equal laws alone, 1 for two points.

    The coefficient of inhomogeneity of Székely and Rizzo (2013, "Energy statistics"). Two samples
    of one law are about one over their size apart.
    """
    between = jnp.mean(_distances(first, second))
    within = jnp.mean(_distances(first, first)) + jnp.mean(_distances(second, second))
    safe = jnp.where(between > 0, between, 1)
    return jnp.where(between > 0, 1 - within / (2 * safe), 0)


def _distances(first: Array, second: Array) -> Float[Array, "rows others"]:
    products = jnp.matmul(first, second.T, precision=HIGHEST)
    squares = jnp.sum(first**2, axis=1)[:, None] + jnp.sum(second**2, axis=1) - 2 * products
    return jnp.sqrt(jnp.maximum(squares, 0))
