"""Labels that do not overlap, and files that never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_figs import linear_collapse, style
from paper_figs.panels import WIDTHS, new_panels
from tests.paper_figs.axes import key_of
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
    assert width == pytest.approx(300 * style.PAGE, abs=1)


def test_pictures_say_how_many_dots_are_an_inch(files):
    """Chunk pHYs: dots per metre in both directions, and that the unit is the metre."""
    picture = files[0]["figure.png"]
    chunk = picture[picture.index(b"pHYs") + 4 :]
    across, up = (int.from_bytes(chunk[i : i + 4], "big") for i in (0, 4))
    assert across == up == round(300 / 0.0254) and chunk[8] == 1


def test_no_two_rules_have_one_colour():
    """Of edits the mask is the rule, of all else the regime; who writes is told by the marker."""
    rules: dict[str, str] = {}
    variants = {"edit confident": "edit", "frozen_edit": "edit", "edit blind": "edit random"}
    variants |= {"mix_fresh": "mix_fixed"}
    for name, mark in style.MARKS.items():
        anchored = "edit_anchored" if name.endswith("anchored") else name
        rules.setdefault(mark.colour, variants.get(anchored, anchored))
        assert rules[mark.colour] == variants.get(anchored, anchored)
    assert len(set(rules.values())) == len(rules)


def test_rows_that_are_drawn_afresh_turn_the_mark_upside_down():
    assert style.mark_of("replace_fresh") == style.MARKS["replace"]._replace(marker="v")
    assert style.mark_of("edit own.npy") == style.OWN_MASKS


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (2, 2)), (5, (3, 2)), (6, (3, 2))])
def test_panels_leave_no_cell_empty_and_are_as_wide_as_asked(count, shape):
    for name, width in WIDTHS.items():
        with style.context():
            page = new_panels(count, width=width)
            page.draw_key([style.key_point("point")], "a note on the run " * 6)
            style.settle(page.figure)
        assert page.figure.get_figwidth() == width
        rows, columns = shape if name == "text" else (count, 1)
        spec = page.axes[0].get_subplotspec()
        assert (spec.get_gridspec().nrows, spec.get_gridspec().ncols) == (rows, columns)
        assert (page.spare is None) == (count == rows * columns)
        renderer = page.figure.canvas.get_renderer()
        key = key_of(page.figure).get_window_extent(renderer)
        assert key.x0 >= 0 and key.x1 <= page.figure.bbox.x1 and key.y1 <= page.figure.bbox.y1
        assert not any(key.overlaps(ax.get_tightbbox(renderer)) for ax in page.axes)
