"""Loop that `edit` and `score` share: all shards of this worker, and the words at the end."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collapse_sim.corpus.corpus_run import MANIFEST, CorpusRun
from collapse_sim.corpus.shards import Shard, find_shards, part_of, require_documents
from collapse_sim.corpus.work import COLUMNS, Work
from collapse_sim.record import require_type
from collapse_sim.run_directory import RunDirectory, RunError
from collapse_sim.terminal import BEGUN, progress_bar
from experiments import command_line
from experiments.corpus.engine import MakeEngine, require_model
from experiments.corpus.settings import ScoreSettings, parameters

BATCHES_KEPT = 16
"""Batches after which what is done is kept on disk."""

CHARACTERS = 4
"""About so many of a token."""

NAMED = 6
"""Most files that are named."""

PACKAGES = ("jax", "jaxlib", "numpy", "pyarrow", "tokenizers")


def run(settings: ScoreSettings, name: str, make_engine: MakeEngine) -> None:
    """Process every shard of this worker that is not finished, and say what became of each row.

    Whatever can be refused is refused before the model is loaded.
    """
    scoring = name == "score"
    shards = find_shards(settings.inputs, COLUMNS if scoring else (), tell=print)
    mine, out = part_of(shards, settings.going.workers), require_out(settings)
    require_outside(settings.inputs, out)
    require_model(settings)
    options = settings.reading.made()
    for shard in mine:
        shard.format(options).require_fields()
    require_documents(shards, options)
    config = configuration(settings, name, shards, *stored(out))
    corpus = CorpusRun.checked(out, config, mine, resume=settings.going.resume)
    if settings.going.resume and all(map(corpus.is_finished, mine)):
        report_rows(corpus, corpus.merge(), mine, 0, 0)
        return
    engine = make_engine(settings)
    characters = config["chunk_characters"] or BATCHES_KEPT * engine.batch_tokens * CHARACTERS
    config = configuration(settings, name, shards, engine.digest, characters)
    corpus = CorpusRun.open(out, config, mine, resume=settings.going.resume)
    BEGUN.set(True)
    work = Work.score(engine.editor) if scoring else Work.edit(engine.editor)
    started, done = time.monotonic(), 0
    with progress_bar(None, "documents") as bar:

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            bar.update(rows)

        corpus.process(mine, work, options, characters, advance)
    report_rows(corpus, corpus.merge(), mine, time.monotonic() - started, done)


def configuration(
    settings: ScoreSettings, name: str, shards: Sequence[Shard], digest: str, characters: int
) -> dict[str, Any]:
    """Content of config.json; the same for every worker, as is where chunks are cut."""
    sizes = {shard.name: str(shard.bytes) for shard in shards}
    values = parameters(settings) | {"model_sha256": digest}
    more = {"chunk_characters": characters, "sources": list(settings.inputs)}
    return command_line.stated(f"corpus_{name}", values, PACKAGES, sizes, **more)


def stored(out: Path) -> tuple[str, int]:
    """Digest of the model and size of the chunks of the run in `out`; nothing without one.

    So what is there can be checked before a model is loaded.
    """
    run = RunDirectory(out)
    config = run.config() if run.has_config() else {}
    digest, characters = config.get("parameters", {}).get("model_sha256", ""), 0
    if "chunk_characters" in config:
        characters = config["chunk_characters"]
        require_type(f"{out / 'config.json'}: chunk_characters", characters, int)
    return digest, characters


def report_rows(
    corpus: CorpusRun,
    manifest: dict[str, Any] | None,
    mine: Sequence[Shard],
    seconds: float,
    done: int,
) -> None:
    """Say in a few lines what was read, written and rejected, and where it is.

    Raises RunError where the run is finished and nothing was written.
    """
    records = [corpus.record(shard.name) for shard in mine]
    rows, written, rejected = (
        sum(record[count] for record in records) for count in ("rows", "written", "rejected")
    )
    if rows != written + rejected:
        raise RuntimeError(f"{rows} rows read, {written} written and {rejected} rejected")
    print(f"{rows:,} rows read = {written:,} written + {rejected:,} rejected")
    print(f"{done:,} of them now, in {seconds:.0f} s")
    without = [shard.name for shard in mine if not corpus.record(shard.name)["written"]]
    if without:
        more = f" and {len(without) - NAMED:,} more" if len(without) > NAMED else ""
        print(f"no document was written of {', '.join(without[:NAMED])}{more}")
    if manifest is None:
        unfinished = len(corpus.names()) - len(corpus.records())
        print(f"{corpus.path}: {unfinished} files are left to other workers")
    else:
        print(f"{corpus.path}: data/, {MANIFEST}, rejected.jsonl")
        if not manifest["totals"]["written"]:
            raise RunError(f"{corpus.path}: no document was written: rejected.jsonl says why")


def require_out(settings: ScoreSettings) -> Path:
    if settings.going.out is None:
        raise ValueError("--out: nothing given: accepted is a new directory, or a run's to go on")
    return settings.going.out


def require_outside(inputs: Sequence[str], out: Path) -> None:
    """Raise ValueError for an output that would be input when the folder is read again."""
    for source in inputs:
        if Path(source).is_dir() and out.resolve().is_relative_to(Path(source).resolve()):
            raise ValueError(
                f"--out {out}: lies in INPUT {source}, whose files are read: accepted is a "
                "directory outside it"
            )
