"""Whether edits that are killed, or shared by two workers, end with the bytes of one in one go.

    python tests/benchmarks/kill_edits.py [--model smollm2] [--text FILE] [--lines 64] [--kills 10]

Lines of a text go into four files of different formats, which are edited three times: in one go;
killed with SIGKILL, again and again, at random moments, each time going on with --resume; and by
two workers. Every file that a run leaves is compared. Without the model's weights nothing is done.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.language.corpus import python_corpus
from collapse_sim.language.pretrained import smollm2

ROOT = Path(__file__).parents[2]
WIKITEXT = ROOT / "shared" / "data" / "wikitext2" / "valid.txt"
FLAGS = ("--threshold", "0.5", "--max-length", "32", "--batch-tokens", "32")
"""Many edits, and chunks of few lines: 16 batches of 32 tokens."""


def lines_of(path: Path | None, count: int) -> list[str]:
    """The first lines that are not blank: of a file, of WikiText-2 or of Python's own text."""
    path = path or (WIKITEXT if WIKITEXT.is_file() else None)
    if path is not None:
        whole = path.read_text(encoding="utf-8")
    else:
        whole = "\n".join(document.text for document in python_corpus())
    return [line for line in whole.splitlines() if line.strip()][:count]


def write_shards(folder: Path, lines: list[str]) -> None:
    """A quarter of the lines each: text, JSON Lines, compressed, and Parquet."""
    folder.mkdir()
    quarters = [lines[start::4] for start in range(4)]
    rows = ["".join(json.dumps({"text": line}) + "\n" for line in part) for part in quarters]
    (folder / "a.txt").write_text("\n".join(quarters[0]), encoding="utf-8")
    (folder / "b.jsonl").write_text(rows[1])
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(rows[2].encode()))
    pq.write_table(pa.table({"text": quarters[3]}), folder / "d.parquet")


def start(folder: Path, out: Path, model: str, *more: str) -> subprocess.Popen:
    arguments = ["edit", str(folder), "--model", model, "--out", str(out), *FLAGS, *more]
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def run(folder: Path, out: Path, model: str, *more: str) -> None:
    process = start(folder, out, model, *more)
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(said.decode().splitlines()[-1])


def chunks(out: Path) -> int:
    """Finished ones, of shards that are not."""
    return len(list((out / "checkpoints").rglob("*.json")))


def killed(folder: Path, out: Path, model: str, kills: int, seconds: float) -> None:
    """Kill so many times: at once or after one more chunk, and a part of one."""
    draw = random.Random()
    for kill in range(kills):
        process = start(folder, out, model, *["--resume"] * (out / "config.json").is_file())
        begun, more = time.monotonic(), draw.randrange(2)
        seen, changes = (chunks(out), len(list(out.rglob("parts/*.json")))), 0
        while process.poll() is None and changes < more:
            time.sleep(0.02)
            now = chunks(out), len(list(out.rglob("parts/*.json")))
            changes, seen = changes + (now != seen), now
        time.sleep(draw.uniform(0, seconds))
        process.kill()
        process.communicate()
        print(
            f"kill {kill + 1}: after {time.monotonic() - begun:.1f} s, {chunks(out)} chunks and "
            f"{len(list(out.rglob('parts/*.json')))} shards on disk",
            flush=True,
        )
        if (out / "manifest.json").exists():
            raise SystemExit(f"it ended before kill {kill + 1}: more --lines are needed")
    run(folder, out, model, *["--resume"] * (out / "config.json").is_file())


def files(out: Path) -> dict[str, bytes]:
    found = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


def difference(one: Path, other: Path) -> list[str]:
    """Names of files of which the bytes differ, or that one alone has."""
    first, second = files(one), files(other)
    return [
        name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Edits that are killed, and edits by two workers.")
    parser.add_argument("--model", default=smollm2.NAME)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--lines", type=int, default=64)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    if options.model == smollm2.NAME and smollm2.find() is None:
        print(f"skipped: no weights of SmolLM2: run `{smollm2.COMMAND}`")
        return 0
    with tempfile.TemporaryDirectory() as place:
        source, whole, broken, shared = (
            Path(place) / name for name in ("in", "whole", "broken", "shared")
        )
        write_shards(source, lines_of(options.text, options.lines))
        begun = time.monotonic()
        run(source, whole, options.model)
        seconds = time.monotonic() - begun
        totals = json.loads((whole / "manifest.json").read_text())["totals"]
        print(
            f"in one go: {seconds:.0f} s, {totals['rows']} rows, {totals['tokens']:,} tokens, "
            f"{totals['changed']:,} changed"
        )
        killed(source, broken, options.model, options.kills, seconds / 20)
        for worker in ("2/2", "1/2"):
            run(source, shared, options.model, "--workers", worker)
        wrong = {
            f"killed {options.kills} times": difference(whole, broken),
            "two workers": difference(whole, shared),
        }
        for name, differ in wrong.items():
            said = f"other bytes in {', '.join(differ)}" if differ else "the same bytes"
            print(f"{name}: {said}, of {len(files(whole))} files")
        return int(any(wrong.values()))


if __name__ == "__main__":
    raise SystemExit(main())
