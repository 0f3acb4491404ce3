"""Several rules on the same documents: the model reads the original text once for all of them.

Every reading is kept: what the model says of a document as it stands before a pass. Two readings of
one document tell how far an edit moves the probabilities of the tokens behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Int

from collapse_sim.language.pretrained.batches import Batches, Running, Waiting, stacked
from collapse_sim.language.pretrained.kept_scores import KeptScores
from collapse_sim.language.pretrained.load import Pretrained
from collapse_sim.language.pretrained.passes import EditTask, Plan
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rows import Window, document_key
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.scores import Scores, by_row, of_document

WINDOW = 512
"""Tokens of the longest document: it is read in one window."""
BATCH = 4
"""Windows that a device computes at once."""


class Arm(NamedTuple):
    """A rule, how often it is applied, and whether each pass reads the original text again."""

    rule: EditRule
    passes: int = 1
    anchored: bool = False


class Reading(NamedTuple):
    """A document before the pass `number`, and the model's scores of its tokens."""

    number: int
    ids: Int[np.ndarray, " tokens"]
    scores: Scores


@dataclass(eq=False, kw_only=True)
class ReadTask(EditTask):
    """A document that is edited and whose readings are kept, each before the text changes."""

    keep: Callable[[int, Scores], None]
    """Told the place of each reading among them, and its scores."""
    readings: list[Reading] = field(default_factory=list)

    def finish(self, scores: Scores) -> bool:
        self.keep(len(self.readings), scores)
        self.readings.append(Reading(len(self.done) + 1, self.ids, scores))
        return super().finish(scores)


class Reader:
    """A model that reads documents of at most WINDOW tokens and edits them by several rules."""

    def __init__(self, model: Pretrained, *, seed: int = 0, devices: list | None = None):
        """`seed` and a document's id alone decide its random numbers, as in `Editor`."""
        self.model, self.seed = model, seed
        self.pieces = Pieces(model.tokenizer, model.config.vocabulary)
        self.window = min(WINDOW, model.config.context)
        self._batches = Batches(
            model,
            self.pieces.drawable,
            max_length=self.window,
            overlap=1,
            batch_tokens=BATCH * self.window,
            devices=devices,
        )

    def edit(
        self,
        documents: Mapping[str, Int[np.ndarray, " tokens"]],
        arms: Sequence[Arm],
        kept: KeptScores | None = None,
    ) -> list[list[ReadTask]]:
        """The finished tasks of each arm, one for each document in the order given.

        Documents are tokens by id. The model is not asked for what is `kept`, and what it says
        goes there. Raises ValueError for fewer than 2 tokens, and for more than a window holds.
        """
        for name, ids in documents.items():
            if not 2 <= len(ids) <= self.window:
                raise ValueError(f"{name}: {len(ids)} tokens: accepted are 2 to {self.window}")
        kept = kept or KeptScores()
        tasks = [self._tasks(documents, arm, number, kept) for number, arm in enumerate(arms)]
        by_length: dict[int, list[int]] = {}
        for place, ids in enumerate(documents.values()):
            if not all(own[place].readings for own in tasks):
                row = next(size for size in self._batches.lengths if size >= len(ids))
                by_length.setdefault(row, []).append(place)
        for length, places in sorted(by_length.items()):
            while places:
                places = places[self._read_first(tasks, arms, places, length) :]
        for arm, own in zip(arms, tasks, strict=True):
            running = Running(self._batches, arm.rule, arm.passes)
            for task in own:
                if task.result is None:
                    running.add(task)
            while not running.is_idle:
                running.run_some()
        return tasks

    def _tasks(
        self, documents: Mapping[str, np.ndarray], arm: Arm, number: int, kept: KeptScores
    ) -> list[ReadTask]:
        """Tasks that have gone as far as is kept."""
        plan = Plan(arm.rule, arm.passes, arm.anchored, True, False, self.pieces)
        tasks = []
        for place, (name, ids) in enumerate(documents.items()):
            key, original = document_key(self.seed, name), self.pieces.text(ids)
            keep = partial(kept.add, number, place)
            task = ReadTask(id=name, ids=ids, key=key, plan=plan, original=original, keep=keep)
            while task.result is None:
                scores = kept.get(number, place, len(task.readings))
                if scores is None:
                    break
                task.finish(scores)
            tasks.append(task)
        return tasks

    def _read_first(
        self, tasks: list[list[ReadTask]], arms: Sequence[Arm], places: list[int], length: int
    ) -> int:
        """The original text of the first of some documents of one length, for all arms.

        Returns how many; a batch that memory does not hold is halved, for good.
        """
        batches = self._batches
        tokens, most = batches.batch_tokens, batches.rows(length)
        places = places[:most]
        windows = [Window(0, 1, len(tasks[0][place].ids)) for place in places]
        rows = [(Waiting(tasks[0][p], 1), w) for p, w in zip(places, windows, strict=True)]
        try:
            scored = batches.score(stacked(rows, length, most))
            found = [
                by_row(
                    most,
                    scored,
                    batches.redraw(scored, arm.rule, arm.passes),
                    length=length,
                    devices=batches.mesh.size,
                )
                for arm in arms
            ]
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or not batches.halve(tokens, length):
                raise
            return 0
        for own, scores in zip(tasks, found, strict=True):
            for place, window, row in zip(places, windows, scores, strict=False):
                if not own[place].readings:
                    own[place].finish(of_document([(window, row)], window.length))
        return len(places)
