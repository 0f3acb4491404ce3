"""The console command `collapse-sim`: every experiment, by one name.

Nothing here imports JAX or an experiment before it is asked for, so that --help is quick.
"""

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from collapse_sim import __version__
from collapse_sim.terminal import INTERRUPTED, PROGRAM, run_command

NAME = "collapse-sim"


class Command(NamedTuple):
    """Module whose `command(arguments)` returns an exit status, and the question it answers."""

    module: str
    says: str


COMMANDS = {
    "bound": Command("experiments.linear_bound", "is token editing of a regression bounded?"),
    "curse": Command("experiments.curse_of_recursion", "how do distributions lose their tails?"),
    "transformer": Command("experiments.transformer_collapse", "what does a language model lose?"),
    "fraction": Command("experiments.synthetic_fraction", "how much synthetic text is too much?"),
    "editing": Command("experiments.token_editing", "which tokens does editing change, and why?"),
    "phase": Command("experiments.phase_diagram", "is this safe? maps of where errors stay low"),
    "plan": Command("experiments.plan", "edit, mix or regenerate? what each costs, by round"),
    "search": Command("experiments.conjecture_search", "does a schedule break the conjecture?"),
    "verify": Command("experiments.verify", "which claims hold? all of them, or those named"),
    "claims": Command("experiments.claims", "every claim: what it says and what decides it"),
    "edit": Command("experiments.corpus.edit", "your corpus, edited by a pretrained model"),
    "score": Command("experiments.corpus.score", "how probable is each document of a corpus?"),
    "model": Command("experiments.model", "where do pretrained weights come from? installs them"),
    "figures": Command("paper_figs.make", "figures for a paper, from finished runs"),
}


def usage() -> str:
    """The text of --help."""
    width = max(map(len, COMMANDS))
    lines = (f"  {name:{width}}  {command.says}" for name, command in COMMANDS.items())
    text = [
        f"usage: {NAME} COMMAND [FLAGS]",
        "",
        "Learners trained on their own output, and which published guarantees about them hold.",
        "",
        *lines,
        "",
        f"{NAME} COMMAND --help names the flags of a command; {NAME} --version the version.",
        f"For example: {NAME} bound --preset quick",
    ]
    return "\n".join(text)


def unknown(name: str) -> str:
    """Message for an unknown command: the nearest one, and all there are."""
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"the nearest is {near[0]}; " if near else ""
    return f"unknown command {name}: {hint}accepted are {', '.join(COMMANDS)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit status."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help", "--version"):
        shown = f"{NAME} {__version__}" if name == "--version" else usage()
        return run_command(NAME, lambda: print(shown))
    if name not in COMMANDS:
        print(f"{NAME}: error: {unknown(name)}", file=sys.stderr)
        return 2
    started = PROGRAM.set(f"{NAME} {name}")
    try:
        return importlib.import_module(COMMANDS[name].module).command(rest)
    except KeyboardInterrupt:  # while it is imported, or parses its flags
        print(f"{NAME} {name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        PROGRAM.reset(started)


if __name__ == "__main__":
    raise SystemExit(main())
