"""JSON: the value, or one line of what is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.json_text import parse_json
from collapse_sim.run_directory import RunDirectory, RunError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=values)
def test_whatever_python_writes_is_read(value):
    assert parse_json(json.dumps(value)) == value


BAD = [
    ("", "not JSON at column 1: Expecting value"),
    ("{", "not JSON at column 2: Expecting property name"),
    ("[1,\n2,\n", "not JSON at line 3, column 1: Expecting value"),
    ("\ufeff1", "not JSON at column 1: Unexpected UTF-8 BOM"),
    ("[" * 200_000, "JSON nested too deeply: accepted is what Python can read"),
    ('{"a":' * 200_000, "JSON nested too deeply: accepted is what Python can read"),
    ("9" * 5000, "JSON with too long an integer: accepted are at most 4300 digits"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_has_no_value_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError) as refusal:
        parse_json(text)
    assert str(refusal.value).startswith(message) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_run_directory_says_the_same(text, message, tmp_path):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError) as refusal:
        RunDirectory(tmp_path).config()
    assert str(refusal.value).startswith(f"{tmp_path}: config.json cannot be read ({message}")
    assert "\n" not in str(refusal.value)
