"""Windows of documents, and the lengths of rows that hold them."""

from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language.pretrained.rows import document_key, row_lengths, windows


@given(st.integers(1, 900), st.integers(2, 70), st.data())
def test_windows_score_every_token_but_the_first_once_and_in_enough_context(tokens, longest, data):
    overlap = data.draw(st.integers(1, longest - 1))
    scored = []
    for window in windows(tokens, longest, overlap):
        assert window.length <= longest and window.start + window.length <= tokens
        assert window.first >= (overlap if window.start else 1)
        scored += range(window.start + window.first, window.start + window.length)
    assert scored == list(range(1, tokens))


def test_lengths_of_rows():
    assert row_lengths(512) == [16, 32, 48, 64, 96, 128, 192, 256, 384, 512]
    assert row_lengths(100) == [16, 32, 48, 64, 96, 100] and row_lengths(8) == [8]


def test_the_random_numbers_of_a_document_are_its_own():
    keys = [document_key(*pair).tolist() for pair in [(0, "a"), (1, "a"), (0, "b"), (10, "a")]]
    assert len({tuple(key) for key in keys}) == 4 and document_key(0, "\ud800").shape == (2,)
