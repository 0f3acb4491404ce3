"""Editing by its schedule: the laws of the other modules at the numbers that a run knows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import (
    assumptions,
    confidence,
    corrected,
    finite,
    frozen,
    published,
    repeated,
    schedules,
)

few = settings(max_examples=25)

WHERE = {"dim": 3, "samples": 20, "noise_std": 2.0}


def test_before_generation_n_come_the_first_n_minus_1_edits():
    assert schedules.edits_before(edit_counts=[5, 4, 3], generation=1) == []
    assert schedules.edits_before(edit_counts=(5, 4, 3), generation=4) == [5, 4, 3]


@few
@given(counts=st.lists(st.integers(0, 4), min_size=5, max_size=5), generation=st.integers(1, 6))
def test_laws_are_those_of_the_other_modules(counts, generation):
    at = {"edit_counts": counts, "generation": generation}
    before = counts[: generation - 1]
    fractions = [count / 20 for count in before]
    assert schedules.random_edits_inflation(samples=20, **at) == pytest.approx(
        repeated.random_mask_inflation(fractions=fractions)
    )
    assert schedules.disjoint_edits_bound(**WHERE, **at) == pytest.approx(
        corrected.disjoint_bound(**WHERE, edited_total=sum(before) / 20)
    )
    assert published.theorem_1_error(**WHERE, **at) == pytest.approx(
        published.theorem_1_error(**WHERE, edit_counts=before)
    )


@few
@given(rows=st.integers(0, 20), generation=st.integers(1, 6))
def test_equal_counts_are_one_fraction(rows, generation):
    at = {"samples": 20, "edit_counts": [rows] * 5, "generation": generation}
    law = {"edit_share": rows / 20, "generation": generation}
    assert schedules.anchored_edits_inflation(**at) == pytest.approx(
        repeated.anchored_inflation(**law)
    )
    if generation > 1:
        assert schedules.fixed_edits_inflation(**at) == pytest.approx(
            repeated.fixed_mask_inflation(**law)
        )


def test_anchored_edits_of_unequal_size_by_the_coefficients_of_their_noises():
    """Kept rows 3/5, then 1/5, of human noise of variance 1, and the rest as fresh noise.

    u_2 = .4 u_1 + h_2 + g_2, Var(h_2) = .6 = Cov(h_2, u_1), Var(g_2) = .4: 1.64. Then
    u_3 = .8 u_2 + h_3 + g_3 with Cov(h_3, u_2) = .2 (.4 + .6): 1.0496 + 2 (.8)(.2) + .2 + .8.
    """
    at = {"samples": 5, "edit_counts": [2, 4], "generation": 3}
    assert schedules.anchored_edits_inflation(**at) == pytest.approx(2.3696)


def test_edits_of_no_row_change_nothing():
    one = finite.one_edit_error(**WHERE, edited_rows=7)
    two = finite.two_disjoint_edits_error(**WHERE, edit_counts=(7, 6))
    counts = {"edit_counts": [0, 7, 0, 6, 0]}
    assert schedules.one_edit_error(**WHERE, **counts, generation=4) == one
    assert schedules.two_disjoint_edits_error(**WHERE, **counts, generation=4) == pytest.approx(one)
    assert schedules.two_disjoint_edits_error(**WHERE, **counts, generation=6) == two
    clean = finite.one_edit_error(**WHERE, edited_rows=0)
    assert schedules.one_edit_error(**WHERE, **counts, generation=2) == clean


def test_rows_edited_so_far_are_those_of_the_generation():
    so_far = {"rows_edited_so_far": [0.0, 4.0, 6.5], "pairs_edited_so_far": [0.0, 15.0, 40.0]}
    found = frozen.frozen_edits_error(**WHERE, **so_far, generation=3)
    assert found == frozen.frozen_error(**WHERE, edited_rows=6.5, edited_pairs=40.0)
    found = frozen.external_edits_error(**WHERE, **so_far, prior_error=0.3, generation=2)
    law = {"edited_rows": 4.0, "edited_pairs": 15.0, "prior_error": 0.3}
    assert found == frozen.external_error(**WHERE, **law)


def test_the_share_before_fit_n_is_that_of_edit_n_minus_1():
    found = confidence.confidence_nested_last_share(residual_threshold=0.7, generation=5)
    assert found == confidence.confidence_nested_share(residual_threshold=0.7, edit=4)


@pytest.mark.parametrize(
    ("formula", "given", "message"),
    [
        (schedules.edits_before, {"edit_counts": [1], "generation": 3}, "generation=3"),
        (schedules.edits_before, {"edit_counts": [1], "generation": 0}, "generation=0"),
        (
            schedules.one_edit_error,
            WHERE | {"edit_counts": [1, 2], "generation": 3},
            r"edit_counts=\[1, 2\]: accepted are at most 1 above 0",
        ),
        (
            schedules.one_edit_error,
            WHERE | {"edit_counts": [1.5], "generation": 2},
            "edit_counts=1.5",
        ),
        (
            schedules.fixed_edits_inflation,
            {"samples": 9, "edit_counts": [1, 2], "generation": 3},
            r"edit_counts=\[1, 2\]: accepted are equal numbers",
        ),
        (
            schedules.random_edits_inflation,
            {"samples": 2, "edit_counts": [3], "generation": 2},
            "edit_counts / samples=1.5",
        ),
        (
            frozen.frozen_edits_error,
            WHERE | {"rows_edited_so_far": [0], "generation": 2},
            "generation=2",
        ),
        (
            frozen.frozen_edits_error,
            WHERE | {"rows_edited_so_far": [0, 1], "pairs_edited_so_far": [0], "generation": 2},
            r"pairs_edited_so_far=\[0\]: accepted are 2 numbers",
        ),
        (
            published.theorem_1_error,
            WHERE | {"edit_counts": [1], "generation": 3},
            "generation=3: accepted are integers >= 1 and <= 2",
        ),
        (
            confidence.confidence_nested_last_share,
            {"residual_threshold": 1.0, "generation": 1},
            "edit=0",
        ),
        (assumptions.no_row_is_edited_twice, {"edited_twice": -1}, "edited_twice=-1"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(formula, given, message):
    with pytest.raises(ValueError, match=message):
        formula(**given)
