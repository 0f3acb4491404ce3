"""Several rules on the same documents: the model reads the original text once for all of them.

Every reading is kept: what the model says of a document as it stands before a pass. Two readings of
one document tell how far an edit moves the probabilities of the tokens behind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from collapse_sim.language.pretrained.batches import Batches, Running, Waiting, stacked
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


@dataclass(eq=False)
class ReadTask(EditTask):
    """A document that is edited and whose readings are kept, each before the text changes."""

    readings: list[Reading] = field(default_factory=list)

    def finish(self, scores: Scores) -> bool:
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
        self, documents: Mapping[str, Int[np.ndarray, " tokens"]], arms: Sequence[Arm]
    ) -> list[list[ReadTask]]:
        """The finished tasks of each arm, one for each document in the order given.

        Documents are tokens by id. Raises ValueError for fewer than 2 tokens, and for more than
        a window holds.
        """
        for name, ids in documents.items():
            if not 2 <= len(ids) <= self.window:
                raise ValueError(f"{name}: {len(ids)} tokens: accepted are 2 to {self.window}")
        tasks = [self._tasks(documents, arm) for arm in arms]
        by_length: dict[int, list[int]] = {}
        for place, ids in enumerate(documents.values()):
            row = next(size for size in self._batches.lengths if size >= len(ids))
            by_length.setdefault(row, []).append(place)
        for length, places in sorted(by_length.items()):
            most = self._batches.rows(length)
            for start in range(0, len(places), most):
                self._read_first(tasks, arms, places[start : start + most], length)
        for arm, own in zip(arms, tasks, strict=True):
            running = Running(self._batches, arm.rule, arm.passes)
            for task in own:
                if task.result is None:
                    running.add(task)
            while not running.is_idle:
                running.run_some()
        return tasks

    def _tasks(self, documents: Mapping[str, np.ndarray], arm: Arm) -> list[ReadTask]:
        plan = Plan(arm.rule, arm.passes, arm.anchored, True, False, self.pieces)
        return [
            ReadTask(
                name, ids, document_key(self.seed, name), plan=plan, original=self.pieces.text(ids)
            )
            for name, ids in documents.items()
        ]

    def _read_first(
        self, tasks: list[list[ReadTask]], arms: Sequence[Arm], places: list[int], length: int
    ) -> None:
        """The original text of some documents of one length, for all arms."""
        windows = [Window(0, 1, len(tasks[0][place].ids)) for place in places]
        rows = [(Waiting(tasks[0][p], 1), w) for p, w in zip(places, windows, strict=True)]
        batch = stacked(rows, length, self._batches.rows(length))
        scored = self._batches.score(batch)
        for arm, own in zip(arms, tasks, strict=True):
            redrawn = self._batches.redraw(scored, arm.rule, arm.passes)
            devices = self._batches.mesh.size
            found = by_row(len(batch.tokens), scored, redrawn, length=length, devices=devices)
            for place, window, row in zip(places, windows, found, strict=False):
                own[place].finish(of_document([(window, row)], window.length))
