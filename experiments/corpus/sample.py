"""Documents of a sample: for --dry-run, and to measure how fast the engine is."""

import itertools
from collections.abc import Iterator, Sequence

from collapse_sim.corpus.records import ReadOptions
from collapse_sim.corpus.shards import Shard, find_shards
from collapse_sim.language.pretrained.edited import Document
from experiments.corpus.engine import MakeEngine, make_engine, require_model
from experiments.corpus.running import require_out
from experiments.corpus.settings import EditSettings


def documents(shards: Sequence[Shard], options: ReadOptions, count: int) -> list[Document]:
    """The first documents of the files, of each as many, up to `count`.

    Raises ValueError where there is none.
    """
    each = -(-count // len(shards))
    rows = (row for shard in shards for row in itertools.islice(_texts(shard, options), each))
    found = list(itertools.islice(rows, count))
    if not found:
        raise ValueError(f"INPUT {shards[0].file.path}: holds no document that can be processed")
    return found


def show(settings: EditSettings, make_engine: MakeEngine = make_engine) -> None:
    """Edit a sample and show every edit; writes the page into --out."""
    from experiments.corpus.dry_run import dry_run

    shards, out = find_shards(settings.inputs), require_out(settings)
    require_model(settings)
    found = documents(shards, settings.reading.made(), settings.dry_run or 1)
    dry_run(make_engine(settings, trace=True).editor, found, out)


def _texts(shard: Shard, options: ReadOptions) -> Iterator[Document]:
    for row in shard.format(options).rows():
        if row.text is not None and row.text.strip():
            yield Document(row.id, row.text)
