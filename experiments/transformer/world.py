"""The human text of a run, how it is scored, and the regimes by name."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Key

from collapse_sim.editing import Edit
from collapse_sim.language import corpus, measures, tokenizer
from collapse_sim.language.calibrated import Sure, calibrated_source
from collapse_sim.language.editing import EditAndDrop, TokenRule
from collapse_sim.language.human_text import HumanText
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.language.pretrained.load import Pretrained
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    HumanOnly,
    KeepHuman,
    Regime,
    Replace,
)
from experiments.transformer.pretrained import human_text, load_base
from experiments.transformer.settings import Settings
from theory.language.printed import EDITED_SHARE, PROBABILITY_DECILES

HELD_OUT = 0.1
ROLES = ("source", "chains", "token_rule")
STREAM = ROLES.index("chains")
"""Of the random numbers of all chains: they are compared in pairs."""
ORACLE_HELD_OUT = 20_000
"""Tokens of the held-out text of a language made up."""
SURE = 0.9985
"""Probability of the tokens that stand for the published ones of at least 0.99: so far above it
that a model knows from 200 tokens of a context."""


@dataclass(frozen=True, eq=False)
class World:
    """Text of a run, and how it was made."""

    text: HumanText
    vocabulary: int
    sources: dict[str, Any]
    tokenizer: str | None = None
    note: str = ""
    """What was read, in one line."""
    base: Pretrained | None = None
    """The model that is fine-tuned."""

    @cached_property
    def counts(self) -> np.ndarray:
        """Counts of each token in the human training text."""
        return measures.token_counts(self.text.train, self.vocabulary)


def root_key(seed: int, role: str) -> Key[Array, ""]:
    """The key that all keys of one part of a run are made from; parts share none."""
    return jax.random.fold_in(jax.random.key(seed), ROLES.index(role))


def make_world(settings: Settings) -> World:
    """Read, split and tokenize; raises ValueError for a corpus that cannot be used."""
    if settings.corpus in SOURCES:
        return _made_up(settings)
    base = load_base(settings) if settings.base else None
    read = corpus.read_corpus(settings.corpus)
    if base is not None:
        text, about = human_text(settings, read.documents, base)
        return World(text, base.config.vocabulary, about, note=read.note, base=base)
    # A little more text than is asked for: a token is rarely longer than eight characters.
    documents = corpus.take(read.documents, 8 * settings.tokens)
    made = tokenizer.tokenize(
        documents,
        vocabulary=settings.vocabulary,
        time=settings.context,
        held_out=HELD_OUT,
        tokens=settings.tokens,
    )
    text = HumanText(made.train, made.held_out)
    saved = tokenizer.save(made.tokenizer)
    return World(text, made.vocabulary, made.sources, saved, note=read.note)


def _published(settings: Settings) -> MarkovSource:
    """The source in whose text probabilities have the published histogram."""
    deciles = np.asarray(PROBABILITY_DECILES) / 100
    sure = Sure(EDITED_SHARE[0] / 100, SURE)
    return calibrated_source(deciles, sure, vocabulary=settings.vocabulary, seed=settings.seed)


SOURCES = {
    "oracle": lambda settings: MarkovSource.zipfian(settings.vocabulary, seed=settings.seed),
    "published": _published,
}
"""Languages made up, by the name of their corpus."""


def _made_up(settings: Settings) -> World:
    source = SOURCES[settings.corpus](settings)
    train_key, held_out_key = jax.random.split(root_key(settings.seed, "source"))
    blocks = max(settings.tokens // settings.context, 1)
    held_out = max(ORACLE_HELD_OUT // settings.context, 1)
    text = HumanText(
        np.asarray(source.sample(train_key, blocks, settings.context)),
        {settings.corpus: np.asarray(source.sample(held_out_key, held_out, settings.context))},
        source,
    )
    about = {"seed": settings.seed, "entropy_rate": float(source.entropy_rate())}
    return World(text, settings.vocabulary, {settings.corpus: about})


def make_regime(settings: Settings, name: str) -> Regime:
    """The regime of one arm."""
    plain = {
        "human_only": HumanOnly(),
        "replace": Replace(),
        "keep_human": KeepHuman(settings.human_share),
        "accumulate": Accumulate(),
        "subsample": AccumulateSubsample(),
    }
    if name in plain:
        return plain[name]
    unset = settings.edit_above is None and settings.edit_below is None
    by_share = unset or name == "edit_share"
    rule = TokenRule(
        None if by_share else settings.edit_above,
        settings.edit_below,
        settings.edit_share if by_share else None,
    )
    if name.startswith("edit_blind"):
        rule = TokenRule(blind_share=settings.edit_share)
    if settings.strategy == "filter":
        rule = TokenRule()
    variants = ("anchored", "frozen")
    edit = Edit.of(rule, next((own for own in variants if name.endswith(own)), "chained"))
    if settings.strategy == "revise":
        return edit
    return EditAndDrop(edit, settings.drop_below)
