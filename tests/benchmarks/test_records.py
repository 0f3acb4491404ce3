"""Ratios of several processors in one table, and the documentation's copy of it."""

from pathlib import Path

import pytest

from tests.benchmarks.machine import peak, processor
from tests.benchmarks.records import Ratio, Record, as_markdown, lines, load_all

DOCS = Path(__file__).parents[2] / "docs/benchmarks.md"


def record(name: str, *ratios: Ratio) -> Record:
    return Record("table.py", {"processor": name}, ratios)


def test_the_least_ratio_of_all_processors_is_held_to_the_aim():
    records = [
        record("A", Ratio("rows", "(1,2)", "loop", 2.0, at_least=1), Ratio("x", "", "y", 9.0)),
        record("B", Ratio("rows", "(1,2)", "loop", 0.5, at_least=1)),
        record("B", Ratio("memory", "", "", 1.5, at_most=2)),
        record("A", Ratio("memory", "", "", 1.0, at_most=2)),
    ]
    head, *rest = lines(records)
    assert head == ("what", "(d,T) or size", "against", "A", "B", "worst", "aim")
    assert rest == [
        ("rows", "(1,2)", "loop", "2", "0.5", "0.5", ">=1 MISSED"),
        ("memory", "", "", "1", "1.5", "1.5", "<=2 met"),
    ]


def test_a_record_is_read_as_it_was_written(tmp_path):
    written = record("AMD (x; y)", Ratio("rows", "(1,2)", "loop", 2.0, at_least=1))
    path = written.save(tmp_path)
    assert path.name == "table-py-amd-x-y.json" and load_all(tmp_path) == [written]


def test_the_documentation_shows_the_records():
    assert as_markdown(load_all()) in DOCS.read_text()


def test_the_machine_is_named_and_its_peak_counted():
    assert processor()
    calls: list[int] = []
    assert peak(lambda: calls.append(1)) > 0 and len(calls) == 6


@pytest.mark.parametrize(("value", "met"), [(0.99, False), (1.0, True)])
def test_an_aim_is_met_from_its_bound_on(value, met):
    assert Ratio("", "", "", value, at_least=1).is_met() == met
    assert Ratio("", "", "", 2 - value, at_most=1).is_met() == met
