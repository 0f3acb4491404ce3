"""Token-level editing again and again under a frozen prior that is the truth itself."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.language.editing import TokenRule
from collapse_sim.language.oracle import TAIL, MarkovSource
from collapse_sim.language.sampling import Sampler
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform


class _Text(NamedTuple):
    """The second token of each block, and whether no pass has deleted it."""

    tokens: Int[Array, " pairs"]
    kept: Bool[Array, " pairs"]


@pytree
@dataclass(frozen=True, eq=False)
class FrozenEditing:
    """One replicate: blocks [context, token] of the source, edited `passes` times.

    The first token of a block is never edited, so the context stays: the given one, or one from
    the source's stationary law for each block. `rule` decides and `sampler` redraws with the
    source's own law of the token, so nothing is ever learnt. With `context_only` the rule looks at
    the most probable token instead of the one that stands. `drop_below` deletes tokens of at most
    that probability before the edit, as the published script's `low_drop_up_revise` does.
    `chained` passes edit what the last pass left, `anchored` ones the human text.

    Measures are means over all pairs, deleted ones included as pairs that are in no share, so that
    their expectations are exact; generation 1 is the human text.

    Raises ValueError for a source of order 2, a rule that depends on other tokens, and numbers out
    of range.
    """

    source: MarkovSource
    rule: TokenRule = static()
    sampler: Sampler = Sampler()
    context: int | Int[Array | np.ndarray, ""] | None = None
    passes: int = static(default=1)
    pairs: int = static(default=64)
    variant: Literal["chained", "anchored"] = static(default="chained")
    context_only: bool = static(default=False)
    drop_below: float | None = static(default=None)

    def __post_init__(self):
        if self.source.order != 1:
            raise ValueError(f"source of order {self.source.order}: accepted is order 1")
        for name in ("above_share", "blind_share"):
            if (share := getattr(self.rule, name)) is not None:
                raise ValueError(f"{name}={share}: accepted is above or below")
        # Inside a compiled program the context is traced, and not checked.
        if isinstance(self.context, int) and not 0 <= self.context < self.source.vocabulary:
            last = self.source.vocabulary - 1
            raise ValueError(f"context={self.context}: accepted are 0 ... {last}")
        for name in ("passes", "pairs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= 1")
        if self.variant not in ("chained", "anchored"):
            raise ValueError(f"variant={self.variant}: accepted are chained, anchored")
        if self.drop_below is not None and not 0 <= self.drop_below <= 1:
            raise ValueError(f"drop_below={self.drop_below}: accepted is [0, 1]")

    @property
    def generations(self) -> int:
        return self.passes + 1

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """A value for each generation, generations = passes + 1.

        Shares of all pairs: `kept_share`, those not deleted; `top_mass`, the context's most
        probable token; `top_lost`, by how much less that is than in the human text; `tail_mass`,
        tokens of probability below TAIL; `edited_fraction` and `changed_share`, those that the pass
        before redrew and that then were another token, 0 at first. `tail_factor`: mass off the top
        token / its mass under the source. `surprise`: mean of -log P(token), nats, deleted tokens
        counting 0.

        Where only the top token is eligible, the mean of `top_lost` is the total variation from
        the human text. `changed_share` is not: tokens may change while their law stays.
        """
        keys = jax.random.split(key, self.passes + 2)
        context_key, human_key, pass_keys = keys[0], keys[1], keys[2:]
        logits = self._logits(context_key)
        human = _Text(
            self._draw(Sampler(), human_key, logits, jnp.zeros(self.pairs, jnp.int32)),
            jnp.ones(self.pairs, bool),
        )

        def edit(text, pass_key):
            before = human if self.variant == "anchored" else text
            text, eligible = self._edit(pass_key, logits, before)
            changed = text.kept & (text.tokens != before.tokens)
            return text, _measure(logits, human, text, text.kept & eligible, changed)

        untouched = jnp.zeros(self.pairs, bool)
        first = _measure(logits, human, human, untouched, untouched)
        _, later = jax.lax.scan(edit, human, pass_keys)
        return {name: jnp.append(first[name], later[name]) for name in first}

    def _logits(self, key: Key[Array, ""]) -> Float[Array, "contexts vocabulary"]:
        """Log law of the token of each pair; one row when all have the same context."""
        if self.context is not None:
            contexts = jnp.asarray(self.context)[None]
        else:
            start = jnp.log(jnp.asarray(self.source.start))[None]
            contexts = self._draw(Sampler(), key, start, jnp.zeros(self.pairs, jnp.int32))
        return jnp.log(jnp.asarray(self.source.table)[contexts])

    def _draw(
        self,
        sampler: Sampler,
        key: Key[Array, ""],
        logits: Float[Array, "contexts vocabulary"],
        current: Int[Array, " pairs"],
    ) -> Int[Array, " pairs"]:
        numbers = uniform(key, (self.pairs,), jnp.float32)
        if len(logits) == 1:  # the law is then computed once, not for each pair
            return jax.vmap(lambda number, token: sampler.draw(number, logits[0], token))(
                numbers, current
            )
        return sampler.draw(numbers, logits, current)

    def _edit(
        self, key: Key[Array, ""], logits: Float[Array, "contexts vocabulary"], before: _Text
    ) -> tuple[_Text, Bool[Array, " pairs"]]:
        """The text after a pass, and which tokens were redrawn."""
        mask_key, draw_key = jax.random.split(key)
        surprise = _surprise(logits, before.tokens)
        looked_at = jnp.broadcast_to(-logits.max(axis=-1), surprise.shape)
        looked_at = looked_at if self.context_only else surprise
        eligible = jnp.asarray(self.rule.mask(mask_key, 1, looked_at[None, :, None], None))[0, :, 0]
        drawn = self._draw(self.sampler, draw_key, logits, before.tokens)
        kept = before.kept
        if self.drop_below is not None:
            kept &= ~(jnp.exp(-surprise) <= np.float32(self.drop_below))
        return _Text(jnp.where(eligible, drawn, before.tokens), kept), eligible


def _surprise(
    logits: Float[Array, "contexts vocabulary"], tokens: Int[Array, " pairs"]
) -> Float[Array, " pairs"]:
    rows = jnp.zeros_like(tokens) if len(logits) == 1 else jnp.arange(len(tokens))
    return -logits[rows, tokens]


def _measure(
    logits: Float[Array, "contexts vocabulary"],
    human: _Text,
    text: _Text,
    eligible: Bool[Array, " pairs"],
    changed: Bool[Array, " pairs"],
) -> dict[str, Float[Array, ""]]:
    surprise = _surprise(logits, text.tokens)
    top = jnp.argmax(logits, axis=-1)
    was_top, is_top = human.tokens == top, text.tokens == top
    # 1 - a from the other tokens' probabilities: the difference would lose digits.
    stands = jax.nn.one_hot(top, logits.shape[-1], dtype=bool)
    rest = jnp.sum(jnp.where(stands, 0, jnp.exp(logits)), axis=-1)
    values = {
        "kept_share": text.kept,
        "top_mass": text.kept & is_top,
        "top_lost": was_top.astype(jnp.float32) - (text.kept & is_top),
        "tail_factor": jnp.where(text.kept & ~is_top, 1 / rest, 0),
        "tail_mass": text.kept & (jnp.exp(-surprise) < np.float32(TAIL)),
        "edited_fraction": eligible,
        "changed_share": changed,
        "surprise": jnp.where(text.kept, surprise, 0),
    }
    return {name: jnp.mean(value, dtype=jnp.float32) for name, value in values.items()}
