"""Word counts as a learner: fit the frequencies of types, draw a corpus from them, fit again.

A unigram model of a corpus. Positions of tokens never matter to it, so a corpus may be its counts:
a billion tokens then cost what a thousand cost.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit, EditSubset
from collapse_sim.linalg import DType
from collapse_sim.masks import looks_at_surprise
from collapse_sim.pytree import pytree, static
from collapse_sim.random_counts import MOST_TOKENS, categorical, hypergeometric, multinomial
from collapse_sim.regimes import Copies, FreshHuman, KeepHuman, Mix, Regime, Replace, Verify
from collapse_sim.resampled import Resampled

Probabilities = Float[Array, " types"]

TAIL_SHARE = 0.1
"""Share of the true mass that makes the tail, from the rarest type up."""


class Truth(NamedTuple):
    """The law of the human tokens, and which of its types make the tail."""

    probabilities: Probabilities
    rare: Bool[Array, " types"]


@pytree
@dataclass(frozen=True)
class Counts:
    """A corpus as counts: `labels[g]` of each type among the `sizes[g]` tokens of block g.

    Tokens of one block are always edited together. `size` is the number of tokens of the human
    data, whatever this data set has.
    """

    labels: Int[Array, "blocks types"]
    sizes: Int[Array, " blocks"]
    size: int = static()

    def share_of(self, mask: Bool[Array, " blocks"]) -> Float[Array, ""]:
        """Share of all tokens under a mask of blocks."""
        return jnp.sum(mask * self.sizes) / self.sizes.sum()

    def exchange(
        self,
        key: Key[Array, ""],
        count: int | Int[Array | np.ndarray, ""],
        drawn: Int[Array, "1 types"],
    ) -> "Counts":
        """`count` of its tokens at random replaced by as many of `drawn`, at random; one block."""
        both = jnp.concatenate([self.labels, drawn])
        take = jax.vmap(hypergeometric, (0, 0, None))
        removed, added = take(jax.random.split(key), both, count)
        return replace(self, labels=self.labels + (added - removed))

    def subset(self) -> "Counts":
        """Mark the tokens as a subset of a pool: they become one block."""
        return replace(
            self,
            labels=self.labels.sum(axis=0, keepdims=True),
            sizes=self.sizes.sum(keepdims=True),
        )

    def pool(self, capacity: int) -> "Counts":
        """Room for `capacity` data sets of the human size, holding this one: counts add up.

        Raises ValueError where they could exceed int32.
        """
        if self.size * capacity > MOST_TOKENS:
            raise ValueError(
                f"samples={self.size}: accepted with {capacity} data sets in a pool are integers "
                f"<= {MOST_TOKENS // capacity}"
            )
        return self.subset()

    def put(self, batch: "Counts", slot: Int[Array, ""]) -> "Counts":
        """The union with `batch`."""
        del slot
        batch = batch.subset()
        return replace(self, labels=self.labels + batch.labels, sizes=self.sizes + batch.sizes)

    def subsample(self, key: Key[Array, ""], filled: Int[Array, ""], size: int) -> "Counts":
        """`size` tokens of a pool drawn without replacement."""
        del filled
        labels = hypergeometric(key, self.labels[0], size)[None]
        return replace(self, labels=labels, sizes=jnp.full_like(self.sizes, size))


@pytree
@dataclass(frozen=True, eq=False)
class CategoricalLearner:
    """Frequencies of types in `samples` tokens, drawn at first from the law `probabilities`.

    As `statistics` a corpus is its counts, in blocks of `sizes` tokens (default: one block), of
    which a mask then speaks; as `rows` it is every token. A chain that has one type left stays
    there.

    Raises ValueError for probabilities that are negative or do not sum to 1 within 1e-6, fewer
    than two types, samples < 1 or above 2^31 - 1, and sizes that do not add up to `samples`.
    """

    probabilities: Float[np.ndarray | Array, " types"]
    samples: int = static()
    representation: Literal["rows", "statistics"] = static(default="statistics")
    sizes: Int[np.ndarray | Array, " blocks"] | None = None
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if not 1 <= self.samples <= MOST_TOKENS:
            raise ValueError(f"samples={self.samples}: accepted are integers from 1 to 2^31 - 1")
        if self.representation not in ("rows", "statistics"):
            raise ValueError(f"representation={self.representation}: accepted are rows, statistics")
        law, sizes = self.probabilities, self.sizes
        # Inside a compiled program there are no values.
        if isinstance(law, np.ndarray | jax.Array) and not isinstance(law, Tracer):
            _require_law(np.asarray(law))
        if isinstance(sizes, np.ndarray | jax.Array) and not isinstance(sizes, Tracer):
            if self.representation == "rows":
                raise ValueError(f"sizes={sizes}: accepted with representation=statistics")
            if sizes.min() < 1 or sizes.sum() != self.samples:
                raise ValueError(
                    f"sizes={sizes}: accepted are integers >= 1 that add up to {self.samples}"
                )

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        if isinstance(regime, Mix):
            raise ValueError("averages of types are no types: accepted is no Mix")
        if isinstance(regime, Edit) and isinstance(regime.additive, bool | np.ndarray):
            if regime.additive:
                raise ValueError("types have no noise-free part: accepted are chained, anchored")
        if isinstance(regime, EditSubset) and isinstance(regime.count, int):
            if regime.count > self.samples:
                raise ValueError(
                    f"count={regime.count}: accepted are integers from 0 to {self.samples}"
                )
        if self.representation == "rows":
            if isinstance(regime, Replace) and regime.growing:
                raise ValueError(
                    "rows cannot grow in number: accepted is representation=statistics"
                )
            return
        if isinstance(regime, Edit) and looks_at_surprise(regime.policy):
            raise ValueError("confidence masks look at tokens: accepted is representation=rows")
        if isinstance(regime, Verify):
            raise ValueError("counts have no tokens to reject: accepted is representation=rows")
        if isinstance(regime, KeepHuman):
            kept = round(regime.human_share * self.samples)
            raise ValueError(
                "counts have no positions to keep: accepted, and the same in law, is "
                f"EditSubset({self.samples - kept}, anchored=True)"
            )
        blocks = self.sizes.shape[0] if isinstance(self.sizes, np.ndarray | jax.Array) else 1
        if isinstance(regime, EditSubset | FreshHuman) and blocks > 1:
            raise ValueError(
                f"a subset of all tokens divides blocks: accepted with {type(regime).__name__} is "
                f"one block, not {blocks}"
            )

    def human(self, key: Key[Array, ""]) -> tuple[Sample | Counts, Truth]:
        """The human data of one replicate, and the law behind them."""
        law = jnp.asarray(self.probabilities, self.dtype)
        truth = Truth(law, rarest(law))
        if self.representation == "rows":
            empty = Sample.of(jnp.zeros(self.samples, jnp.int32), self.dtype)
        else:
            given = np.asarray([self.samples]) if self.sizes is None else self.sizes
            sizes = jnp.asarray(given, jnp.int32)
            empty = Counts(jnp.zeros((*sizes.shape, *law.shape), jnp.int32), sizes, self.samples)
        return _draw(key, law, empty), truth

    def fit(self, data: Sample | Counts, key: Key[Array, ""] | None = None) -> Probabilities:
        """The frequency of each type, that is maximum likelihood; needs no key."""
        del key
        if isinstance(data, Counts):
            counts = data.labels.sum(axis=0)
            return counts.astype(self.dtype) / data.sizes.sum().astype(self.dtype)
        counts = jnp.zeros(self.probabilities.shape, self.dtype)
        return counts.at[data.labels].add(data.weights) / data.count

    def generate(
        self, key: Key[Array, ""], params: Probabilities, like: Sample | Counts, copies: Copies = 1
    ) -> Sample | Counts:
        """New tokens; of blocks `copies` times as many, rounded down to whole tokens.

        More than 2^31 - 1 tokens are none, and the next fit is nan.
        """
        if isinstance(like, Counts) and not (isinstance(copies, int) and copies == 1):
            sizes = like.sizes * copies
            if jnp.issubdtype(sizes.dtype, jnp.floating):
                sizes = jnp.floor(sizes)
            # More than int32 holds is made no data: a fit to none is nan, which ends a run.
            fits = like.sizes.sum().astype(self.dtype) * copies < MOST_TOKENS
            like = replace(like, sizes=jnp.where(fits, sizes, 0).astype(jnp.int32))
        return _draw(key, params, like)

    def resample(
        self, key: Key[Array, ""], params: Probabilities, data: Sample | Counts
    ) -> Resampled:
        """Draw every token anew.

        Surprise is -log P of each token in nats, infinite where the model knows it no more. Counts
        have no tokens and surprise nobody.
        """
        drawn = _draw(key, params, data).labels
        if isinstance(data, Counts):
            return Resampled(drawn, None, jnp.zeros(data.sizes.shape, self.dtype))
        return Resampled(drawn, None, -jnp.log(params[data.labels]))

    def fresh_human(
        self, key: Key[Array, ""], truth: Truth, like: Sample | Counts
    ) -> Sample | Counts:
        """A new draw of human data."""
        return _draw(key, truth.probabilities, like)

    def measure(self, params: Probabilities, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Measures of variety: the types that are left.

        `heterozygosity` is the chance that two draws differ, 1 - sum p^2; `squared_distance` that
        of the probabilities to the truth; `entropy` is in nats; `surviving_types` the number of
        types with any probability, `absorbed` 1 if that is one type. `tail_mass` is the mass now
        on the tail: from the rarest type of the truth up, as many types as together have at most
        a tenth of its mass; 0 if the rarest has more. `first_type` is the probability of type 0,
        `first_type_alive` 1 while it has any.
        """
        surviving = jnp.sum(params > 0, dtype=self.dtype)
        logs = jnp.log(jnp.where(params > 0, params, 1))
        return {
            # Not 1 - sum p^2, which cancels where one type has nearly all.
            "heterozygosity": jnp.sum(params * (1 - params)),
            "squared_distance": jnp.sum((params - truth.probabilities) ** 2),
            "entropy": -jnp.sum(params * logs),
            "surviving_types": surviving,
            "absorbed": (surviving == 1).astype(self.dtype),
            "tail_mass": jnp.sum(jnp.where(truth.rare, params, 0)),
            "first_type": params[0],
            "first_type_alive": (params[0] > 0).astype(self.dtype),
        }


