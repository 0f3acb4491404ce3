"""Every format of file that is read: a valid sample, and who reads it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

import collapse_sim as cs
from collapse_sim.corpus.records import ReadOptions
from collapse_sim.corpus.shards import find_shards
from collapse_sim.experiment.streaming import Streaming
from collapse_sim.language.corpus import read_corpus
from collapse_sim.language.instructions import read_pairs
from collapse_sim.language.pretrained.load import load
from collapse_sim.replicates import EMPTY
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from collapse_sim.workplace import Workplace
from experiments.linear import settings as linear_settings
from experiments.linear.inputs import read_design, read_masks
from experiments.recursion.vae_pictures import read_pictures
from experiments.verification.history import PastRun, past_runs
from tests.collapse_sim.language.pretrained import tiny
from tests.contracts.damage import (
    compressed,
    damaged_bytes,
    damaged_json,
    damaged_lines,
    damaged_safetensors,
)


@dataclass(frozen=True)
class Format:
    """A file among those it is read with; `damages` are ways to damage its content."""

    file: str
    write: Callable[[Path], Any]
    """All files of a valid sample into an empty folder."""
    read: Callable[[Path], Any]
    """What the project makes of the folder."""
    damages: tuple[Callable, ...] = (damaged_bytes,)

    @property
    def name(self) -> str:
        return f"{self.read.__name__.strip('_')}: {self.file}"


# Run directories

VERDICT = Verdict(
    claim="zhu2025.thm2a", source="-", parameters={"process": "edit"}, generation=3,
    relation="<=", predicted=2.0, observed=2.6, interval=[2.5, float("inf")], confidence=0.999,
    verdict="violated",
)  # fmt: skip


CONFIG = {
    "experiment": "linear_bound",
    "version": "0",
    "packages": {"numpy": "1"},
    "started": "now",
    "parameters": linear_settings.PRESETS["quick"].parameters(),
    "inputs": {"--design x.csv": "0"},
}


def _run(folder: Path) -> None:
    run = RunDirectory(folder)
    run.path.mkdir(exist_ok=True)
    run.checkpoints.mkdir()
    run.write_json("config.json", CONFIG)
    run.write_verdicts([vars(VERDICT), vars(VERDICT) | {"interval": None, "generation": None}])
    run.write_chains([("", "edit", "", "", "test_error", 1, *[1.0] * 10, "exact")])
    run.write_arrays({"a1": np.arange(6.0).reshape(2, 3)})
    past = PastRun("then", "0", "collapse-sim verify", {"zhu2025.thm2a": ["violated"]})
    run.write_json("history.json", [asdict(past)])
    with tqdm(disable=True) as bar:
        whole = EMPTY.add({"test_error": np.ones((8, 2), np.float32)})
        Streaming(Workplace(run, bar))._save("edit", whole, 8)


def _finished(folder: Path) -> RunDirectory:
    for left in (folder / "checkpoints").iterdir():
        left.unlink()
    (folder / "checkpoints").rmdir()
    return RunDirectory(folder)


def loaded_run(folder: Path) -> Any:
    _finished(folder)
    run = cs.load(folder)
    return repr(run), [str(verdict) for verdict in run.verdicts], run.chains


def resumed_run(folder: Path) -> Any:
    return RunDirectory.open(folder, CONFIG, resume=True)


def given_config(folder: Path) -> Any:
    return linear_settings.parse(["--config", str(folder / "config.json")])


def arrays(folder: Path) -> Any:
    return RunDirectory(folder).arrays()


def history(folder: Path) -> Any:
    return past_runs(RunDirectory(folder))


def checkpoint(folder: Path) -> Any:
    with tqdm(disable=True) as bar:
        summary, block = Streaming(Workplace(RunDirectory(folder), bar))._load("edit")
    assert summary.count == 0 or (summary.count == 8 and block == 8)
    assert not summary.count or (summary.sample["test_error"] == 1).all()
    return summary


# Numbers of a user


def _numbers(folder: Path) -> None:
    rows = np.random.default_rng(0).integers(-99, 99, (12, 3)) / 8
    np.savetxt(folder / "x.csv", rows, delimiter=",", header="a,b,c", comments="", fmt="%g")
    np.save(folder / "x.npy", rows)
    np.savez_compressed(folder / "x.npz", rows)
    table = pa.table({name: rows[:, place] for place, name in enumerate("abc")})
    pq.write_table(table, folder / "x.parquet")
    np.save(folder / "masks.npy", (rows.T > 0).astype(int))
    np.savez(folder / "p.npz", images=np.arange(20 * 4.0).reshape(20, 2, 2), y=np.arange(20) % 2)


def design(folder: Path) -> Any:
    """The one that is damaged; the others are whole."""
    return [read_design(str(folder / f"x.{kind}"), None) for kind in ("csv", "npy", "npz")]


def design_of_parquet(folder: Path) -> Any:
    return read_design(str(folder / "x.parquet"), "a")


def masks(folder: Path) -> Any:
    return read_masks(str(folder / "masks.npy"), 12)


def pictures(folder: Path) -> Any:
    return read_pictures(str(folder / "p.npz"))


# Text of a user

LINES = "".join(
    json.dumps({"id": number, "text": f"some words {number} \u00e9", "domain": "a",
                "prompt": f"what {number}?", "response": "so"}) + "\n"
    for number in range(6)
)  # fmt: skip


def _texts(folder: Path) -> None:
    content = LINES.encode()
    (folder / "a.jsonl").write_bytes(content)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(content, mtime=0))
    (folder / "a.jsonl.zst").write_bytes(pa.Codec("zstd").compress(content, asbytes=True))
    (folder / "a.txt").write_text(" = A = \n\n one two \u00e9 \n\n\n three\n", encoding="utf-8")
    rows = [json.loads(line) for line in LINES.splitlines()]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def _each(read: Callable[[str], Any], name: str) -> Callable[[str], Callable[[Path], Any]]:
    def of(file: str) -> Callable[[Path], Any]:
        def one(folder: Path) -> Any:
            return read(str(folder / file))

        one.__name__ = name
        return one

    return of


def _rows(path: str) -> Any:
    made = find_shards([path])[0].format(ReadOptions())
    made.require_fields()
    return list(made.rows())


text_corpus = _each(read_corpus, "text_corpus")
edited_corpus = _each(_rows, "edited_corpus")
pairs = _each(read_pairs, "pairs")

# Pretrained models


@cache
def _model() -> dict[str, bytes]:
    """A model of one layer: the words of its files."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        folder = tiny.write_folder(Path(place), tiny.LLAMA, tiny.tensors(tiny.LLAMA), shards=2)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _folder(folder: Path) -> None:
    for name, content in _model().items():
        (folder / name).write_bytes(content)


