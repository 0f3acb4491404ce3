"""Edit, mix or regenerate? What each way to use synthetic text costs, round by round.

    python experiments/plan.py --human 1e9 --rounds 5

From the tokens of human text, those that each round writes, and who writes them: the excess loss
by round, the safe human share, the claim of the ledger that each number rests on and whether its
assumptions hold here. `--calibrate TEXT` trains small models on your text and shows prediction
beside measurement. Answers in a second; nothing is written without --out.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from collapse_sim.run_directory import RunDirectory
from experiments import command_line, devices, many_hosts
from experiments.planning.settings import Settings, parse


def main(settings: Settings) -> None:
    """Print the plan, and write it where --out says."""
    from experiments.planning.calibration import calibrate
    from experiments.planning.options import make_options
    from experiments.planning.report import print_calibration, print_plan

    options = make_options(settings)
    print_plan(settings, options)
    compared = calibrate(settings) if settings.calibrate is not None else []
    if compared:
        print_calibration(compared)
    if settings.out is not None and many_hosts.writes(settings.distributed):
        settings.out.mkdir(parents=True, exist_ok=True)
        RunDirectory(settings.out).write_json("plan.json", _record(settings, options, compared))
        print(f"\n{settings.out / 'plan.json'}")


def _record(settings: Settings, options: Sequence, compared: Sequence) -> dict[str, Any]:
    from experiments.planning.advice import advice
    from experiments.planning.assumptions import assumptions

    finite = lambda option: None if math.isinf(option.limit) else option.limit  # noqa: E731
    return {
        "parameters": settings.parameters(),
        "answers": list(advice(settings, options)),
        "options": [asdict(option) | {"limit": finite(option)} for option in options],
        "assumptions": [one._asdict() for one in assumptions(settings, options)],
        "calibration": [asdict(one) for one in compared],
    }


def _configure(settings: Settings) -> None:
    if settings.calibrate is not None:
        devices.configure_training(settings)


command = partial(
    command_line.command, "plan.py", parse, main, configure=_configure, interrupted=""
)
"""Parse and print; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
