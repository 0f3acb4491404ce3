r"""Token editing by its schedule: the numbers that a run knows of its masks.

`edit_counts` are the mean numbers of rows edited before fits 2, 3, ...; generation n has seen the
first n - 1 of them. `rows_edited_so_far` and `pairs_edited_so_far` are the mean numbers of rows
edited at least once before each fit, and of ordered pairs of two different ones; entry n - 1
belongs to fit n. The laws are those of `corrected`, `repeated` and `finite`. An error is a test
error, an inflation one in units of b. Masks are independent of the noise.
"""

from collections.abc import Sequence

from theory.claims import claim
from theory.editing import corrected, finite, repeated
from theory.validate import require_count, require_fraction

_OWN = "docs/theory.md"

Counts = Sequence[int | float]


def edits_before(*, edit_counts: Counts, generation: int) -> list[int | float]:
    """Rows edited before fit `generation`, edit by edit; raises ValueError for too few counts.

    >>> edits_before(edit_counts=[50, 25, 12], generation=3)
    [50, 25]
    """
    require_count("generation", generation, least=1, most=len(edit_counts) + 1)
    return list(edit_counts[: generation - 1])


@claim(
    "ref.edit_B_const",
    f"{_OWN}, Theorem B",
    relation="<=",
    says=r"$E_{test} \le (2 e^\tau - 1) b$, $\tau = \sum_i k_i / T$",
    needed="disjoint masks; commuting overlaps, or Gaussian design with d = 1, or at most four "
    "edits, or T <= 120, or T to infinity with the number of edits fixed",
    expected="holds; a conjecture for more edits at d >= 2",
)
def disjoint_edits_bound(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    edit_counts: Counts = (),
    generation: int | None = None,
    edited_total: float | None = None,
) -> float:
    r"""Bound on the test error when no row is edited twice: `corrected.disjoint_bound`.

    `edited_total` is the share of rows edited so far, $\tau$; by default that of `edit_counts`.

    >>> disjoint_edits_bound(dim=1, samples=3, edit_counts=[0, 3], generation=2)
    1.0
    """
    if edited_total is None:
        last = len(edit_counts) + 1 if generation is None else generation
        edited_total = sum(edits_before(edit_counts=edit_counts, generation=last)) / samples
    return corrected.disjoint_bound(
        dim=dim, samples=samples, noise_std=noise_std, edited_total=edited_total
    )


@claim(
    "ref.edit_one_T",
    f"{_OWN}, Finite T",
    relation="==",
    says=r"$v_2 = 1 + \frac{2k}{T} - \frac{k q_2 + k (k - 1) c_2}{d}$",
    needed="isotropic Gaussian design, T >= d + 2, one edit of k rows",
    expected="holds",
)
def one_edit_error(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_counts: Counts, generation: int
) -> float:
    """Mean test error when at most one edit before fit `generation` changes rows.

    >>> one_edit_error(dim=1, samples=3, edit_counts=[3, 0], generation=3)
    2.0
    """
    (rows,) = _changed(edit_counts, generation, edits=1)
    return finite.one_edit_error(dim=dim, samples=samples, noise_std=noise_std, edited_rows=rows)


@claim(
    "ref.edit_two_T",
    f"{_OWN}, Finite T",
    relation="==",
    says=r"$v_3 = \frac1d E\,\mathrm{tr}(I + 2 C_1 + 2 C_2 + 2 C_1 C_2 - C_1^2 - C_2^2 "
    r"- 2 C_1^2 C_2 - C_1^2 C_2^2)$",
    needed="isotropic Gaussian design, T >= d + 2, two disjoint edits of k_1 and k_2 rows",
    expected="holds",
)
def two_disjoint_edits_error(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_counts: Counts, generation: int
) -> float:
    """Mean test error when at most two edits before fit `generation` change rows, disjoint ones.

    >>> two_disjoint_edits_error(dim=1, samples=3, edit_counts=[1, 1, 0], generation=4)
    2.0
    """
    rows = _changed(edit_counts, generation, edits=2)
    return finite.two_disjoint_edits_error(
        dim=dim, samples=samples, noise_std=noise_std, edit_counts=rows
    )


