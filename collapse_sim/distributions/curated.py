"""A categorical law retrained on the draws that are chosen among several."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform


@pytree
@dataclass(frozen=True, eq=False)
class CuratedTokens:
    """Tokens of one replicate: each is chosen among `choices` draws of the present law.

    A draw is chosen with a chance in proportion to the exponential of its reward (Bradley, Terry
    and Luce). The next law is that of the `samples` chosen tokens. Generation 1 is the law itself.
    """

    law: Float[np.ndarray | Array, " types"]
    rewards: Float[np.ndarray | Array, " types"]
    choices: int = static()
    samples: int = static()
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        law: Float[np.ndarray, " types"],
        rewards: Float[np.ndarray, " types"],
        *,
        choices: int = 2,
        samples: int,
        generations: int,
        dtype: DType = jnp.float32,
    ) -> "CuratedTokens":
        """Raises ValueError for a law that does not sum to 1, rewards that are not finite or not
        one for each type, and numbers below 1."""
        if not (law >= 0).all() or abs(law.sum() - 1) > 1e-6:
            raise ValueError(f"law={law}: accepted are probabilities that sum to 1")
        if rewards.shape != law.shape or not np.isfinite(rewards).all():
            raise ValueError(f"rewards={rewards}: accepted are {len(law)} finite numbers")
        counts = {"choices": choices, "samples": samples, "generations": generations}
        for name, count in counts.items():
            if count < 1:
                raise ValueError(f"{name}={count}: accepted are integers >= 1")
        return CuratedTokens(law, rewards, choices, samples, generations, dtype)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """`exponential_reward`, the mean of e^reward, and the share of the first type."""
        law, rewards = (jnp.asarray(x, self.dtype) for x in (self.law, self.rewards))

        def curate(law, key):
            draw_key, choice_key = jax.random.split(key)
            shape = (self.choices, self.samples)
            # Of the types but the last: a sum of probabilities may round to less than 1.
            places = uniform(draw_key, shape, self.dtype)[..., None] > jnp.cumsum(law)[:-1]
            types = jnp.sum(places, axis=-1)
            # The largest of rewards with Gumbel noise is one draw of the softmax.
            noise = -jnp.log(-jnp.log(uniform(choice_key, shape, self.dtype)))
            chosen = jnp.argmax(rewards[types] + noise, axis=0)
            kept = jnp.take_along_axis(types, chosen[None], axis=0)[0]
            counts = jnp.sum(kept[:, None] == jnp.arange(law.shape[0]), axis=0)
            law = counts.astype(self.dtype) / self.samples
            return law, law

        keys = jax.random.split(key, self.generations - 1)
        laws = jnp.concatenate([law[None], jax.lax.scan(curate, law, keys)[1]])
        return {
            "exponential_reward": jnp.sum(laws * jnp.exp(rewards), axis=1),
            "first_share": laws[:, 0],
            "edited_fraction": (jnp.arange(self.generations) > 0).astype(self.dtype),
        }
