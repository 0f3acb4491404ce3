"""One shard from its rows to its file: in chunks, each kept on disk, so that a kill costs one."""

import contextlib
import glob
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from collapse_sim.corpus.records import ReadOptions, chunks, limited
from collapse_sim.corpus.shards import Format, Shard
from collapse_sim.corpus.sums import Sums
from collapse_sim.corpus.work import Work, add_passes, process
from collapse_sim.json_text import parse_json, sealed, unsealed
from collapse_sim.lock import HeldError, take
from collapse_sim.run_directory import TEMPORARY, RunError, dump_json, write_atomically

COUNTS = ("rows", "written", "rejected", "changed_documents")


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass
class Finished:
    """Sum of the finished chunks of a shard; memory does not grow with their number."""

    sums: Sums
    chunks: int = 0
    places: int = 0
    """Of the file, rows and blank lines."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    passes: list[dict[str, int]] = field(default_factory=list)

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add a chunk, the next one."""
        self.chunks += 1
        self.places += chunk["places"]
        for name in COUNTS:
            self.counts[name] += chunk[name]
        add_passes(self.passes, chunk["passes"])
        self.sums = Sums.merged([self.sums, Sums.of_json(chunk["sums"])], self.sums.names)


@dataclass(frozen=True)
class Places:
    """Places of a shard's files in a run."""

    out: Path
    name: str

    @property
    def data(self) -> Path:
        return self.out / "data" / self.name

    @property
    def record(self) -> Path:
        return self.out / "parts" / f"{self.name}.json"

    @property
    def rejected(self) -> Path:
        return self.out / "parts" / f"{self.name}.rejected.jsonl"

    @property
    def chunks(self) -> Path:
        return self.out / "checkpoints" / self.name

    def chunk(self, number: int, ending: str) -> Path:
        return self.chunks / f"{number:08}{ending}"

    def finished_chunk(self, number: int) -> dict[str, Any] | None:
        """Counts of a chunk; None where it is not finished or its files are damaged, which is said.

        A chunk without counts is computed anew, with all that follow.
        """
        path = self.chunk(number, ".json")
        if not path.is_file():
            return None
        try:
            counts = unsealed(parse_json(path.read_text()))
            if counts["files"] == self.chunk_digests(number):
                return counts
        except (OSError, ValueError):
            pass
        print(f"{path}: cannot be read, is computed anew", file=sys.stderr)
        return None

    def chunk_digests(self, number: int) -> list[str]:
        """Of what a chunk wrote and rejected."""
        return [sha256(self.chunk(number, ending)) for ending in (".part", ".rejected")]

    def prepare(self) -> None:
        """Make the folders; remove the half-written files of a killed process."""
        for path in (self.data, self.record, self.chunks / "chunk"):
            path.parent.mkdir(parents=True, exist_ok=True)
        for path in (self.data, self.record, self.rejected):
            pattern = f".{glob.escape(path.stem)}{TEMPORARY}*{glob.escape(path.suffix)}"
            for left in path.parent.glob(pattern):
                left.unlink()
        for left in self.chunks.glob(f".*{TEMPORARY}*"):
            left.unlink()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from the shard; raises RunError where one is at work on it."""
        lock = self.chunks.with_name(f"{self.chunks.name}.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            free = take(lock)
        except HeldError as other:
            raise RunError(
                f"{self.data}: {other} works on it; accepted is one process for each file, as "
                "--workers has it, or --resume once that has ended"
            ) from None
        try:
            yield
        finally:
            free()


def run_shard(
    out: Path,
    shard: Shard,
    work: Work,
    options: ReadOptions,
    characters: int,
    progress: Callable[[int], object] = lambda rows: None,
) -> None:
    """Process the rest of a shard and write its file and its record.

    Raises ValueError for a file that cannot be read to its end, and RunError for one that is not
    the one that the finished chunks are of.
    """
    places = Places(out, shard.name)
    with places.alone():
        places.prepare()
        digest = sha256(shard.file.path)
        finished = Finished(Sums.of([], work.measures))
        while (chunk := places.finished_chunk(finished.chunks)) is not None:
            if chunk["input"] != digest:
                raise RunError(changed(shard))
            finished.add(chunk)
        made = shard.format(options)
        _process_rest(places, made, work, options, characters, digest, finished, progress)
        parts = [places.chunk(number, ".part") for number in range(finished.chunks)]
        _write(places.data, lambda file: made.join(file, parts))
        _write_rejected(places, shard, finished.chunks)
        record = _record(places, shard, digest, finished)
        write_atomically(places.record, lambda aside: aside.write_text(dump_json(sealed(record))))
        shutil.rmtree(places.chunks, ignore_errors=True)  # a worker that merges may be first


def changed(shard: Shard) -> str:
    return (
        f"--resume: {shard.file.place} has changed since the run was started; accepted is what was "
        "read then"
    )


def _process_rest(
    places: Places,
    made: Format,
    work: Work,
    options: ReadOptions,
    characters: int,
    digest: str,
    finished: Finished,
    progress: Callable[[int], object],
) -> None:
    """Process the chunks that are not finished; adds them to those that are."""
    unwritable = getattr(made, "unwritable", lambda text: None)
    rest = islice(limited(made.rows(), options.limit), finished.places, None)
    for chunk in chunks(rest, characters):
        done = process(chunk, work, unwritable)
        number = finished.chunks
        _write(
            places.chunk(number, ".part"), lambda file, done=done: made.write(file, done.outputs)
        )
        lines = "".join(json.dumps(line) + "\n" for line in done.rejected)
        write_atomically(
            places.chunk(number, ".rejected"), lambda aside, lines=lines: aside.write_text(lines)
        )
        counts = {"input": digest, "files": places.chunk_digests(number)}
        counts |= {"places": len(chunk.rows)} | done.json(work.measures)
        write_atomically(  # the last: a chunk is finished where this is there
            places.chunk(number, ".json"),
            lambda aside, counts=counts: aside.write_text(json.dumps(sealed(counts))),
        )
        finished.add(counts)
        progress(done.rows)


def _write(path: Path, write: Callable[[Any], object]) -> None:
    def fill(aside: Path) -> None:
        with aside.open("wb") as file:
            write(file)

    write_atomically(path, fill)


def _write_rejected(places: Places, shard: Shard, chunks: int) -> None:
    def write(file: Any) -> None:
        for number in range(chunks):
            for line in places.chunk(number, ".rejected").read_text().splitlines():
                rejected = {"shard": shard.name, **json.loads(line)}
                file.write((json.dumps(rejected) + "\n").encode())

    _write(places.rejected, write)


def _record(places: Places, shard: Shard, digest: str, finished: Finished) -> dict[str, Any]:
    return {
        "name": shard.name,
        "input": {"bytes": shard.bytes, "sha256": digest},
        "output": {
            "bytes": places.data.stat().st_size,
            "sha256": sha256(places.data),
            "rejected_sha256": sha256(places.rejected),
        },
        **finished.counts,
        "passes": finished.passes,
        "sums": finished.sums.json(),
    }
