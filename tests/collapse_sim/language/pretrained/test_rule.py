"""Rules of an edit: what is refused, and the authors' presets."""

import pytest

from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rule import EditRule, authors_script
from tests.collapse_sim.language.pretrained import tiny


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "up"}, "strategy=up: accepted are revise-above, "),
        ({"sampler": "beam"}, "sampler=beam: accepted are full, top-k, top-p, rejection"),
        ({"threshold": 1.5}, "threshold=1.5: accepted is [0, 1]"),
        ({"drop_below": float("nan")}, "drop_below=nan: accepted is [0, 1]"),
        ({"temperature": 0.0}, "temperature=0.0: accepted are finite numbers > 0"),
        ({"top_k": 0}, "top_k=0: accepted are integers >= 1"),
        ({"top_p": 0.0}, "top_p=0.0: accepted is (0, 1]"),
    ],
)
def test_rules_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError) as told:
        EditRule(**options)
    assert str(told.value).startswith(message)


def test_the_authors_presets():
    preset = authors_script()
    assert (preset.strategy, preset.temperature, preset.drop_below, preset.threshold) == (
        "revise-above-drop-below",
        1.5,
        0.001,
        0.99,
    )
    with pytest.raises(ValueError, match="^name=up: accepted are up_revise, "):
        authors_script("up")


def test_tokenizers_whose_tokens_are_no_bytes_are_refused():
    other = tiny.tokenizer()
    assert Pieces(other, tiny.VOCABULARY).drawable.sum() == tiny.VOCABULARY - 1
    other.decoder = None
    with pytest.raises(ValueError, match="^tokenizer's decoder=none: accepted is ByteLevel$"):
        Pieces(other, tiny.VOCABULARY)