@cache
def _gguf_content() -> bytes:
    import tempfile

    from tests.collapse_sim.language.pretrained import gguf_files

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "m.gguf"
        return gguf_files.write(path, tiny.LLAMA, tiny.tensors(tiny.LLAMA)).read_bytes()


def _gguf(folder: Path) -> None:
    (folder / "m.gguf").write_bytes(_gguf_content())


def model_folder(folder: Path) -> Any:
    return load(folder).encode(["the fox"])


def model_file(folder: Path) -> Any:
    return load(folder / "m.gguf").encode(["the fox"])


JSON = (damaged_bytes, damaged_json)
SHARD = "model-00001-of-00002.safetensors"

FORMATS = [
    Format("config.json", _run, loaded_run, JSON),
    Format("config.json", _run, resumed_run, JSON),
    Format("config.json", _run, given_config, JSON),
    Format("verdicts.json", _run, loaded_run, JSON),
    Format("chains.parquet", _run, loaded_run),
    Format("arrays.npz", _run, arrays),
    Format("history.json", _run, history, JSON),
    Format("checkpoints/edit.npz", _run, checkpoint),
    Format("x.csv", _numbers, design),
    Format("x.npy", _numbers, design),
    Format("x.npz", _numbers, design),
    Format("x.parquet", _numbers, design_of_parquet),
    Format("masks.npy", _numbers, masks),
    Format("p.npz", _numbers, pictures),
    Format("a.txt", _texts, text_corpus("a.txt")),
    Format("a.jsonl", _texts, text_corpus("a.jsonl"), (damaged_bytes, damaged_lines)),
    Format("a.jsonl.gz", _texts, text_corpus("a.jsonl.gz")),
    Format("a.jsonl.zst", _texts, text_corpus("a.jsonl.zst")),
    Format("a.parquet", _texts, text_corpus("a.parquet")),
    Format("a.jsonl", _texts, pairs("a.jsonl"), (damaged_bytes, damaged_lines)),
    Format("a.txt", _texts, edited_corpus("a.txt")),
    Format("a.jsonl", _texts, edited_corpus("a.jsonl"), (damaged_bytes, damaged_lines)),
    Format(
        "a.jsonl.gz",
        _texts,
        edited_corpus("a.jsonl.gz"),
        (damaged_bytes, compressed(".gz", damaged_lines)),
    ),
    Format(
        "a.jsonl.zst",
        _texts,
        edited_corpus("a.jsonl.zst"),
        (damaged_bytes, compressed(".zst", damaged_bytes)),
    ),
    Format("a.parquet", _texts, edited_corpus("a.parquet")),
    Format("config.json", _folder, model_folder, JSON),
    Format("model.safetensors.index.json", _folder, model_folder, JSON),
    Format("tokenizer.json", _folder, model_folder, JSON),
    Format(SHARD, _folder, model_folder, (damaged_bytes, damaged_safetensors)),
    Format("m.gguf", _gguf, model_file),
]
