"""`collapse-sim edit --plan TOKENS`: what an edit would take, from a measured throughput."""

import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from collapse_sim.corpus.shards import find_shards
from collapse_sim.language.pretrained.edited import Document, EditedDocument
from experiments import devices
from experiments.corpus.engine import MakeEngine
from experiments.corpus.running import BATCHES_KEPT, CHARACTERS
from experiments.corpus.sample import by_file
from experiments.corpus.settings import EditSettings

SAMPLE_BATCHES = 4
BYTES = 4.5
"""Of a token of English text, where no sample is measured."""

PROCESSES = (1, 8, 64, 512)


@dataclass(frozen=True)
class Measured:
    """Measurements of one process on a short sample."""

    tokens_per_second: float
    bytes_per_token: float
    start_seconds: float
    """From the start of the process to the first edited batch: loading and compiling."""
    chunk_tokens: int
    """Tokens that are kept on disk together: what a kill costs at most."""
    note: str


def plan(settings: EditSettings, make_engine: MakeEngine) -> None:
    """Print hours, storage and the cost of a restart for `--plan` tokens."""
    measured = _given(settings) if settings.throughput else _measured(settings, make_engine)
    tokens = float(settings.plan or 0)
    print(measured.note)
    console = Console()
    table = Table(
        "processes", _unit(), "hours", title=f"{tokens:,.0f} tokens", title_justify="left"
    )
    for processes in PROCESSES:
        hours = tokens / measured.tokens_per_second / processes / 3600
        table.add_row(f"{processes:,}", f"{processes * _per_process():,}", f"{hours:,.3g}")
    console.print(table)
    size = tokens * measured.bytes_per_token
    print(f"storage: {_bytes(size)} of output, as of input (uncompressed), and for a while twice")
    print("         what one file of each process holds")
    print(f"a process that is killed loses {_lost(measured)}")
    print("files are shared among processes whole: no more processes than files are of use")


def _lost(measured: Measured) -> str:
    if not measured.chunk_tokens:
        return f"at most {BATCHES_KEPT} batches of work"
    seconds = measured.chunk_tokens / measured.tokens_per_second
    return f"at most {seconds:,.0f} s of work, and takes {measured.start_seconds:,.0f} s to start"


def _given(settings: EditSettings) -> Measured:
    speed = float(settings.throughput or 0)
    note = f"{speed:,.0f} tokens/s of one process, as given; {BYTES} bytes a token"
    return Measured(speed, BYTES, 0.0, 0, note)


def _measured(settings: EditSettings, make_engine: MakeEngine) -> Measured:
    """Edit a sample twice: the first time compiles."""
    shards = find_shards(settings.inputs)
    started = time.monotonic()
    engine = make_engine(settings)
    batch = engine.batch_tokens * CHARACTERS
    sample = by_file(shards, settings.reading.made(), SAMPLE_BATCHES * batch, batch)
    _tokens(engine.editor, sample)
    ready = time.monotonic()
    tokens = _tokens(engine.editor, sample)
    seconds = time.monotonic() - ready
    if not tokens:
        raise ValueError(f"INPUT {shards[0].file.path}: holds no document that can be processed")
    size = sum(len(document.text.encode()) for own in sample for document in own)
    speed, passes = tokens / seconds, settings.passes.passes
    note = (
        f"{speed:,.{0 if speed >= 10 else 2}f} tokens/s of one process, "
        f"{passes} pass{'es' * (passes > 1)}: measured on "
        f"{tokens:,} tokens in {seconds:.1f} s"
    )
    if len(shards) > 1 and size < len(sample) * batch:
        note += (
            f"\na file takes whole batches of {engine.batch_tokens:,} tokens, and these are "
            "smaller: joined into one they would be edited faster"
        )
    return Measured(speed, size / tokens, ready - started, BATCHES_KEPT * engine.batch_tokens, note)


def _tokens(editor: Any, sample: list[list[Document]]) -> int:
    """Tokens of the files, each edited by itself as in a run."""
    results = (result for own in sample for result in editor.edit(own))
    return sum(result.tokens for result in results if isinstance(result, EditedDocument))


def _unit() -> str:
    import jax

    return "cores" if jax.default_backend() == "cpu" else "chips"


def _per_process() -> int:
    """Share of this machine that one process gets."""
    import jax

    return devices.cores() if jax.default_backend() == "cpu" else jax.local_device_count()


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:,.3g} {unit}"
        size /= 1000
    raise AssertionError
