"""What was measured on which processor, and the least ratio of all: aims hold on the least.

    python tests/benchmarks/records.py

prints a Markdown table of the records in `measured/`: one file for each benchmark and processor,
which `table.py --record` and `language_table.py --record` write.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "measured"


@dataclass(frozen=True)
class Ratio:
    """Ours over a baseline, and what the project asks of it."""

    what: str
    where: str
    against: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def name(self) -> tuple[str, str, str]:
        return self.what, self.where, self.against

    @property
    def aim(self) -> str:
        """The aim in words: empty without one."""
        if self.at_least is None and self.at_most is None:
            return ""
        met = self.is_met()
        sign, bound = ("<=", self.at_most) if self.at_least is None else (">=", self.at_least)
        return f"{sign}{bound:g} {'met' if met else 'MISSED'}"

    def is_met(self) -> bool:
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is None or self.value <= self.at_most


@dataclass(frozen=True)
class Record:
    """One benchmark on one processor."""

    benchmark: str
    machine: dict
    ratios: tuple[Ratio, ...]

    def save(self, folder: Path = FOLDER) -> Path:
        folder.mkdir(exist_ok=True)
        named = f"{self.benchmark} {self.machine['processor']}"
        path = folder / f"{re.sub('[^a-z0-9]+', '-', named.lower()).strip('-')}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path

    @staticmethod
    def load(path: Path) -> "Record":
        read = json.loads(path.read_text())
        ratios = tuple(Ratio(**ratio) for ratio in read["ratios"])
        return Record(read["benchmark"], read["machine"], ratios)


def load_all(folder: Path = FOLDER) -> list[Record]:
    return [Record.load(path) for path in sorted(folder.glob("*.json"))]


def worst(found: Sequence[Ratio]) -> Ratio:
    """The least ratio; of those that should be small, the largest."""
    ordered = sorted(found, key=lambda ratio: ratio.value)
    return ordered[0] if ordered[0].at_most is None else ordered[-1]


def lines(records: Sequence[Record]) -> Iterator[tuple[str, ...]]:
    """The head of the table, and a line for each ratio that has an aim."""
    processors = list(dict.fromkeys(record.machine["processor"] for record in records))
    yield ("what", "(d,T) or size", "against", *processors, "worst", "aim")
    by_name: dict[tuple[str, str, str], dict[str, Ratio]] = {}
    for record in records:
        for ratio in record.ratios:
            if ratio.aim:
                by_name.setdefault(ratio.name, {})[record.machine["processor"]] = ratio
    for name, found in by_name.items():
        least = worst(list(found.values()))
        shown = [f"{found[p].value:.3g}" if p in found else "" for p in processors]
        yield (*name, *shown, f"{least.value:.3g}", least.aim)


def as_markdown(records: Sequence[Record]) -> str:
    head, *rest = lines(records)
    rows = [head, ("---",) * len(head), *rest]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


if __name__ == "__main__":
    sys.stdout.write(as_markdown(load_all()) + "\n")
