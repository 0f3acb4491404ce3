"""Log-probability, tokens and perplexity of each document, as columns beside it.

collapse-sim score corpus.jsonl.zst --model smollm2 --out scored
"""

import sys
from collections.abc import Sequence

from collapse_sim.terminal import run_command
from experiments.corpus.engine import make_editor
from experiments.corpus.running import MakeEditor, run
from experiments.corpus.settings import ScoreSettings, parse

INTERRUPTED = "the same command with --resume goes on"


def command(arguments: Sequence[str], *, make_editor: MakeEditor = make_editor) -> int:
    """Parse and run; returns the exit status."""

    def main() -> None:
        run(parse(ScoreSettings, arguments), "score", make_editor)

    return run_command("score", main, interrupted=INTERRUPTED)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
