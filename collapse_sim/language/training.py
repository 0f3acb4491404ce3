"""Training a transformer: AdamW, compiled as a scan over steps, several seeds at once by vmap."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.language.head import log_probabilities

Parameters = Any
"""The model's parameters as a pytree of arrays (`nnx.State`), with a leading axis of seeds."""


@runtime_checkable
class ModelConfig(Protocol):
    """Parts of a model; a pytree, whose large parts are data and no constants."""

    @property
    def vocabulary(self) -> int: ...

    @property
    def context(self) -> int:
        """Most tokens of a block."""
        ...

    def initial(self, key: Key[Array, ""]) -> Parameters:
        """Parameters before the first step, of one seed."""
        ...

    def model(self, parameters: Parameters) -> Any:
        """The model of one seed with these parameters: a `LanguageModel` that also has `step`."""
        ...


def parameter_count(config: ModelConfig) -> int:
    """Parameters that are trained, the embedding among them."""
    shapes = jax.eval_shape(config.initial, jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


@dataclass(frozen=True)
class Training:
    """Settings of a fit: every fit sees `steps * batch` blocks."""

    steps: int
    batch: int = 32
    peak_rate: float = 3e-3
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises from 0; then a cosine to 0."""
    weight_decay: float = 0.1
    """On matrices only."""
    clip: float = 1.0
    """Largest norm of a step's gradient."""

    def __post_init__(self):
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= 1")
        for name in ("peak_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are numbers > 0")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up={self.warm_up}: accepted is [0, 1)")

    def rate(self, step: Any) -> Any:
        """Learning rate of a step."""
        rising = max(round(self.warm_up * self.steps), 1)
        return optax.warmup_cosine_decay_schedule(
            0.0, self.peak_rate, rising, max(self.steps, rising + 1)
        )(step)

    def optimizer(self) -> optax.GradientTransformation:
        return optax.chain(
            optax.clip_by_global_norm(self.clip),
            optax.adamw(
                self.rate,
                b2=0.95,
                weight_decay=self.weight_decay,
                mask=partial(jax.tree.map, lambda parameter: parameter.ndim > 1),
            ),
        )


class TrainState(NamedTuple):
    """Everything a later step depends on; a leading axis of seeds on every array."""

    parameters: Parameters
    optimizer: Any
    step: Int[Array, " seeds"]


class Progress(NamedTuple):
    """Where a fit stands: the state after `step` steps and the mean loss of the latest ones."""

    step: int
    state: TrainState
    losses: Float[np.ndarray, "seeds steps"]


class Divergence(FloatingPointError):
    """A loss that is not finite; the message names the step and the learning rate."""


@partial(jax.jit, static_argnames="training")
def initial_state(
    keys: Key[Array, " seeds"], *, config: ModelConfig, training: Training
) -> TrainState:
    """Fresh parameters for every seed."""

    def one(key):
        parameters = config.initial(key)
        return TrainState(parameters, training.optimizer().init(parameters), jnp.int32(0))

    return jax.vmap(one)(keys)


def mean_loss(
    config: ModelConfig,
    parameters: Parameters,
    tokens: Int[Array, "batch time"],
    scored: Bool[Array, "batch time"] | None = None,
) -> Float[Array, ""]:
    """Nats per token, over all tokens, or all scored ones, but the first of each block."""
    averaged = None if scored is None else scored[:, 1:]
    return -jnp.mean(log_probabilities(config.model(parameters), tokens), where=averaged)


def loss_and_gradient(
    config: ModelConfig, parameters: Parameters, batch: tuple, mesh: Mesh | None
) -> tuple[Float[Array, ""], Parameters]:
    """Mean loss of a batch, and its gradient.

    With a mesh each part of the batch has its own, and they are added in one order: sums that
    devices make among themselves depend, in the last digit, on which host has which of them.
    """
    if mesh is None:
        return jax.value_and_grad(partial(mean_loss, config))(parameters, *batch)
    tokens, scored = batch
    counted = jnp.ones_like(tokens, bool) if scored is None else scored
    total = jnp.sum(counted[:, 1:])

    def placed(x, *axes):
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, P(*axes)))

    def of_part(tokens, counted):
        def loss(parameters):
            said = log_probabilities(config.model(parameters), tokens)
            return -jnp.sum(said, where=counted[:, 1:]) / total

        return jax.value_and_grad(loss)(parameters)

    count = mesh.shape["batch"]
    parts = [placed(x.reshape(count, -1, x.shape[1]), "batch") for x in (tokens, counted)]
    found = jax.vmap(of_part, spmd_axis_name="batch")(*parts)
    return jax.tree.map(lambda x: jnp.sum(placed(x), axis=0), found)


@partial(jax.jit, static_argnames=("training", "mesh"), donate_argnames="state")
def train(
    state: TrainState,
    batches: Int[Array, "seeds steps batch time"],
    scored: Bool[Array, "seeds steps batch time"] | None = None,
    *,
    config: ModelConfig,
    training: Training,
    mesh: Mesh | None = None,
) -> tuple[TrainState, Float[Array, "seeds steps"]]:
    """Some further steps of every seed, and the loss before each of them.

    With a mesh its devices add the gradients of their rows in one order, on CPUs. Accelerators add
    them as is fastest.
    """
    optimizer = training.optimizer()
    if mesh is not None and (mesh.shape["batch"] == 1 or jax.default_backend() != "cpu"):
        mesh = None

    def step(state, batch):
        loss, gradient = loss_and_gradient(config, state.parameters, batch, mesh)
        updates, inner = optimizer.update(gradient, state.optimizer, state.parameters)
        parameters = optax.apply_updates(state.parameters, updates)
        return TrainState(parameters, inner, state.step + 1), loss

    axis = None if mesh is None else "seed"
    return jax.vmap(partial(jax.lax.scan, step), spmd_axis_name=axis)(state, (batches, scored))


def require_finite(losses: np.ndarray, first_step: int, training: Training) -> None:
    """Raises Divergence, naming seed, step and learning rate, for a loss that is not finite."""
    wrong = np.argwhere(~np.isfinite(losses))
    if len(wrong):
        seed, offset = wrong[np.argmin(wrong[:, 1])]
        at = first_step + int(offset)
        raise Divergence(
            f"loss is {losses[seed, offset]} at step {at} of seed {seed}, learning rate "
            f"{float(training.rate(at)):.2e}: accepted are finite losses; lower the learning rate"
        )


def batch_order(
    key: Key[Array, ""], blocks: int, training: Training
) -> Int[np.ndarray, "steps batch"]:
    """Blocks that each step sees: every block once before any is seen again, in random order."""
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    wanted = training.steps * training.batch
    rounds = [generator.permutation(blocks) for _ in range(-(-wanted // blocks))]
    return np.concatenate(rounds)[:wanted].reshape(training.steps, training.batch)
