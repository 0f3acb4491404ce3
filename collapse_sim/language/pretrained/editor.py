"""Edit or score a stream of documents with a pretrained model."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

import jax
import numpy as np

from collapse_sim.language.pretrained.batches import Batches, Running
from collapse_sim.language.pretrained.edited import (
    Document,
    EditedDocument,
    Rejected,
    ScoredDocument,
)
from collapse_sim.language.pretrained.load import Pretrained
from collapse_sim.language.pretrained.passes import EditTask, Plan, Task
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rows import document_key
from collapse_sim.language.pretrained.rule import EditRule

ENCODED_AT_ONCE = 64
"""Documents."""
LONGEST = 512
BATCHES_HELD = 32
"""Batches whose tokens wait until a slow document before them is done."""


class Editor:
    """Edits documents by a rule with a model, and scores them.

    What becomes of a document depends on its text, its id, the seed and the settings, and on no
    other document: neither on their order nor on how they are divided among processes or devices of
    one kind. Another kind of processor, and a batch halved for want of memory, may round the last
    bit of a probability another way, and so very seldom move a token across the threshold.
    """

    def __init__(
        self,
        model: Pretrained,
        rule: EditRule | None = None,
        *,
        seed: int = 0,
        passes: int = 1,
        anchored: bool = False,
        max_length: int | None = None,
        overlap: int | None = None,
        batch_tokens: int | None = None,
        trace: bool = False,
        score_after: bool = False,
        devices: list | None = None,
    ):
        """Chained passes each read the text that the one before left, anchored ones the original.

        Documents longer than `max_length` tokens (512, or the model's context) are cut into windows
        that overlap by `overlap` tokens (an eighth): each token is scored with at least so many
        tokens before it, where the document has them. `batch_tokens` are computed at once on each
        device. With `trace` a document tells every token; with `score_after` the edited text is
        scored too. Raises ValueError, which begins with the argument.
        """
        context = model.config.context
        max_length = min(LONGEST, context) if max_length is None else max_length
        _require("max_length", max_length, 2, context, "the context")
        overlap = max(max_length // 8, 1) if overlap is None else overlap
        _require("overlap", overlap, 1, max_length - 1, "max_length - 1")
        _require("passes", passes, 1)
        if batch_tokens is None:
            batch_tokens = max_length * (4 if jax.default_backend() == "cpu" else 32)
        _require("batch_tokens", batch_tokens, max_length)
        self.model, self.seed = model, seed
        self.rule = EditRule() if rule is None else rule
        self.max_length, self.overlap = max_length, overlap
        self.passes = passes
        self.pieces = pieces = Pieces(model.tokenizer, model.config.vocabulary)
        self._plan = Plan(self.rule, passes, anchored, trace, score_after, pieces)
        self._batches = Batches(
            model,
            pieces.drawable,
            max_length=max_length,
            overlap=overlap,
            batch_tokens=batch_tokens,
            devices=devices,
        )

    @property
    def batch_tokens(self) -> int:
        """Tokens computed at once on a device; fewer than asked for where memory did not last."""
        return self._batches.batch_tokens

    def edit(self, documents: Iterable[Document]) -> Iterator[EditedDocument | Rejected]:
        """Edited documents in the order given, each as soon as all before it are done."""
        return self._stream(documents, self.rule, self._plan.passes)

    def score(self, documents: Iterable[Document]) -> Iterator[ScoredDocument | Rejected]:
        """Scores of documents in the order given."""
        return self._stream(documents, None, 0)

    def _stream(
        self, documents: Iterable[Document], rule: EditRule | None, passes: int
    ) -> Iterator:
        running = Running(self._batches, rule, passes)
        queue: deque[Task | Rejected] = deque()
        source = iter(documents)
        while some := list(islice(source, ENCODED_AT_ONCE)):
            for task in self._tasks(some, is_edit=rule is not None):
                queue.append(task)
                if isinstance(task, Task):
                    running.add(task)
            running.run_full()
            yield from _ready(queue)
            held = BATCHES_HELD * self._batches.tokens_of_all_devices
            while queue and isinstance(queue[0], Task) and _tokens(queue) > held:
                running.run_for(queue[0])
                yield from _ready(queue)
        while not running.is_idle:
            running.run_some()
            yield from _ready(queue)
        yield from _ready(queue)

    def _tasks(self, documents: list[Document], is_edit: bool) -> Iterator[Task | Rejected]:
        reasons = [_reason(document.text) for document in documents]
        texts = [d.text for d, reason in zip(documents, reasons, strict=True) if reason is None]
        encoded = iter(self.model.encode(texts))
        for document, reason in zip(documents, reasons, strict=True):
            ids = np.zeros(0, np.int32) if reason else next(encoded)
            if reason is None and len(ids) < 2:
                reason = f"{len(ids)} token: accepted are at least 2, as the first has no context"
            if reason is None and is_edit:
                if self._plan.pieces.join(ids) != document.text.encode():
                    reason = "its tokens do not give the text back: accepted is normalised Unicode"
            if reason:
                yield Rejected(document.id, reason)
                continue
            key = document_key(self.seed, document.id)
            if is_edit:
                yield EditTask(document.id, ids, key, plan=self._plan, original=document.text)
            else:
                yield Task(document.id, ids, key)


def _tokens(queue: deque) -> int:
    return sum(len(task.ids) for task in queue if isinstance(task, Task))


def _ready(queue: deque) -> Iterator:
    while queue and (isinstance(queue[0], Rejected) or queue[0].result is not None):
        first = queue.popleft()
        yield first if isinstance(first, Rejected) else first.result


def _reason(text: object) -> str | None:
    """Why a text cannot be processed."""
    if not isinstance(text, str):
        return f"text is {type(text).__name__}: accepted is a string"
    if not text:
        return "no text: accepted are at least two tokens"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"lone surrogate at character {error.start}: accepted is whole Unicode"
    return None


def _require(name: str, value: int, least: int, most: int | None = None, why: str = "") -> None:
    if not isinstance(value, int) or value < least or (most is not None and value > most):
        upper = "" if most is None else f" and <= {most}, {why}"
        raise ValueError(f"{name}={value}: accepted are integers >= {least}{upper}")
