"""Observer of the pictures of every generation: trained once, on human pictures alone."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key

from collapse_sim.pictures.autoencoder import Architecture, Fitted, encode, fit
from collapse_sim.pytree import pytree

TESTED = 0.25
"""Share of the human pictures that the classifier is not trained on but tested with."""

STEPS, RATE, PENALTY = 300, 0.05, 1e-3
"""Training of the classifier, on all its pictures at once, and the penalty on its weights."""


class Classifier(NamedTuple):
    """Multinomial logistic regression on pixels divided by `scale`."""

    weights: Float[Array, "pixels classes"]
    biases: Float[Array, " classes"]
    scale: Float[Array, ""]

    def logits(self, pictures: Float[Array, "rows pixels"]) -> Float[Array, "rows classes"]:
        return pictures / self.scale @ self.weights + self.biases


@pytree
@dataclass(frozen=True, eq=False)
class Observer:
    """An encoder and, where human pictures have labels, a classifier."""

    encoder: Fitted
    classifier: Classifier | None
    accuracy: Float[np.ndarray | Array, ""] | float = float("nan")
    """Of the classifier, on human pictures that it was not trained on."""

    @staticmethod
    def of(
        architecture: Architecture,
        key: Key[Array, ""],
        pictures: Float[np.ndarray | Array, "rows pixels"],
        labels: Int[np.ndarray, " rows"] | None = None,
    ) -> "Observer":
        """Train both; labels are 0, 1, ..., and without them there is no classifier."""
        encoder_key, order_key = jax.random.split(key)
        rows = jnp.asarray(pictures, architecture.dtype)
        encoder = jax.jit(fit, static_argnums=0)(
            architecture, encoder_key, rows, jnp.ones(len(rows), rows.dtype)
        )
        if labels is None:
            return Observer(encoder, None)
        order = np.asarray(jax.random.permutation(order_key, len(rows)))
        tested = order[: max(round(TESTED * len(rows)), 1)]
        trained = order[len(tested) :]
        classes = int(labels.max()) + 1
        classifier = train_classifier(rows[trained], jnp.asarray(labels[trained]), classes)
        seen = np.asarray(classifier.logits(rows[tested])).argmax(axis=1)
        return Observer(encoder, classifier, np.asarray((seen == labels[tested]).mean()))

    def codes(
        self, architecture: Architecture, pictures: Float[Array, "rows pixels"]
    ) -> Float[Array, "rows latent"]:
        """Mean of the code of each picture."""
        return encode(architecture, self.encoder, pictures)[0]

    def class_entropy(self, pictures: Float[Array, "rows pixels"]) -> Float[Array, ""]:
        """Entropy of the classes that the classifier sees in the pictures, in nats."""
        if self.classifier is None:
            raise ValueError("classifier=None: accepted is an observer of labelled pictures")
        logits = self.classifier.logits(pictures)
        seen = jnp.argmax(logits, axis=1)
        shares = jnp.mean(seen[:, None] == jnp.arange(logits.shape[1]), axis=0, dtype=logits.dtype)
        return -jnp.sum(jax.scipy.special.xlogy(shares, shares))


def train_classifier(
    pictures: Float[Array, "rows pixels"], labels: Int[Array, " rows"], classes: int
) -> Classifier:
    """Minimise the cross-entropy with a small penalty, from zero: there is one minimum."""
    scale = jnp.maximum(jnp.std(pictures), jnp.finfo(pictures.dtype).tiny)
    start = Classifier(
        jnp.zeros((pictures.shape[1], classes), pictures.dtype),
        jnp.zeros(classes, pictures.dtype),
        scale,
    )
    optimizer = optax.adam(RATE)

    def loss(trained):
        weights, biases = trained
        logits = start._replace(weights=weights, biases=biases).logits(pictures)
        crossed = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return jnp.mean(crossed) + PENALTY * jnp.sum(weights**2)

    def step(_, state):
        trained, inner = state
        updates, inner = optimizer.update(jax.grad(loss)(trained), inner)
        return optax.apply_updates(trained, updates), inner

    first = (start.weights, start.biases)
    (weights, biases), _ = jax.jit(lambda state: jax.lax.fori_loop(0, STEPS, step, state))(
        (first, optimizer.init(first))
    )
    return Classifier(weights, biases, scale)
