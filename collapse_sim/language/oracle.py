"""A language whose next-token law is known: a Markov source with a Zipf law and confident contexts.

What a model or an edit does to text can be measured against the truth here: exact divergences,
the true probability of every token, the mass that is truly in the tail.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.language.sampling import inverse_distribution
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform

TAIL = 1e-3
"""Tokens of a lower true probability in their context are the tail."""

CLASSES = 4
"""Of the token before the last one, a source of order 2 sees only which class it is in."""

SHARED = 0.1
"""Share of each ordinary law that is the same in all contexts."""

SHIFT = 0.5
"""Of the ranks in a context's own law: (rank + SHIFT)^-exponent, Zipf and Mandelbrot."""


@pytree
@dataclass(frozen=True, eq=False)
class MarkovSource:
    """Text in which the last token, or the last two, decide the law of the next one.

    Order 1 has a context for each token. Order 2 has one for each pair of the last token and the
    class of the token before it, and one more for each first token of a block, whose law is the
    mean over what may stand before the block: so every block is a piece of one stationary text.
    No token is special. Probabilities are float32, in rows that sum to 1 up to rounding.
    """

    table: Float[np.ndarray | Array, "contexts vocabulary"]
    """Law of the next token in each context; context = class * vocabulary + last token."""
    classes: Int[np.ndarray | Array, " vocabulary"]
    """Class of each token; all 0 for order 1."""
    start: Float[np.ndarray | Array, " vocabulary"]
    """Law of the first token of a block: that of all tokens."""
    order: int = static(default=1)

    @staticmethod
    def of(
        laws: Float[np.ndarray, "classes vocabulary vocabulary"],
        classes: Int[np.ndarray, " vocabulary"] | None = None,
    ) -> "MarkovSource":
        """The source with laws[class before the last, last token, next token].

        Order 1 is one class. Raises ValueError for laws that are not positive or do not sum to 1.
        """
        count, vocabulary, _ = laws.shape
        # Once in float32, what is less than 1e-38 is 0.
        if not (laws.min() > 1e-37 and np.abs(laws.sum(axis=-1) - 1).max() < 1e-5):
            raise ValueError(
                f"laws with least {laws.min()}: accepted are positive rows that sum to 1"
            )
        groups = np.zeros(vocabulary, np.int32) if classes is None else classes.astype(np.int32)
        if not (groups.min() >= 0 and groups.max() < count):
            raise ValueError(
                f"classes from {groups.min()} to {groups.max()}: accepted are 0 ... {count - 1}"
            )
        table = laws.reshape(-1, vocabulary).astype(np.float32)
        masses = _stationary(table, groups)
        if count > 1:
            before = masses / masses.sum(axis=0)
            mean = np.einsum("gb,gbc->bc", before, laws)
            table = np.concatenate([table, mean.astype(np.float32)])
        start = masses.sum(axis=0).astype(np.float32)
        return MarkovSource(table, groups, start, 2 if count > 1 else 1)

    @staticmethod
    def zipfian(
        vocabulary: int,
        order: int = 1,
        seed: int = 0,
        exponent: float = 1.0,
        confident_share: float = 0.15,
        confident: float = 0.995,
    ) -> "MarkovSource":
        """A random source in which frequent tokens are frequent everywhere and all laws differ.

        Each context mixes a Zipf law over all tokens (id 0 is the most frequent) with its own:
        exponents from 1 to 3 times `exponent`, ranks in which frequent tokens tend to come first.
        In `confident_share` of the contexts one token has probability `confident`, and none of
        these tokens leads to such a context, so that text does not run in circles. Raises
        ValueError for a vocabulary outside 64 ... 1024 and other values out of range.
        """
        _require_zipfian(vocabulary, order, exponent, confident_share, confident)
        random = np.random.default_rng(seed)
        count = CLASSES if order == 2 else 1
        classes = random.integers(count, size=vocabulary, dtype=np.int32)
        ranks = np.arange(1, vocabulary + 1)
        shared = ranks**-exponent / np.sum(ranks**-exponent)
        shape = count, vocabulary, vocabulary
        # Adding Gumbel numbers orders tokens as if drawn one by one without replacement.
        order_of = np.argsort(-np.log(shared) - random.gumbel(size=shape), axis=-1)
        steepness = exponent * random.uniform(1, 3, (count, vocabulary, 1))
        own = (ranks + SHIFT) ** -steepness
        laws = np.empty(shape)
        np.put_along_axis(laws, order_of, own / own.sum(axis=-1, keepdims=True), axis=-1)
        laws = SHARED * shared + (1 - SHARED) * laws
        sure = _spread(random, count * vocabulary, confident_share).reshape(count, vocabulary)
        for group, last in zip(*np.nonzero(sure), strict=True):
            ranked = order_of[group, last]
            top = ranked[~sure[classes[last], ranked]][0]
            law = laws[group, last]
            law[top] = 0
            law *= (1 - confident) / law.sum()
            law[top] = confident
        return MarkovSource.of(laws, classes)

    @property
    def vocabulary(self) -> int:
        return self.table.shape[-1]

    def contexts(self, tokens: Int[Array | np.ndarray, "*batch time"]) -> Int[Array, "*batch _"]:
        """Row of `table` for each token after the first: its context in the block."""
        tokens, classes = jnp.asarray(tokens), jnp.asarray(self.classes)
        groups = classes[tokens[..., :-2]] if self.order == 2 else 0 * tokens[..., :-2]
        last = self.table.shape[0] // self.vocabulary - 1  # of order 1: the only one
        first = jnp.full_like(tokens[..., :1], last)
        groups = jnp.concatenate([first, groups], axis=-1)[..., : tokens.shape[-1] - 1]
        return groups * self.vocabulary + tokens[..., :-1]

    def log_probabilities(
        self, tokens: Int[Array | np.ndarray, "*batch time"]
    ) -> Float[Array, "*batch _ vocabulary"]:
        """Log of the whole law of each token after the first, given the tokens before it; nats."""
        return jnp.log(jnp.asarray(self.table)[self.contexts(tokens)])

    def surprise(self, tokens: Int[Array | np.ndarray, "*batch time"]) -> Float[Array, "*batch _"]:
        """-log of the true probability of each token after the first, in nats."""
        return -jnp.log(self._probability(tokens))

    def is_tail(self, tokens: Int[Array | np.ndarray, "*batch time"]) -> Bool[Array, "*batch _"]:
        """Tell whether each token after the first had a true probability below TAIL."""
        return self._probability(tokens) < TAIL

    def tail_mass(self, tokens: Int[Array | np.ndarray, "*batch time"]) -> Float[Array, ""]:
        """Share of the tokens, first ones excepted, that are in the tail of their context."""
        return jnp.mean(self.is_tail(tokens), dtype=jnp.float32)

    def kl(
        self,
        tokens: Int[Array | np.ndarray, "*batch time"],
        model_log_probabilities: Float[Array | np.ndarray, "*batch positions vocabulary"],
    ) -> Float[Array, ""]:
        """Mean over the text of KL(source || model) of the next token's law, exactly; nats.

        The model's log laws are those of each token after the first.
        """
        own = self.log_probabilities(tokens)
        return jnp.mean(jnp.sum(jnp.exp(own) * (own - model_log_probabilities), axis=-1))

    @property
    def pairs(self) -> Int[np.ndarray, "vocabulary 2"]:
        """A block of each context of order 1: the tokens after its first one are no matter."""
        return np.repeat(np.arange(self.vocabulary, dtype=np.int32)[:, None], 2, axis=1)

    def kl_of_pairs(
        self, model_log_laws: Float[Array | np.ndarray, "vocabulary vocabulary"]
    ) -> float:
        """KL(source || model) of a token given the one before it, over all text; nats, float64.

        A number of the model, with no text drawn: the model's log laws are those after `pairs`.
        Of a source of order 1.
        """
        own = np.log(np.asarray(self.table, np.float64))
        terms = np.exp(own) * (own - np.asarray(model_log_laws, np.float64))
        return float(np.asarray(self.start, np.float64) @ terms.sum(axis=1))

    def share_where(self, chosen: Bool[np.ndarray, "vocabulary vocabulary"]) -> float:
        """Share of the text whose pairs (context, token) are chosen. Of a source of order 1."""
        laws = np.asarray(self.table, np.float64)
        return float(np.asarray(self.start, np.float64) @ np.where(chosen, laws, 0).sum(axis=1))

    @partial(jax.jit, static_argnames=("blocks", "time"))
    def sample(self, key: Key[Array, ""], blocks: int, time: int) -> Int[Array, "blocks time"]:
        """Independent blocks of text; every position has the law of the whole text.

        Raises ValueError for no blocks and no time.
        """
        if blocks < 1 or time < 1:
            raise ValueError(f"blocks={blocks}, time={time}: accepted are integers >= 1")
        table, classes = jnp.asarray(self.table), jnp.asarray(self.classes)
        numbers = uniform(key, (time, blocks), jnp.float32)
        start = jnp.broadcast_to(jnp.asarray(self.start), (blocks, self.vocabulary))
        first = inverse_distribution(numbers[0], start)

        def step(state, number):
            last, context = state
            token = inverse_distribution(number, table[context])
            return (token, classes[last] * self.vocabulary + token), token

        context = len(table) - self.vocabulary + first
        _, rest = jax.lax.scan(step, (first, context), numbers[1:])
        return jnp.concatenate([first[None], rest]).T

    def stationary(self) -> Float[np.ndarray, " vocabulary"]:
        """Law of a token of the text, in float64 on the host, by power iteration."""
        return self._masses().sum(axis=0)

    def entropy_rate(self) -> float:
        """Entropy of a token given all before it, in nats; on the host."""
        masses = self._masses()
        laws = np.asarray(self.table, np.float64)[: masses.size]
        laws /= laws.sum(axis=-1, keepdims=True)
        return float(-masses.reshape(-1) @ np.sum(laws * np.log(laws), axis=-1))

    def _masses(self) -> Float[np.ndarray, "groups vocabulary"]:
        table = np.asarray(self.table)
        rows = len(table) - (self.vocabulary if self.order == 2 else 0)
        return _stationary(table[:rows], np.asarray(self.classes))

    def _probability(
        self, tokens: Int[Array | np.ndarray, "*batch time"]
    ) -> Float[Array, "*batch _"]:
        return jnp.asarray(self.table)[self.contexts(tokens), jnp.asarray(tokens)[..., 1:]]


