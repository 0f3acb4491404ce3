"""Batches of rows of one length: gathered from documents, computed, and given back to them."""

from collections import defaultdict
from dataclasses import dataclass, field

import jax
import numpy as np
from jaxtyping import Bool

from collapse_sim.hosts import are_several
from collapse_sim.language.pretrained.load import Pretrained
from collapse_sim.language.pretrained.passes import Task
from collapse_sim.language.pretrained.rows import Window, row_lengths, windows
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.scores import Scores, by_row, of_document
from collapse_sim.language.pretrained.step import (
    Redrawn,
    Rows,
    Scored,
    device_mesh,
    put_rows,
    put_whole,
    redraw,
    score_rows,
)


@dataclass(eq=False)
class Waiting:
    """A document whose windows are being scored."""

    task: Task
    missing: int
    parts: list[tuple[Window, Scores]] = field(default_factory=list)


Row = tuple[Waiting, Window]
Computed = tuple[int, Scored, Redrawn | None]
"""Rows of the batch, with those that hold none, and what is computed of them."""
Dispatched = tuple[int, Computed | Exception]
"""Tokens at once when it was, and what it gives."""


class Batches:
    """A model on its devices, and the shapes in which it is asked."""

    def __init__(
        self,
        model: Pretrained,
        drawable: Bool[np.ndarray, " vocabulary"],
        *,
        max_length: int,
        overlap: int,
        batch_tokens: int,
        devices: list | None,
    ):
        self.config, self.mesh = model.config, device_mesh(devices)
        self.parameters = put_whole(model.parameters, self.mesh)
        self.drawable = put_whole(drawable, self.mesh)
        self.max_length, self.overlap = max_length, overlap
        self.batch_tokens = batch_tokens
        self.lengths = row_lengths(max_length)

    @property
    def tokens_of_all_devices(self) -> int:
        return self.batch_tokens * self.mesh.size

    def rows(self, length: int) -> int:
        """Rows of a batch, over all devices."""
        return max(self.batch_tokens // length, 1) * self.mesh.size

    def halve(self, tokens: int, length: int) -> bool:
        """Compute fewer than so many tokens at once from now on.

        False where that is one row of this length, and on several hosts: no other one would know.
        """
        if are_several():
            return False
        if tokens <= self.batch_tokens:
            self.batch_tokens = max(tokens // 2, length)
        return self.batch_tokens < tokens

    def compute(self, rows: Rows, rule: EditRule | None, passes: int) -> Computed:
        """Start a batch; its results are on their way from the devices."""
        scored = self.score(rows)
        redrawn = None if rule is None else self.redraw(scored, rule, passes)
        return len(rows.tokens), scored, redrawn

    def score(self, rows: Rows) -> Scored:
        """Start a forward pass, from which any number of rules can redraw."""
        size = max(self.batch_tokens, rows.tokens.shape[1])
        placed = put_rows(rows, self.mesh)
        return score_rows(self.parameters, placed, config=self.config, size=size, mesh=self.mesh)

    def redraw(self, scored: Scored, rule: EditRule, passes: int) -> Redrawn | None:
        """Start the replacements of a rule; None where it has none."""
        if not rule.revises:
            return None
        return redraw(
            self.parameters,
            scored,
            self.drawable,
            config=self.config,
            rule=rule,
            passes=passes,
            mesh=self.mesh,
        )


class Running:
    """Rows that wait for company of their length, and the one batch that is being computed."""

    def __init__(self, batches: Batches, rule: EditRule | None, passes: int):
        self._batches, self._rule, self._passes = batches, rule, passes
        self._rows: dict[int, list[Row]] = defaultdict(list)
        self._computed: tuple[list[Row], int, Dispatched] | None = None

    @property
    def is_idle(self) -> bool:
        return self._computed is None and not any(self._rows.values())

    def add(self, task: Task) -> None:
        """Line up the windows of a document."""
        batches = self._batches
        cut = windows(len(task.ids), batches.max_length, batches.overlap)
        waiting = Waiting(task, len(cut))
        for window in cut:
            length = next(size for size in batches.lengths if size >= window.length)
            self._rows[length].append((waiting, window))

    def run_full(self) -> None:
        """Run batches until none is full."""
        while full := [n for n, rows in self._rows.items() if len(rows) >= self._batches.rows(n)]:
            for length in full:
                self._run(length)

    def run_some(self) -> None:
        """Run the fullest batch there is, or else wait for the one that is being computed."""
        lengths = [length for length, rows in self._rows.items() if rows]
        if lengths:
            self._run(max(lengths, key=lambda n: (len(self._rows[n]) / self._batches.rows(n), n)))
        else:
            self._collect()

    def run_for(self, task: Task) -> None:
        """Run a batch with a window of this document, or else wait for the one computed now."""
        for length, rows in self._rows.items():
            if any(waiting.task is task for waiting, _ in rows):
                self._run(length)
                return
        self._collect()

    def _run(self, length: int) -> None:
        most = self._batches.rows(length)
        rows, self._rows[length] = self._rows[length][:most], self._rows[length][most:]
        started = rows, length, self._dispatch(rows, length)
        self._collect()
        self._computed = started

    def _dispatch(self, rows: list[Row], length: int) -> Dispatched:
        tokens = self._batches.batch_tokens
        batch = stacked(rows, length, self._batches.rows(length))
        try:
            return tokens, self._batches.compute(batch, self._rule, self._passes)
        except jax.errors.JaxRuntimeError as error:
            return tokens, error

    def _collect(self) -> None:
        """Give the results to their documents; documents with a further pass are lined up again."""
        if self._computed is None:
            return
        (rows, length, dispatched), self._computed = self._computed, None
        for (waiting, window), row in self._fetched(rows, length, dispatched):
            waiting.parts.append((window, row))
            waiting.missing -= 1
            if not waiting.missing:
                task = waiting.task
                if not task.finish(of_document(waiting.parts, len(task.ids))):
                    self.add(task)

    def _fetched(
        self, rows: list[Row], length: int, dispatched: Dispatched
    ) -> list[tuple[Row, Scores]]:
        """Rows with their scores; a batch that memory does not hold is halved, for good."""
        tokens, computed = dispatched
        try:
            if isinstance(computed, Exception):
                raise computed
            found = by_row(*computed, length=length, devices=self._batches.mesh.size)
            return list(zip(rows, found[: len(rows)], strict=True))
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or not self._batches.halve(tokens, length):
                raise
        most, again = self._batches.rows(length), []
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            again += self._fetched(part, length, self._dispatch(part, length))
        return again


def stacked(rows: list[Row], length: int, most: int) -> Rows:
    """The arrays of a batch of `most` rows; missing rows are empty."""
    tokens = np.zeros((most, length), np.int32)
    first, size, place = (np.zeros(most, np.int32) for _ in range(3))
    key = np.zeros((most, 2), np.uint32)
    for i, (waiting, window) in enumerate(rows):
        ids = waiting.task.ids[window.start : window.start + window.length]
        tokens[i, : len(ids)] = ids
        first[i], size[i], place[i] = window.first, window.length, window.start
        key[i] = waiting.task.key
    return Rows(tokens, first, size, place, key)
