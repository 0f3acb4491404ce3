"""Compare the verdicts and chains of two run directories, number by number.

    python tests/benchmarks/compare_runs.py OLD NEW

Verdicts are matched by claim, process and generation; says what differs, and exits 1 where numbers
do.
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collapse_sim.run_directory import RunDirectory

NUMBERS = (
    "predicted", "observed", "interval", "verdict", "relation", "tolerance", "within", "control",
    "needed", "unit", "confidence",
)  # fmt: skip


def verdicts(folder: Path) -> dict[tuple, dict[str, Any]]:
    found: dict[tuple, dict[str, Any]] = {}
    for verdict in RunDirectory(folder).verdicts():
        name = (verdict["claim"], verdict["parameters"].get("process"), verdict["generation"])
        found[(*name, sum(key[:3] == name for key in found))] = dict(verdict)
    return found


def chains(folder: Path) -> dict[tuple, tuple]:
    columns = RunDirectory(folder).chains()
    rows = range(len(columns["mean"]))
    families = columns.get("family", [""] * len(rows))  # earlier runs of the regression have none
    keys = "regime", "mask", "variant", "measure", "generation"
    values = "replicates", "mean", "standard_error", "q05", "q50", "q95", "predicted"
    found = {
        (str(families[row]), *(str(columns[key][row]) for key in keys)): tuple(
            float(columns[name][row]) for name in values
        )
        for row in rows
    }
    assert len(found) == len(rows), f"{folder}: two rows of one name"
    return found


def differences(old: Path, new: Path) -> Iterator[str]:
    """One line for each number that is another, and for each verdict that only one of them has."""
    before, after = verdicts(old), verdicts(new)
    for key in before.keys() | after.keys():
        if key not in before or key not in after:
            yield f"only in {'new' if key in after else 'old'}: {key}"
            continue
        for name in NUMBERS:
            a, b = before[key].get(name), after[key].get(name)
            if a != b:
                yield f"{key} {name}: {a} -> {b}"
    before_rows, after_rows = chains(old), chains(new)
    for key in before_rows.keys() ^ after_rows.keys():
        yield f"only in one: chain {key}"
    for key in before_rows.keys() & after_rows.keys():
        pairs = zip(before_rows[key], after_rows[key], strict=True)
        if any(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairs):
            yield f"chain {key}: {before_rows[key]} -> {after_rows[key]}"


if __name__ == "__main__":
    lines = sorted(differences(Path(sys.argv[1]), Path(sys.argv[2])))
    print(*lines, f"{len(lines)} differences", sep="\n")
    raise SystemExit(bool(lines))