def _stationary(
    table: Float[np.ndarray, "contexts vocabulary"], classes: Int[np.ndarray, " vocabulary"]
) -> Float[np.ndarray, "groups vocabulary"]:
    """Stationary mass of each pair (class of the token before the last one, last token)."""
    vocabulary = len(classes)
    laws = table.astype(np.float64).reshape(-1, vocabulary, vocabulary)
    laws /= laws.sum(axis=-1, keepdims=True)
    member = classes == np.arange(len(laws))[:, None]
    masses = np.full(laws.shape[:2], 1 / table.shape[0])
    for _ in range(10_000):
        # Mass of each (last, next) pair; its last token's class is what comes to be before.
        pairs = np.einsum("gb,gbc->bc", masses, laws)
        following = member.astype(float) @ pairs
        following /= following.sum()
        change = np.abs(following - masses).sum()
        masses = following
        if change < 1e-14:
            break
    return masses


def _spread(random: np.random.Generator, count: int, share: float) -> Bool[np.ndarray, " count"]:
    """`share` of the entries, evenly spread from a random start: frequent and rare tokens alike."""
    steps = np.floor(random.uniform() + share * np.arange(count + 1))
    return np.diff(steps) > 0


def _require_zipfian(
    vocabulary: int, order: int, exponent: float, confident_share: float, confident: float
) -> None:
    if not 64 <= vocabulary <= 1024:
        raise ValueError(f"vocabulary={vocabulary}: accepted are integers from 64 to 1024")
    if order not in (1, 2):
        raise ValueError(f"order={order}: accepted are 1 and 2")
    if not 0 < exponent <= 3:
        raise ValueError(f"exponent={exponent}: accepted is (0, 3]")
    if not 0 <= confident_share <= 0.5:
        raise ValueError(f"confident_share={confident_share}: accepted is [0, 0.5]")
    if not 0.5 < confident < 1:
        raise ValueError(f"confident={confident}: accepted is (0.5, 1)")
