"""Terminal output that a document quotes, held against a finished run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.linear.answers import stored_answers
from experiments.verification.quoted_rows import Difference
from experiments.verification.quoted_runs import QuotedRun

OUTPUT = re.compile(r"^<!-- from: ([^\n]+) -->\n+```console\n\$ ([^\n]+)\n(.*?)^```$", re.M | re.S)

MORE = "..."
"""Line that stands for all that follows."""


@dataclass(frozen=True)
class QuotedOutput:
    """Sentences that a command prints, its line in the file, and the command of its run."""

    line: int
    command: str
    said: str

    def differences(self, run: QuotedRun) -> list[Difference]:
        """Differences from the answer of the very run."""
        so = " ".join(stored_answers(run.run, run.verdicts))
        return [] if self.said == so else [(self.said, so)]


def outputs(text: str) -> Iterator[QuotedOutput]:
    """Every quoted output of a file.

    Raises ValueError where the comment names another command than the block.
    """
    for found in OUTPUT.finditer(text):
        source, command, shown = found.groups()
        line = text.count("\n", 0, found.start(2)) + 1
        if source != command:
            raise ValueError(f"line {line}: shows {command}, accepted is {source}")
        said = shown.split(f"\n{MORE}\n")[0]
        yield QuotedOutput(line, command, " ".join(said.split()))
