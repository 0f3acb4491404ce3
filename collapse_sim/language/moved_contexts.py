"""One pass of token-level editing over a text in which a changed token moves the next context."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.language.oracle import MarkovSource
from collapse_sim.language.sampling import Sampler
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform


@pytree
@dataclass(frozen=True, eq=False)
class MovedContexts:
    """One replicate: blocks [context, token, next token] of the source, edited once.

    The first token is never edited, so that the next token's law before and after the pass is all
    there is to know of the pair. The source itself is the prior: it decides and it redraws. Raises
    ValueError for a source of order 2 and for numbers out of range.
    """

    source: MarkovSource
    above: float = static(default=0.99)
    """Tokens of at least this probability are redrawn."""
    blocks: int = static(default=256)

    def __post_init__(self):
        if self.source.order != 1:
            raise ValueError(f"source of order {self.source.order}: accepted is order 1")
        if not 0 <= self.above <= 1:
            raise ValueError(f"above={self.above}: accepted is [0, 1]")
        if self.blocks < 1:
            raise ValueError(f"blocks={self.blocks}: accepted are integers >= 1")

    @property
    def generations(self) -> int:
        return 2

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """Shares of all blocks, before the pass and after it: `eligible`, next tokens that a pass
        redraws; `left`, those that were eligible, stand unchanged and are eligible no more;
        `changed`, next tokens that the pass made others (`edited_fraction`: that it redrew)."""
        keys = jax.random.split(key, 5)
        nowhere = jnp.zeros(self.blocks, jnp.int32)
        start = jnp.broadcast_to(
            jnp.log(jnp.asarray(self.source.start)), (self.blocks, self.source.vocabulary)
        )
        context = self._draw(keys[0], start, nowhere)
        token = self._next(keys[1], context)
        following = self._next(keys[2], token)
        edited = self._edited(keys[3], context, token)
        after = self._edited(keys[4], token, following)
        was, now = self._eligible(token, following), self._eligible(edited, after)
        stays = was & (after == following)
        none = jnp.zeros(self.blocks, bool)
        measures = {
            "eligible": (was, now),
            "left": (none, stays & ~now),
            "changed": (none, after != following),
            "edited_fraction": (none, was),
        }
        return {
            name: jnp.stack([jnp.mean(value, dtype=jnp.float32) for value in pair])
            for name, pair in measures.items()
        }

    def _draw(
        self,
        key: Key[Array, ""],
        logits: Float[Array, "blocks vocabulary"],
        current: Int[Array, " blocks"],
    ) -> Int[Array, " blocks"]:
        return Sampler().draw(uniform(key, (self.blocks,), jnp.float32), logits, current)

    def _next(self, key: Key[Array, ""], before: Int[Array, " blocks"]) -> Int[Array, " blocks"]:
        logits = jnp.log(jnp.asarray(self.source.table)[before])
        return self._draw(key, logits, before)

    def _edited(
        self, key: Key[Array, ""], before: Int[Array, " blocks"], token: Int[Array, " blocks"]
    ) -> Int[Array, " blocks"]:
        return jnp.where(self._eligible(before, token), self._next(key, before), token)

    def _eligible(self, before: Int[Array, " blocks"], token: Int[Array, " blocks"]) -> Array:
        return jnp.asarray(self.source.table)[before, token] >= np.float32(self.above)
