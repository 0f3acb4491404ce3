"""Damaged files: whatever stands in one, it is read, or refused in one line for a person."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from collapse_sim.run_directory import RunError
from tests.contracts.file_formats import FORMATS, Format

EXAMPLES = 40


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A folder of valid files for each writer."""
    folders = {}
    for form in FORMATS:
        if form.write not in folders:
            folders[form.write] = tmp_path_factory.mktemp("sample")
            form.write(folders[form.write])
    return folders


def refusal(form: Format, sample: Path, content: bytes | None = None) -> str | None:
    """What is said of the sample with this content of its file; None where it is read."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "f"
        shutil.copytree(sample, folder)
        if content is not None:
            (folder / form.file).write_bytes(content)
        try:
            form.read(folder)
        except UnicodeError:
            raise
        except (ValueError, RunError) as error:
            return str(error)
    return None


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_valid_file_is_read(form, samples):
    assert refusal(form, samples[form.write]) is None


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_line(form, samples, data):
    sample = samples[form.write]
    damage = data.draw(st.sampled_from(form.damages))
    content = data.draw(damage((sample / form.file).read_bytes()))
    said = refusal(form, sample, content)
    assert said is None or (said and "\n" not in said), said


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("one\ntwo"), UnicodeError("x")])
def test_what_is_no_line_for_a_person_is_seen(error, samples):
    def read(folder):
        raise error

    form = Format("x.csv", FORMATS[0].write, read)
    try:
        said = refusal(form, samples[form.write])
    except (KeyError, UnicodeError):
        return
    assert said is not None and "\n" in said