def rarest(law: Probabilities) -> Bool[Array, " types"]:
    """Rarest types, as many as together have at most TAIL_SHARE of the mass."""
    rarest_first = jnp.argsort(law)
    # A law that reaches the share exactly must not miss it by rounding.
    within = jnp.cumsum(law[rarest_first]) <= TAIL_SHARE * (1 + 1e-5)
    return jnp.zeros(law.shape, bool).at[rarest_first].set(within)


def _draw(key: Key[Array, ""], law: Probabilities, like: Sample | Counts) -> Sample | Counts:
    """Draw as many tokens of a law as `like` has, in the same places."""
    if isinstance(like, Sample):
        return replace(like, labels=categorical(key, law, like.labels.shape, law.dtype))
    keys = jax.random.split(key, like.sizes.shape[0])
    draw = jax.vmap(lambda key, size: multinomial(key, size, law, law.dtype))
    return replace(like, labels=draw(keys, like.sizes))


def _require_law(law: np.ndarray) -> None:
    if law.ndim != 1 or law.shape[0] < 2:
        raise ValueError(f"probabilities of shape {law.shape}: accepted are two or more types")
    if not (law >= 0).all() or not abs(law.sum(dtype=np.float64) - 1) <= 1e-6:
        raise ValueError(
            f"probabilities from {law.min()} to {law.max()} with sum {law.sum()}: accepted are "
            "numbers >= 0 that sum to 1 within 1e-6"
        )
