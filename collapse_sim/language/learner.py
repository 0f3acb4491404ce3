"""A transformer as a learner: fit, generate, resample; all seeds of a run at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, Key

from collapse_sim.editing import Edit, EditSubset, is_off
from collapse_sim.hosts import fetch, put
from collapse_sim.language import programs
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.human_text import HumanText
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import (
    ModelConfig,
    Parameters,
    Progress,
    Training,
    TrainState,
    batch_order,
    initial_state,
    require_finite,
    train,
)
from collapse_sim.linalg import DType
from collapse_sim.regimes import FreshHuman, Mix, Regime, Verify
from collapse_sim.resampled import Resampled

END_OF_TEXT = 0

HUMAN = 0
"""The number of a seed's human text among its keys; stages have those from 1."""

NUMERIC = (Mix, FreshHuman, Verify, EditSubset)
"""Regimes that average labels, judge them or count them."""


@dataclass(frozen=True, eq=False)
class LanguageLearner:
    """Language models of one configuration, one for each seed.

    Seeds are spread over the mesh's first axis, the rows of a batch over its second; with
    `shard_parameters` so are the parameters' largest axes. None of it changes a result by more
    than rounding.
    """

    config: ModelConfig
    training: Training
    mesh: Mesh
    generation: Sampler = Sampler()
    replacement: Sampler = Sampler()
    prompt: int = 1
    """Tokens of each human block that a synthetic block begins with."""
    rows: int = 256
    """Blocks of each seed that are generated or scored at once."""
    shard_parameters: bool = False
    each_alone: bool = False
    """Each device trains its own seeds, to the last digit as if there were no other."""
    end_of_text: int | None = END_OF_TEXT
    """The token that ends a document; a source of ordinary tokens alone has none."""
    text: HumanText | None = None
    """What a chain begins with; a learner without it has models, but no chain."""
    parts: int = 0
    """Parts of the held-out text, one after the other, whose losses are measured as well: models
    are compared part by part, which tells how far a difference depends on the text."""
    watch: Callable[[int], object] = bool
    """Told, while text is generated, how many tokens there are; its answer means nothing."""

    def __post_init__(self):
        if not 1 <= self.prompt < self.config.context:
            raise ValueError(
                f"prompt={self.prompt}: accepted are integers from 1 to {self.config.context - 1}"
            )

    @property
    def dtype(self) -> DType:
        return np.dtype(np.float32)

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that speaks of labels as numbers, or of statistics."""
        assert self._text is not None
        additive = isinstance(regime, Edit) and not is_off(regime.additive)
        if additive or isinstance(regime, NUMERIC):
            name = "additive edits" if additive else type(regime).__name__
            raise ValueError(
                f"regime={name}: tokens are no numbers; accepted are Accumulate, "
                "AccumulateSubsample, Edit, EditAndDrop, HumanOnly, KeepHuman, Replace"
            )

    def human(self, keys: Key[Array, " seeds"]) -> tuple[Blocks, MarkovSource | None]:
        """Human text, and the law behind it where that is known: then each seed draws its own."""
        text = self._text
        if text.source is None:
            return Blocks.of(text.train, len(keys)), None
        draw = partial(text.source.sample, blocks=text.train.shape[0], time=text.train.shape[1])
        drawn = jax.lax.map(lambda key: draw(jax.random.fold_in(key, HUMAN)), keys)
        return Blocks(np.asarray(drawn)), text.source

    def fresh_human(self, keys: Key[Array, " seeds"], truth: Any, like: Blocks) -> Blocks:
        """Raises ValueError: there is no other human text."""
        raise ValueError("fresh human text: accepted are regimes that need none")

    def fit_keys(
        self, keys: Key[Array, " seeds"]
    ) -> tuple[Key[Array, " seeds"], Key[Array, " seeds"]]:
        """Keys of the first parameters and of the order of blocks."""
        initial, order = (jax.vmap(partial(jax.random.fold_in, data=i))(keys) for i in (2, 3))
        return initial, order

    def fit(self, data: Blocks, keys: Key[Array, " seeds"]) -> Parameters:
        """Parameters after all steps, from fresh ones; raises Divergence as `train` does."""
        initial, order = self.fit_keys(keys)
        *_, last = self.train(order, data, self.start(initial))
        return last.state.parameters

    def measure(
        self, parameters: Parameters, truth: MarkovSource | None
    ) -> dict[str, Float[np.ndarray, " seeds"]]:
        """`held_out_loss` of all text and `held_out_loss/DOMAIN`, in nats per token.

        `held_out_part/I` is that of the blocks of one part. And `kl`, the divergence of the model
        from the true law, where that is known: exactly for a model that sees one token, on the
        held-out contexts for one that sees more.
        """
        held_out, values = self._text.held_out, {}
        seeds = jax.tree.leaves(parameters)[0].shape[0]
        total, count, by_block = np.zeros(seeds), 0, []
        for domain, blocks in held_out.items():
            tokens = np.broadcast_to(blocks, (seeds, *blocks.shape))
            scores = self.score(parameters, tokens).astype(np.float64)
            values[f"held_out_loss/{domain}"] = -scores.mean(axis=(1, 2))
            by_block.append(-scores.mean(axis=2))
            total, count = total - scores.sum(axis=(1, 2)), count + scores[0].size
        values["held_out_loss"] = total / count
        if self.parts:
            parts = np.array_split(np.concatenate(by_block, axis=1), self.parts, axis=1)
            values |= {f"held_out_part/{i}": part.mean(axis=1) for i, part in enumerate(parts)}
        if truth is not None:
            values["kl"] = self._divergence(parameters, truth)
        return values

    def _divergence(
        self, parameters: Parameters, truth: MarkovSource
    ) -> Float[np.ndarray, " seeds"]:
        """Divergence from the true law, nats per token, over held-out or all text."""
        if truth.order == 1 and self.config.context == 2:
            laws = self.laws(parameters, truth.pairs)
            return np.array([truth.kl_of_pairs(law[:, 0]) for law in laws])
        (tokens,) = self._text.held_out.values()
        laws = self.laws(parameters, tokens)
        return np.array([float(truth.kl(tokens, law)) for law in laws])

    @property
    def _text(self) -> HumanText:
        if self.text is None:
            raise ValueError("text=None: accepted for a chain is a HumanText")
        return self.text

    def start(self, keys: Key[Array, " seeds"]) -> TrainState:
        """A state before the first step, with fresh parameters."""
        state = initial_state(keys, config=self.config, training=self.training)
        return self.place(state)

    def start_from(self, keys: Key[Array, " seeds"], parameters: Parameters) -> TrainState:
        """The same with a copy of these parameters, which a fit would else consume."""
        copied = jax.tree.map(lambda x: x.copy(), parameters)
        return self.place(self.start(keys)._replace(parameters=copied))

    def place(self, state: TrainState) -> TrainState:
        """The state on the mesh."""
        return jax.tree.map(lambda x: put(x, self._sharding_of(x)), state)

    def train(
        self, keys: Key[Array, " seeds"], data: Blocks, state: TrainState, *, steps: int = 50
    ) -> Iterator[Progress]:
        """Go on from `state` to the end of training, reporting after every `steps` steps.

        `keys` choose the order of the blocks alone. Raises Divergence for a loss that is not
        finite, ValueError for batches that the mesh does not divide.
        """
        orders = [batch_order(key, data.size, self.training) for key in keys]
        arrays = [np.asarray(array) for array in jax.tree.leaves(data)]
        batch = programs.divided_batches(self.mesh, self.training.batch)
        first = int(np.max(fetch(state.step)))
        while first < self.training.steps:
            last = min(first + steps, self.training.steps)
            chosen = [
                np.stack([own[order[first:last]] for own, order in zip(array, orders)])  # noqa: B905
                for array in arrays
            ]
            run, placed = partial(train, training=self.training), [put(x, batch) for x in chosen]
            if self.each_alone:
                state, losses = programs.on_each(run, self.mesh, state, *placed, config=self.config)
            else:
                mesh = None if self.shard_parameters else self.mesh
                state, losses = run(state, *placed, config=self.config, mesh=mesh)
            require_finite(losses := fetch(losses), first, self.training)
            yield Progress(last, state, losses)
            first = last

    def generate(
        self, keys: Key[Array, " seeds"], parameters: Parameters, like: Blocks, copies: int = 1
    ) -> Blocks:
        """`copies` times as many blocks as `like` has, each beginning with the first tokens of one.

        Or each going on from the human tokens before one, where the text has those. Raises
        ValueError where `like` says which tokens are scored: `respond` writes those.
        """
        if like.scored is not None:
            raise ValueError("scored: accepted are blocks without; `respond` writes scored tokens")
        seeds, size, time = like.labels.shape
        size, parts, before = copies * size, [], self.text and self.text.before
        begin = like.labels[:, :, : self.prompt]
        if before is not None:
            begin = np.broadcast_to(before, (seeds, *before.shape))
        left_out = 0 if before is None else before.shape[1]
        keys = programs.by_seed(keys, self.mesh)
        for part in programs.parts(self.mesh, self.rows, np.tile(begin, (1, copies, 1))):
            made = programs.generate(
                parameters, keys, part.rows, *part.arrays, None, self.generation,
                mesh=self.mesh, config=self.config, time=left_out + time, stop=None,
            )  # fmt: skip
            parts.append(fetch(made)[:, : part.kept, left_out:])
            self.watch(seeds * time * part.end)
        return Blocks(np.concatenate(parts, axis=1))

    def respond(self, keys: Key[Array, " seeds"], parameters: Parameters, data: Blocks) -> Blocks:
        """The same blocks with new responses from their first scored tokens on.

        A response ends with the end of text, the last token that is scored, or with the block.
        Raises ValueError for data that do not say which tokens are scored.
        """
        time, given, parts = data.labels.shape[2], data.given, []
        keys = programs.by_seed(keys, self.mesh)
        for part in programs.parts(self.mesh, self.rows, data.labels, given):
            made = programs.generate(
                parameters, keys, part.rows, *part.arrays, self.generation,
                mesh=self.mesh, config=self.config, time=time, stop=self.end_of_text,
            )  # fmt: skip
            parts.append(fetch(made)[:, : part.kept])
        labels = np.concatenate(parts, axis=1)
        scored = np.arange(time) >= given[:, :, None]
        if self.end_of_text is not None:
            scored[:, :, 1:] &= labels[:, :, :-1] != self.end_of_text
        return Blocks(labels, scored)

    def resample(
        self, keys: Key[Array, " seeds"], parameters: Parameters, data: Blocks
    ) -> Resampled:
        """One forward pass over the tokens as they stand.

        Surprise is -log P(token | those before it) in nats; it is nan at the first token of every
        block and document, and where a token is not scored: those are never edited.
        """
        labels, surprise, keys = [], [], programs.by_seed(keys, self.mesh)
        for part in programs.parts(self.mesh, self.rows, data.labels):
            drawn, surprised = programs.resample(
                parameters, keys, part.rows, *part.arrays, self.replacement,
                mesh=self.mesh, config=self.config, end_of_text=self.end_of_text,
            )  # fmt: skip
            labels.append(fetch(drawn)[:, : part.kept])
            surprise.append(fetch(surprised)[:, : part.kept])
        known = np.concatenate(surprise, 1)
        if data.scored is not None:
            known = np.where(data.scored, known, np.nan)
        return Resampled(np.concatenate(labels, 1), None, known)

    def score(
        self, parameters: Parameters, tokens: Int[np.ndarray, "seeds blocks time"]
    ) -> Float[np.ndarray, "seeds blocks time-1"]:
        """log P of every token but the first of each block, in nats."""
        parts = []
        for part in programs.parts(self.mesh, self.rows, tokens):
            found = programs.score(parameters, *part.arrays, mesh=self.mesh, config=self.config)
            parts.append(fetch(found)[:, : part.kept])
        return np.concatenate(parts, axis=1)

    def laws(
        self, parameters: Parameters, tokens: Int[np.ndarray, "blocks time"]
    ) -> Iterator[Float[np.ndarray, "blocks time-1 vocabulary"]]:
        """For each seed the log law of every token but the first, in nats."""
        parameters = jax.tree.map(fetch, parameters)
        for seed in range(jax.tree.leaves(parameters)[0].shape[0]):
            own = jax.tree.map(lambda x, seed=seed: x[seed], parameters)
            yield np.asarray(programs.laws(own, tokens, config=self.config))

    def _sharding_of(self, array: Array) -> NamedSharding:
        axes: list[str | None] = ["seed"] + [None] * (array.ndim - 1)
        if self.shard_parameters and array.ndim > 2:
            largest = int(np.argmax(array.shape[1:])) + 1
            if array.shape[largest] % self.mesh.shape["batch"] == 0:
                axes[largest] = "batch"
        return NamedSharding(self.mesh, P(*axes))
