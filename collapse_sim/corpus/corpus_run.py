"""A run over all shards of a corpus: begun, gone on with, shared by workers, and summed up."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collapse_sim.corpus.one_shard import COUNTS, Places, changed, run_shard, sha256
from collapse_sim.corpus.records import ReadOptions
from collapse_sim.corpus.shards import Shard
from collapse_sim.corpus.sums import Sums
from collapse_sim.corpus.work import Work, add_passes
from collapse_sim.json_text import one_line, parse_json, unsealed
from collapse_sim.run_directory import RunDirectory, RunError, dump_json, write_atomically

MANIFEST = "manifest.json"
REJECTED = "rejected.jsonl"


@dataclass(frozen=True)
class CorpusRun:
    """The directory of a run: config.json, data/ with a file for each of the input, and counts.

    parts/ holds a record of each finished shard; checkpoints/ what there is of the others. When
    all are finished, manifest.json and rejected.jsonl are merged from the parts.
    """

    path: Path

    @classmethod
    def checked(
        cls, path: Path, config: Mapping[str, Any], mine: Sequence[Shard], *, resume: bool
    ) -> "CorpusRun":
        """The run in a directory, or the place for one; writes nothing.

        Raises RunError for the directory of another run, for other inputs, for anything else that
        is there, and without `resume` where shards of this worker are begun.
        """
        run, directory = cls(path), RunDirectory(path)
        is_new = directory.is_new()  # before: another worker may write config.json in between
        if directory.has_config():
            directory.require_same_parameters(config)
            directory.require_same_inputs(config)
            if not resume and any(map(run.is_begun, mine)):
                raise RunError(
                    f"--out {path}: holds this run, begun or finished; accepted are --resume, "
                    "which goes on with it, or another directory"
                )
        elif not is_new:
            raise RunError(f"--out {path}: accepted is an empty or new directory, or one of a run")
        elif resume:
            raise RunError(f"--resume: there is no run in {path} to resume")
        return run

    @classmethod
    def open(
        cls, path: Path, config: Mapping[str, Any], mine: Sequence[Shard], *, resume: bool
    ) -> "CorpusRun":
        """Begin the run, or go on with it; several workers may open one directory.

        Raises RunError as `checked` does, and for a directory that cannot be written.
        """
        run, directory = cls.checked(path, config, mine, resume=resume), RunDirectory(path)
        if not directory.has_config():
            try:
                path.mkdir(parents=True, exist_ok=True)
                directory.write_json("config.json", config)
            except OSError as error:
                raise RunError(f"--out {path}: cannot be written ({error.strerror})") from None
        return run

    def places(self, shard: Shard) -> Places:
        return Places(self.path, shard.name)

    def is_begun(self, shard: Shard) -> bool:
        return self.places(shard).chunks.is_dir() or self.places(shard).record.is_file()

    def is_finished(self, shard: Shard) -> bool:
        """Tell whether it has a record; raises RunError where the input has changed since."""
        places = self.places(shard)
        if not places.record.is_file():
            return False
        found = self.record(shard.name)["input"]
        if (
            found["bytes"] != shard.bytes
            or self._is_newer(shard)
            and (found["sha256"] != sha256(shard.file.path))
        ):
            raise RunError(changed(shard))
        return True

    def _is_newer(self, shard: Shard) -> bool:
        """Tell whether a shard was written to after its record: only then is it read again."""
        record = self.places(shard).record
        return shard.file.path.stat().st_mtime_ns >= record.stat().st_mtime_ns

    def record(self, name: str) -> dict[str, Any]:
        """Counts of a finished shard; raises RunError where they are not what was written."""
        path = Places(self.path, name).record
        try:
            text = path.read_text(encoding="utf-8")
            value = parse_json(text)
            found = unsealed(value)
            if dump_json(value) != text:
                raise ValueError("its white space is not what was written")
            return found
        except ValueError as error:
            raise RunError(_damaged(path, one_line(error), name)) from None

    def process(
        self,
        shards: Sequence[Shard],
        work: Work,
        options: ReadOptions,
        characters: int,
        progress: Callable[[int], object] = lambda rows: None,
    ) -> None:
        """Process the shards that are not finished, in order."""
        for shard in shards:
            if not self.is_finished(shard):
                run_shard(self.path, shard, work, options, characters, progress)

    def names(self) -> list[str]:
        """All shards of the run, in order."""
        return list(RunDirectory(self.path).config().get("inputs", {}))

    def records(self) -> list[dict[str, Any]]:
        """Records of the finished shards."""
        names = self.names()
        return [self.record(name) for name in names if Places(self.path, name).record.is_file()]

    def merge(self) -> dict[str, Any] | None:
        """Write manifest.json and rejected.jsonl, if all shards are finished; the manifest.

        Several workers may do so at once: they write the same.
        """
        names, records = self.names(), self.records()
        if len(records) < len(names):
            return None

        def write(aside: Path) -> None:
            with aside.open("wb") as file:
                for name, record in zip(names, records, strict=True):
                    part = Places(self.path, name).rejected
                    if sha256(part) != record["output"]["rejected_sha256"]:
                        raise RunError(_damaged(part, "other bytes than were written", name))
                    file.write(part.read_bytes())

        write_atomically(self.path / REJECTED, write)
        shards = [
            {key: value for key, value in record.items() if key != "sums"}
            | {"totals": totals(Sums.of_json(record["sums"]))}
            for record in records
        ]
        manifest = RunDirectory(self.path).config() | {"totals": summed(records), "shards": shards}
        manifest.pop("inputs", None)
        text = dump_json(manifest)
        write_atomically(self.path / MANIFEST, lambda aside: aside.write_text(text))
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)
        return json.loads(text)


def _damaged(path: Path, what: object, name: str) -> str:
    return (
        f"{path}: cannot be read ({what}); accepted is to remove parts/{name}.json: then --resume "
        "processes that file anew"
    )


def totals(sums: Sums) -> dict[str, int | float]:
    found = {name: sums.total(name) for name in sums.names}
    return {
        name: int(sum) if sum.is_integer() else sum for name, sum in found.items() if sum == sum
    }


def summed(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of all shards together."""
    passes: list[dict[str, int]] = []
    for record in records:
        add_passes(passes, record["passes"])
    counts = {name: sum(record[name] for record in records) for name in COUNTS}
    return {**counts, "passes": passes, **totals(merged_sums(records))}


def merged_sums(records: Sequence[Mapping[str, Any]]) -> Sums:
    names = tuple(records[0]["sums"]["names"]) if records else ()
    return Sums.merged((Sums.of_json(record["sums"]) for record in records), names)
