"""Documents of a sample: for --dry-run, and to measure how fast the engine is."""

import itertools
from collections.abc import Callable, Iterator, Sequence

from collapse_sim.corpus.records import ReadOptions, Row, limited
from collapse_sim.corpus.shards import NONE, Shard, find_shards
from collapse_sim.language.pretrained.edited import Document
from experiments.corpus.engine import MakeEngine, make_engine, require_model
from experiments.corpus.running import require_out
from experiments.corpus.settings import EditSettings


def documents(
    shards: Sequence[Shard],
    options: ReadOptions,
    count: int,
    left_out: Callable[[Row], object] = lambda row: None,
) -> list[Document]:
    """The first documents of the files, of each as many, up to `count`.

    `left_out` is told of rows among them that cannot be processed. Raises ValueError where there is
    none that can.
    """
    each = -(-count // len(shards))
    texts = (_texts(shard, options, left_out) for shard in shards)
    rows = (row for found in texts for row in itertools.islice(found, each))
    found = list(itertools.islice(rows, count))
    if not found:
        raise ValueError(NONE.format(shards[0].file.path))
    return found


def by_file(
    shards: Sequence[Shard], options: ReadOptions, characters: int, least: int
) -> list[list[Document]]:
    """Documents of the first files, of each apart, up to so many characters in all.

    A file counts as `least` characters where it has fewer. Raises ValueError where no file has a
    document.
    """
    files: list[list[Document]] = []
    for shard in shards:
        size, own = 0, []
        for document in _texts(shard, options):
            own.append(document)
            size += len(document.text)
            if size >= characters:
                break
        if own:
            files.append(own)
            characters -= max(size, least)
        if characters <= 0:
            break
    if not files:
        raise ValueError(NONE.format(shards[0].file.path))
    return files


def show(settings: EditSettings, make_engine: MakeEngine = make_engine) -> None:
    """Edit a sample and show every edit; writes the page into --out."""
    from experiments.corpus.dry_run import dry_run

    shards, out = find_shards(settings.inputs, tell=print), require_out(settings)
    require_model(settings)
    options = settings.reading.made()
    found = documents(shards, options, settings.dry_run or 1, _say)
    dry_run(make_engine(settings, trace=True).editor, found, out)


def _say(row: Row) -> None:
    print(f"left out {row.id}: {row.reason}")


def _texts(
    shard: Shard, options: ReadOptions, left_out: Callable[[Row], object] = lambda row: None
) -> Iterator[Document]:
    """The documents of a file that can be processed."""
    for row in limited(shard.format(options).rows(), options.limit):
        if row.reason is not None:
            left_out(row)
        elif row.text is not None and row.text.strip():
            yield Document(row.id, row.text)
