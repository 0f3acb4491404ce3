"""Edit a corpus with a pretrained model, and see first what an edit would do.

collapse-sim edit corpus/ --model smollm2 --dry-run 200 --out seen
collapse-sim edit corpus/ --model smollm2 --out edited
collapse-sim edit --report edited
"""

import sys
from collections.abc import Sequence

from collapse_sim.terminal import run_command
from experiments.corpus.engine import make_editor
from experiments.corpus.running import MakeEditor, run
from experiments.corpus.score import INTERRUPTED
from experiments.corpus.settings import EditSettings, parse


def main(settings: EditSettings, make_editor: MakeEditor) -> None:
    """Edit; or show, plan or sum up, as the flags say."""
    if settings.report is not None:
        from experiments.corpus.report import report

        report(settings)
    elif settings.plan is not None:
        from experiments.corpus.plan import plan

        plan(settings, make_editor)
    elif settings.dry_run is not None:
        from experiments.corpus.sample import show

        show(settings, make_editor)
    else:
        run(settings, "edit", make_editor)


def command(arguments: Sequence[str], *, make_editor: MakeEditor = make_editor) -> int:
    """Parse and run; returns the exit status."""
    return run_command(
        "edit", lambda: main(parse(EditSettings, arguments), make_editor), interrupted=INTERRUPTED
    )


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
