"""The analysis of a study's own texts, and students of selections of the synthetic one."""

from typing import NamedTuple

import numpy as np

from collapse_sim.text.coverage import coverage
from experiments.fraction.analysis import Analysis, analyse
from experiments.fraction.arms import Arm, Author, selected_arms, write
from experiments.fraction.selections import selections_of
from experiments.study.study import Study

POOL = 2
"""Synthetic text to select from, in units of the text that is selected."""


class Analysed(NamedTuple):
    """Part of a study that --analyse adds."""

    analysis: Analysis
    """Of the first seed's text."""
    coverage: np.ndarray
    """Share of the human documents between the synthetic quantiles of 1 and 99 %, by seed."""
    arms: list[Arm]
    """Students of each selection."""


def analyse_study(study: Study, author: Author) -> Analysed:
    """Judge, compare and select the synthetic text of one author; a document is a block.

    Every seed has a judge of its own, trained on documents of neither students nor generators.
    Human blocks are clustered by the document in which they begin; synthetic ones are written
    independently of one another.
    """
    texts, learner, human = study.texts, study.learner(), study.human("student")
    pool = write(study, author, POOL)
    judge = study.fit("judge", "judge", learner, study.human("judge"))
    people, model = (np.exp(study.block_losses(learner, judge, data)) for data in (human, pool))
    size, blocks = human.size, texts.roles["student"].blocks
    written = texts.written(blocks)
    synthetic = [texts.written(own) for own in np.asarray(pool.labels)]
    analysis = analyse(
        written,
        synthetic[0][:size],
        people[0],
        model[0, :size],
        seed=study.settings.seed,
        tokens=(blocks, np.asarray(pool.labels)[0, :size]),
        vocabulary=texts.vocabulary,
        clusters=(texts.roles["student"].documents, np.arange(size)),
    )
    covered = [coverage(*pair) for pair in zip(people, model[:, :size], strict=True)]
    kept: dict[str, list[np.ndarray]] = {}
    for seed, own in enumerate(synthetic):
        for selection in selections_of(written, own, model[seed], size, seed):
            kept.setdefault(selection.name, []).append(selection.kept)
    return Analysed(analysis, np.array(covered), list(selected_arms(study, author, kept, pool)))
