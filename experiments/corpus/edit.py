"""Edit a corpus with a pretrained model, and see first what an edit would do.

collapse-sim edit corpus/ --model smollm2 --dry-run 200 --out seen
collapse-sim edit corpus/ --model smollm2 --out edited
collapse-sim edit --report edited
"""

import sys
from collections.abc import Sequence
from functools import partial

from collapse_sim.terminal import run_command
from experiments.corpus.engine import MakeEngine, make_engine
from experiments.corpus.running import run
from experiments.corpus.score import INTERRUPTED
from experiments.corpus.settings import EditSettings, read_flags

parse = partial(read_flags, EditSettings)


def main(settings: EditSettings, make_engine: MakeEngine) -> None:
    """Edit; or show, plan or sum up, as the flags say."""
    if settings.report is not None:
        from experiments.corpus.report import report

        report(settings.report)
    elif settings.plan is not None:
        from experiments.corpus.plan import plan

        plan(settings, make_engine)
    elif settings.dry_run is not None:
        from experiments.corpus.sample import show

        show(settings, make_engine)
    else:
        run(settings, "edit", make_engine)


def command(arguments: Sequence[str], *, make_engine: MakeEngine = make_engine) -> int:
    """Parse and run; returns the exit status."""
    return run_command("edit", lambda: main(parse(arguments), make_engine), interrupted=INTERRUPTED)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
