"""Small models trained on human text, and on the same text as a pretrained prior edited it.

A block holds the same few tokens of the prior in every text, so that models of one seed differ by
the edited tokens alone: first parameters, blocks and their order are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from tqdm import tqdm

from collapse_sim.experiment.process import Check, Process
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Document
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.tokenizer import encode, train_tokenizer
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import Arrays
from experiments.editing.evidence import Difference
from experiments.editing.pretrained_arms import taught
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_text import HumanText
from experiments.editing.stages import Arms
from experiments.study.arms import process_of
from experiments.study.settings import StudySettings
from experiments.study.study import Study
from experiments.study.texts import Text, Texts, tokenized

STAGE, UNEDITED, LOSS = "pretrain", "unedited", "held-out loss"
NAMES = {"chained": "edited", "chained beta 1.5": "edited beta 1.5"}
"""Of arms as what a model is trained on; others keep theirs."""
GROUP = 24
"""Tokens of the prior in a block."""
CONTEXT = 64
"""Tokens of a block under the small models' tokenizer: what does not fit is left out."""
LEAST_HELD_OUT = 16 * CONTEXT
"""Characters of held-out text, without which nothing is trained."""
HELD_OUT = 2**15
"""Most tokens, of the small models, that they are scored on."""


@dataclass(frozen=True, eq=False)
class Students:
    """Small models of one run."""

    study: Study
    pieces: Pieces
    text: HumanText
    names: Sequence[str]
    """Of the arms whose text they are trained on."""

    @property
    def tokens(self) -> int:
        """Training tokens of all models: what the progress bar counts."""
        return (1 + len(self.names)) * self.study.tokens_of_a_fit

    def arms(self, found: Arrays) -> Arms:
        """What is measured of the models of every text; edits that changed nothing train none."""
        human = np.concatenate(list(self.text.ids.values()))
        values = {UNEDITED: self._trained(UNEDITED, human)}
        for arm in self.names:
            changed = int(np.count_nonzero(found[f"{arm}/edited"] != human))
            if changed:
                name = NAMES.get(arm, arm)
                changes = {"changed": np.full(self.study.seeds, changed / self.text.tokens)}
                values[name] = self._trained(name, found[f"{arm}/edited"]) | changes
        return values

    def _trained(self, name: str, ids: Int[np.ndarray, " tokens"]) -> Arrays:
        documents = np.split(ids, np.cumsum([len(own) for own in self.text.ids.values()])[:-1])
        tokens, scored = grouped(self.study.texts, self.pieces, documents)
        data = Blocks.of(tokens, self.study.seeds, scored)
        place = f"{STAGE}-{name.replace(' >= ', '-').replace(' ', '-')}"
        return self.study.arm(place, self.study.learner(), data)


def student_texts(settings: PretrainedSettings, text: HumanText, pieces: Pieces) -> Texts | None:
    """The human text as small models read it; None where none is to be trained, or no document is
    left to hold out.

    Raises ValueError for a size that there is not and a vocabulary that the text cannot have.
    """
    TransformerConfig.named(settings.size, vocabulary=settings.vocabulary, context=CONTEXT)
    characters = sum(len(document.text) for document in text.held_out)
    if not settings.seeds or characters < LEAST_HELD_OUT:
        return None
    read = [Document(pieces.text(ids), name) for name, ids in text.ids.items()]
    tokenizer = train_tokenizer(read, settings.vocabulary)
    held_out = {"text": tokenized(tokenizer, text.held_out, CONTEXT).cut(HELD_OUT)}
    texts = Texts({}, held_out, tokenizer, {})
    blocks, _ = grouped(texts, pieces, list(text.ids.values()))
    texts.roles["student"] = Text(blocks, np.zeros(len(blocks), np.int64))
    return texts


def students(
    settings: PretrainedSettings,
    text: HumanText,
    texts: Texts,
    pieces: Pieces,
    run: RunDirectory,
    bar: tqdm,
) -> Students:
    """Small models as the settings say."""
    small = StudySettings(
        seeds=settings.seeds,
        seed=settings.seed,
        size=settings.size,
        vocabulary=settings.vocabulary,
        context=CONTEXT,
        tokens=settings.tokens,
        epochs=settings.epochs,
    )
    return Students(Study(small, texts, run, bar), pieces, text, taught(settings))


def grouped(
    texts: Texts, pieces: Pieces, documents: Sequence[Int[np.ndarray, " tokens"]]
) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of GROUP tokens of the prior each, and which of their own tokens are scored: all but
    the end of text that each begins with, and what is empty."""
    groups = [ids[i : i + GROUP] for ids in documents for i in range(0, len(ids), GROUP)]
    encoded = encode(texts.tokenizer, [Document(pieces.text(own), "text") for own in groups])
    tokens = np.zeros((len(groups), CONTEXT), np.int32)
    scored = np.zeros(tokens.shape, bool)
    for row, (own, marks) in enumerate(zip(tokens, scored, strict=True)):
        kept = np.roll(encoded[row], 1)[:CONTEXT]  # the end of text first
        own[: len(kept)] = kept
        marks[1 : max(len(kept), 2)] = True
    return tokens, scored


def student_differences(arms: Arms) -> Iterator[Difference]:
    """Of every text that is edited."""
    for name, values in arms.items():
        if name != UNEDITED:
            unedited = arms[UNEDITED]["held_out_loss"]
            yield Difference(STAGE, name, LOSS, unedited, values["held_out_loss"])


def student_processes(study: Study, settings: PretrainedSettings, arms: Arms) -> list[Process]:
    """Models and their differences: is edited text better, and is it the same to a tolerance, both
    ways (two one-sided tests, Schuirmann 1987)?"""
    found = [process_of(study, STAGE, name, values) for name, values in arms.items()]
    given = {"loss_tolerance": settings.loss_tolerance}
    for difference in student_differences(arms):
        name, notes = f"{difference.arm} - {UNEDITED}", ("edited minus unedited", "the other way")
        checks = [Check("zhu2025.edit_pretrain", LOSS, note=f"nats per token, {notes[0]}")]
        for sign, note in zip((1, -1), notes, strict=True):
            checks.append(
                Check(
                    "lm.edit_neither",
                    LOSS,
                    statistic=lambda values, sign=sign: sign * values[:, -1],
                    given=given,
                    note=f"nats per token, {note}",
                )
            )
        found.append(process_of(study, STAGE, name, {LOSS: difference.values}, checks))
    return found
