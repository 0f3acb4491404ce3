"""Work on a chunk of documents: edited or scored, written or rejected, and counted."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from collapse_sim.corpus.records import Chunk, Output, Row
from collapse_sim.corpus.sums import Sums
from collapse_sim.language.pretrained.edited import Document, Rejected

DECILES = tuple(f"decile_{tenth}" for tenth in range(10))
SCORED = ("tokens", "log_probability", *DECILES)
EDITED = (
    *SCORED, "eligible", "changed", "dropped", "expected_changed", "characters",
    "characters_after", "tokens_after", "log_probability_after",
)  # fmt: skip
COLUMNS = ("log_probability", "tokens", "perplexity")
"""What scoring adds to a row."""

Process = Callable[[Iterable[Document]], Iterator[Any]]


@dataclass(frozen=True)
class Work:
    """Editing or scoring: the engine's method, and the part of each result that is kept."""

    process: Process
    measures: tuple[str, ...]
    columns: tuple[str, ...] = ()

    @classmethod
    def edit(cls, editor: Any) -> "Work":
        return cls(editor.edit, EDITED)

    @classmethod
    def score(cls, editor: Any) -> "Work":
        return cls(editor.score, SCORED, COLUMNS)

    def output(self, row: Row, result: Any) -> Output:
        if self.columns:
            columns = {name: getattr(result, name) for name in self.columns}
            return Output(row, None, columns)
        return Output(row, result.text)

    def measured(self, row: Row, result: Any) -> dict[str, int | float]:
        found: dict[str, int | float] = dict(zip(DECILES, result.deciles, strict=True))
        if "characters" in self.measures:
            after = result.log_probability_after
            found |= {
                "characters": len(row.text or ""),
                "characters_after": len(result.text),
                "tokens_after": result.tokens - result.dropped,
                "log_probability_after": math.nan if after is None else after,
            }
        return found | {name: getattr(result, name) for name in self.measures if name not in found}


@dataclass
class Done:
    """A chunk that was processed."""

    outputs: list[Output] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    written: int = 0
    changed: int = 0
    """Documents whose text is another one now."""
    measured: list[dict[str, int | float]] = field(default_factory=list)
    passes: list[dict[str, int]] = field(default_factory=list)
    """Counts of each pass, as in PassCounts."""

    def json(self, measures: tuple[str, ...]) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "written": self.written,
            "rejected": len(self.rejected),
            "changed_documents": self.changed,
            "passes": self.passes,
            "sums": Sums.of(self.measured, measures).json(),
        }


def process(chunk: Chunk, work: Work, unwritable: Callable[[str], str | None]) -> Done:
    """Process the documents of a chunk, in order; each is written or rejected, none is lost."""
    results = work.process(Document(row.id, row.text) for row in chunk.rows if row.text is not None)
    done = Done(rows=chunk.count)
    for row in chunk.rows:
        if not row.is_row:
            done.outputs.append(Output(row))
            continue
        result = next(results, None) if row.text is not None else None
        if result is None and row.text is not None:
            raise RuntimeError("fewer results than documents")
        reason = row.reason or _refused(row, result, work, unwritable)
        if reason is not None:
            done.rejected.append({"row": row.number, "id": row.id, "reason": reason})
            continue
        done.outputs.append(work.output(row, result))
        done.written += 1
        done.changed += not work.columns and result.text != row.text  # type: ignore[union-attr]
        done.measured.append(work.measured(row, result))
        add_passes(done.passes, map(asdict, getattr(result, "passes", ())))
    if next(results, None) is not None:
        raise RuntimeError("more results than documents")
    return done


def add_passes(total: list[dict[str, int]], more: Iterable[Mapping[str, int]]) -> None:
    """Add the counts of each pass to those of the same pass."""
    for place, counts in enumerate(more):
        if place == len(total):
            total.append(dict.fromkeys(counts, 0))
        for name, count in counts.items():
            total[place][name] += count


def _refused(
    row: Row, result: Any, work: Work, unwritable: Callable[[str], str | None]
) -> str | None:
    if isinstance(result, Rejected):
        return result.reason
    is_as_it_was = work.columns or result.text == row.text
    return None if is_as_it_was else unwritable(result.text)
