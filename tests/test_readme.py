"""README's Python examples run as they are written and print what it says they print."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", README, re.M | re.S)


def test_every_example_shows_its_output():
    assert len(EXAMPLES) == README.count("```python\n") >= 3


@pytest.fixture(scope="module")
def names() -> dict:
    """What one example leaves to the next, as in a notebook."""
    return {"__name__": __name__}


@pytest.mark.parametrize(("program", "printed"), EXAMPLES, ids=["judge", "regime", "learner"])
def test_an_example_prints_what_it_shows(program, printed, names):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(program, "README.md", "exec"), names)
    assert shown.getvalue() == printed


def test_own_parts_take_at_most_ten_lines():
    for program, _ in EXAMPLES:
        for body in re.findall(r"^class .*\n(?:(?: .*)?\n)*", program, re.M):
            assert len([line for line in body.splitlines() if line.strip()]) < 10
