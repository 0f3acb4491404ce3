"""Texts edited from Python: a list of them, or a batch of a data set's rows."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from collapse_sim.corpus.json_lines import is_missing
from collapse_sim.language.pretrained.edited import Document, EditedDocument, Rejected
from collapse_sim.language.pretrained.rule import EditRule

if TYPE_CHECKING:
    from collapse_sim.language.pretrained.load import Pretrained

PROVENANCE: dict[str, int | float] = {
    "tokens": 0,
    "eligible": 0,
    "changed": 0,
    "dropped": 0,
    "expected_changed": 0.0,
    "log_probability": 0.0,
}
"""Counts of a text, and what they are where it is not processed."""


def edit(
    texts: Sequence[str] | Mapping[str, Sequence[Any]],
    model: "str | Pretrained",
    rule: EditRule | None = None,
    *,
    ids: Sequence[str] | None = None,
    text_field: str = "text",
    id_field: str = "id",
    **options: Any,
) -> list[EditedDocument | Rejected] | dict[str, Any]:
    """Texts edited by a pretrained model, each with counts of its tokens, in the order given.

    `model` is what `collapse_sim.language.pretrained.load.load` takes, or gives; `options` are
    those of `Editor`: seed, passes, anchored, max_length, overlap, batch_tokens. A text that cannot
    be processed is a `Rejected` with the reason. An id and the seed decide what becomes of a text,
    whatever stands beside it; without ids (or where one is None) equal texts are edited equally.

    A mapping of columns, as `datasets.Dataset.map` gives with `batched=True`, comes back with the
    new text and columns `edit_tokens`, `edit_eligible`, ..., and `edit_rejected`, the reason where
    a text is left as it was (its counts are 0) and else empty: a column has one type in all
    batches. Raises ValueError for a model or option that is not
    accepted, and for a mapping without the field.
    """
    rule = EditRule() if rule is None else rule
    if not isinstance(texts, Mapping):
        if isinstance(texts, str):
            raise ValueError(f"texts={texts!r:.20}: accepted are lists of texts")
        return _edited(list(texts), ids, _editor(model, rule, **options))
    if text_field not in texts:
        raise ValueError(f"text_field={text_field}: accepted are {', '.join(texts)}")
    found = ids if ids is not None else texts.get(id_field)
    results = _edited(list(texts[text_field]), found, _editor(model, rule, **options))
    return {**texts, **_columns(results, list(texts[text_field]), text_field)}


@lru_cache(maxsize=2)
def _editor(model: "str | Pretrained", rule: EditRule, **options: Any) -> Any:
    """The editor: a data set comes in many batches, and its model is loaded once."""
    from collapse_sim.language.pretrained.editor import Editor
    from collapse_sim.language.pretrained.load import Pretrained, load

    loaded = model if isinstance(model, Pretrained) else load(model)
    return Editor(loaded, rule, **options)


def _edited(
    texts: list[Any], ids: Sequence[Any] | None, editor: Any
) -> list[EditedDocument | Rejected]:
    found = [None] * len(texts) if ids is None else list(ids)
    if len(found) != len(texts):
        raise ValueError(f"ids of {len(found)} texts: accepted are {len(texts)}, one of each")
    pairs = zip(texts, found, strict=True)
    names = [_digest(text) if is_missing(id) else str(id) for text, id in pairs]
    documents = (
        Document(name, text)
        for name, text in zip(names, texts, strict=True)
        if isinstance(text, str)
    )
    results = iter(editor.edit(documents))
    return [
        next(results) if isinstance(text, str) else Rejected(name, "no text")
        for name, text in zip(names, texts, strict=True)
    ]


def _digest(text: Any) -> str:
    return hashlib.sha256(str(text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _columns(
    results: Sequence[EditedDocument | Rejected], texts: Sequence[Any], text_field: str
) -> dict[str, list[Any]]:
    """The new columns of a batch."""
    columns: dict[str, list[Any]] = {
        text_field: [
            old if isinstance(result, Rejected) else result.text
            for result, old in zip(results, texts, strict=True)
        ]
    }
    for name, none in PROVENANCE.items():
        columns[f"edit_{name}"] = [getattr(result, name, none) for result in results]
    columns["edit_rejected"] = [getattr(result, "reason", "") for result in results]
    return columns