@claim(
    "ref.edit_C",
    f"{_OWN}, Theorem C",
    relation="==",
    says=r"$v_n = \frac{(1 - m^n)^2}{1 - m} + \frac{m (1 - m^{2n})}{1 - m^2} "
    r"\to \frac{1 + 2m}{1 - m^2}$",
    needed="the same mask in every generation, scalar overlap; the matrix form for any design",
    expected="holds; on Gaussian designs as ref.edit_C_finite",
    decided="exact",
)
def fixed_edits_inflation(*, samples: int, edit_counts: Counts, generation: int) -> float:
    """Inflation when every generation edits the same rows: `repeated.fixed_mask_inflation`.

    >>> fixed_edits_inflation(samples=10, edit_counts=[5, 5], generation=2)
    1.75
    """
    rows = _equal(edits_before(edit_counts=edit_counts, generation=generation))
    return repeated.fixed_mask_inflation(edit_share=rows / samples, generation=generation)


@claim(
    "ref.edit_C_T",
    f"{_OWN}, Finite T",
    relation="<=",
    says=r"$\frac32 \rho - \frac12 \le v_\infty \le \frac32 \rho - \frac14$, "
    r"$\rho = \frac{T - d - 1}{T - k - d - 1}$",
    needed="isotropic Gaussian design, the same k rows in every generation, T - k >= d + 2",
    expected="holds",
)
def fixed_edits_bound(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    edit_counts: Counts = (),
    edited_rows: int | None = None,
) -> float:
    """Bound on the test error of every generation when all edit the same rows.

    `edited_rows` is their number, by default that of `edit_counts`.

    >>> fixed_edits_bound(dim=1, samples=6, edit_counts=[2, 2])
    0.6875
    """
    if edited_rows is None:
        edited_rows = _whole("edit_counts", _equal(edit_counts))
    return finite.fixed_mask_limit_upper_bound(
        dim=dim, samples=samples, noise_std=noise_std, edited_rows=edited_rows
    )


@claim(
    "ref.edit_D",
    f"{_OWN}, Theorem D",
    relation="==",
    says=r"$v_n = 1 + \sum_{i<n} m_i (2 - m_i)$: linear growth at a constant rate",
    needed="fresh random masks independent of the noise, T >> d",
    expected="holds to leading order",
    order="leading",
)
def random_edits_inflation(*, samples: int, edit_counts: Counts, generation: int) -> float:
    """Inflation after edits of fresh random rows: `repeated.random_mask_inflation`.

    >>> random_edits_inflation(samples=10, edit_counts=[5, 5, 5], generation=3)
    2.5
    """
    return repeated.random_mask_inflation(fractions=_shares(samples, edit_counts, generation))


@claim(
    "ref.edit_E",
    f"{_OWN}, Theorem E",
    relation="==",
    says=r"$v_n = 1 + m (2 - m) \frac{1 - m^{2(n-1)}}{1 - m^2}$",
    needed="kept rows are real, fresh random masks independent of the noise, T >> d",
    expected="holds to leading order; bounded at every T",
    order="leading",
)
def anchored_edits_inflation(*, samples: int, edit_counts: Counts, generation: int) -> float:
    r"""Inflation when kept rows are real and fresh random rows are edited, T >> d.

    $v_{n+1} - 1 = m_n^2 (v_n - 1) + m_n (2 - m_n)$: the fit has an unbiased part from all human
    noise, of which the kept rows hold 1 - m. `repeated.anchored_inflation` for equal counts.

    >>> anchored_edits_inflation(samples=10, edit_counts=[5, 5], generation=2)
    1.75
    """
    excess = 0.0
    for share in _shares(samples, edit_counts, generation):
        excess = share**2 * excess + share * (2 - share)
    return 1 + excess


def _changed(edit_counts: Counts, generation: int, *, edits: int) -> list[int]:
    """Counts of the edits that change rows, filled up with zeros to `edits`."""
    before = edits_before(edit_counts=edit_counts, generation=generation)
    rows = [count for count in before if count]
    if len(rows) > edits:
        raise ValueError(f"edit_counts={list(edit_counts)}: accepted are at most {edits} above 0")
    return [_whole("edit_counts", count) for count in rows] + [0] * (edits - len(rows))


def _equal(edit_counts: Counts) -> int | float:
    """The number of rows of every edit; 0 without any edit."""
    if len(set(edit_counts)) > 1:
        raise ValueError(f"edit_counts={list(edit_counts)}: accepted are equal numbers")
    return edit_counts[0] if edit_counts else 0


def _shares(samples: int, edit_counts: Counts, generation: int) -> list[float]:
    shares = [
        count / samples for count in edits_before(edit_counts=edit_counts, generation=generation)
    ]
    for share in shares:
        require_fraction("edit_counts / samples", share)
    return shares


def _whole(name: str, count: int | float) -> int:
    if count < 0 or count != int(count):
        raise ValueError(f"{name}={count}: accepted are integers >= 0")
    return int(count)
