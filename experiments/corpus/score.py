"""Log-probability, tokens and perplexity of each document, as columns beside it.

collapse-sim score corpus.jsonl.zst --model smollm2 --out scored
"""

import sys
from collections.abc import Sequence
from functools import partial

from collapse_sim.terminal import run_command
from experiments.corpus.engine import MakeEngine, make_engine
from experiments.corpus.running import run
from experiments.corpus.settings import ScoreSettings, read_flags

parse = partial(read_flags, ScoreSettings)
INTERRUPTED = "the same command with --resume goes on"


def command(arguments: Sequence[str], *, make_engine: MakeEngine = make_engine) -> int:
    """Parse and run; returns the exit status."""

    def main() -> None:
        run(parse(arguments), "score", make_engine)

    return run_command("score", main, interrupted=INTERRUPTED)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
