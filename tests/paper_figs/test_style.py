"""Labels that do not overlap, and files that never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_figs import linear_collapse, style
from tests.paper_figs.runs import make_run


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.floats(0.001, 0.08),
)
def test_spread_labels_keep_their_order_distance_and_frame(values, gap):
    placed = style.spread(values, gap, 0.0, 1.0)
    order = np.argsort(values, kind="stable")
    rounding = 1e-9
    assert (np.diff(placed[order]) >= gap - rounding).all()
    assert placed.min() >= -rounding and placed.max() <= 1 + rounding
    np.testing.assert_allclose(style.spread(placed, gap, 0.0, 1.0), placed, atol=rounding)


def test_spread_moves_a_pair_by_equal_parts_and_leaves_the_rest():
    placed = style.spread([0.52, 0.5, 0.9], 0.1, 0.0, 1.0)
    np.testing.assert_allclose(placed, [0.56, 0.46, 0.9])


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[dict[str, bytes]]:
    """The files of a figure drawn twice, the first of which is saved twice."""
    run = make_run(tmp_path_factory.mktemp("runs") / "run", ["replace", "edit halves"])
    first, again = linear_collapse.draw(run), linear_collapse.draw(run)
    found = []
    for figure in (first, again, first):
        folder = tmp_path_factory.mktemp("files")
        style.save(figure, folder, "figure")
        found.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    return found


def test_one_run_gives_the_same_bytes(files):
    first, again, later = files
    assert set(first) == {"figure.pdf", "figure.png", "figure.svg"}
    assert first == again == later


def test_text_is_embedded_and_large_enough_to_print(files):
    assert b"/FontFile2" in files[0]["figure.pdf"] and b"/Type3" not in files[0]["figure.pdf"]
    assert b"<text" not in files[0]["figure.svg"]
    width = int.from_bytes(files[0]["figure.png"][16:20], "big")
    assert width == pytest.approx(300 * 0.6 * style.PAGE, abs=1)
