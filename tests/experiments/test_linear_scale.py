"""linear_bound in other units, its estimate of the noise, and its intercept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim.experiment.decide import chain_rows, decide
from collapse_sim.run_directory import RunDirectory
from experiments.linear import settings as flags
from experiments.linear.ladders import make_ladders
from experiments.linear.processes import make_processes
from experiments.linear.world import World, make_world
from tests.collapse_sim import nist
from theory.claims import ledger

GAUSSIAN = ("--dim", "3", "--samples", "20", "--regimes", "replace", "accumulate", "edit")
SHORT = ("--generations", "3", "--replicates", "4096", "--masks", "halves", "random", "nested")
POWERS = st.integers(-30, 30)


def simulate(folder: Path, *arguments: str) -> tuple[World, list[tuple], list]:
    """A run's world, chains and verdicts, errors in units of b."""
    chosen = flags.parse([*SHORT, *arguments])
    world = make_world(chosen)
    run = RunDirectory.open(folder, {}, resume=False)
    results, verdicts = decide(make_processes(chosen, world), ledger(), run=run)
    base = world.base_error
    chains = [
        (*row[:7], *(np.array(row[7:14]) / base), row[14], row[15] / base)
        for row in chain_rows(results)
    ]
    outcomes = [(v.claim, v.parameters["process"], v.verdict) for v in verdicts]
    return world, chains, outcomes


def assert_same(one: tuple, other: tuple) -> None:
    assert one[2] == other[2]
    for row, like in zip(one[1], other[1], strict=True):
        assert row[:7] == like[:7]
        np.testing.assert_allclose(
            np.array(row[7:], float), np.array(like[7:], float), rtol=1e-4, atol=1e-9
        )


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("unit"), *GAUSSIAN)


def same_at_noise(unit, folder: Path, noise_std: float) -> None:
    found = simulate(folder, *GAUSSIAN, "--noise-std", str(noise_std))
    assert found[0].base_error == pytest.approx(unit[0].base_error * noise_std**2)
    assert_same(found, unit)


@pytest.mark.parametrize("noise_std", [1e-60, 2e-30, 2e-19, 3e30, 1e60])
def test_noise_out_of_float32_changes_no_verdict(unit, tmp_path, noise_std):
    same_at_noise(unit, tmp_path, noise_std)


@settings(max_examples=3)
@given(mantissa=st.floats(1, 10), power=POWERS)
def test_no_noise_changes_a_verdict(unit, tmp_path_factory, mantissa, power):
    same_at_noise(unit, tmp_path_factory.mktemp("scaled"), mantissa * 10.0**power)


def labelled(folder: Path, label_scale: float = 1.0, column_scales: tuple = (1, 1, 1)) -> list[str]:
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((20, 3)) + [1, 0, 3]
    labels = inputs @ [1.0, -2, 0.5] + 4 + 0.7 * rng.standard_normal(20)
    path = folder / "x.csv"
    table = np.column_stack([inputs * column_scales, labels * label_scale])
    np.savetxt(path, table, delimiter=",", header="a,b,c,y", comments="")
    return ["--design", str(path), "--labels", "y", "--regimes", "replace", "accumulate", "edit"]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    return simulate(folder / "run", *labelled(folder))


@settings(max_examples=5)
@given(power=POWERS, powers=st.tuples(POWERS, POWERS, POWERS))
def test_no_unit_of_labels_or_columns_changes_a_verdict(real, tmp_path_factory, power, powers):
    folder = tmp_path_factory.mktemp("scaled")
    scales = tuple(10.0**p for p in powers)
    found = simulate(folder / "run", *labelled(folder, 10.0**power, scales))
    assert found[0].noise_std == pytest.approx(real[0].noise_std * 10.0**power)
    assert_same(found, real)


# The noise of real labels, and the intercept


def world_of(folder: Path, regression: nist.Certified, *arguments: str) -> World:
    path = folder / "x.npy"
    np.save(path, np.column_stack([regression.inputs, regression.labels]))
    last = str(regression.inputs.shape[1])
    return make_world(flags.parse(["--design", str(path), "--labels", last, *arguments]))


@pytest.mark.parametrize(
    ("name", "arguments", "dim", "says"),
    [
        ("FILIP", (), 11, "constant among the columns"),
        ("LONGLEY", (), 7, "constant among the columns"),
        ("LONGLEY", ("--intercept",), 7, "constant among the columns"),
        ("LONGLEY", ("--no-intercept",), 7, "constant among the columns"),
        ("LONGLEY_WITHOUT_CONSTANT", (), 7, "intercept added"),
        ("LONGLEY_WITHOUT_CONSTANT", ("--intercept",), 7, "intercept added"),
        ("NOINT1", ("--no-intercept",), 1, "no intercept"),
        ("WAMPLER_3", (), 6, "constant among the columns"),
        ("NORRIS", (), 2, "constant among the columns"),
        ("PONTIUS", (), 3, "constant among the columns"),
    ],
)
def test_the_noise_of_certified_regressions(name, arguments, dim, says, tmp_path):
    certified = getattr(nist, name)
    world = world_of(tmp_path, certified, *arguments)
    precision = certified.noise_precision
    assert world.noise_std == pytest.approx(certified.noise_std, rel=precision)
    assert world.design.dim == dim
    assert world.base_error == pytest.approx(
        certified.noise_std**2 * dim / len(certified.labels), rel=10 * precision
    )
    assert world.note.endswith(f"{says}, d = {dim}")


def test_no_intercept_and_an_intercept_differ(tmp_path):
    without = world_of(tmp_path, nist.LONGLEY_WITHOUT_CONSTANT, "--no-intercept")
    assert without.design.dim == 6
    assert without.noise_std == pytest.approx(475.165507981968, rel=1e-9)  # by exact arithmetic
    with pytest.raises(ValueError, match="labels are fitted exactly by 2 columns"):
        world_of(tmp_path, nist.NOINT1)  # 130, ..., 140 on 60, ..., 70


@pytest.mark.parametrize(("arguments", "dim"), [((), 2), (("--intercept",), 3)])
def test_without_labels_an_intercept_is_added_on_demand(arguments, dim, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,0.5\n2,7.5\n4,-1.5\n8,2.5\n9,0.25\n")
    world = make_world(flags.parse(["--design", str(path), *arguments]))
    assert world.design.dim == dim and world.noise_std == 1


@pytest.mark.parametrize(
    ("labels", "arguments", "says"),
    [
        ([3, 3, 3, 3, 3], (), "--labels y: all labels are 3: accepted are labels that vary"),
        ([3, 3, 3, 3, 3], ("--no-intercept",), "--labels y: all labels are 3"),
        ([3, 5, 9, 17, 19], (), "--labels y: labels are fitted exactly by 2 columns"),
        ([2, 4, 8, 16, 18], ("--no-intercept",), "labels are fitted exactly by 1 columns"),
        ([2, 4, 8, 16, 18], ("--noise-std", "2"), "labels are fitted exactly by 2 columns"),
        ([2e-70, 4e-70, 9e-70, 1e-70, 3e-70], (), "have noise .*e-70, accepted is 1e-60 to 1e"),
    ],
)
def test_labels_without_noise_are_refused_before_anything_runs(labels, arguments, says, tmp_path):
    path = tmp_path / "x.csv"
    rows = [f"{x},{y}" for x, y in zip([1, 2, 4, 8, 9], labels, strict=True)]
    path.write_text("\n".join(["x,y", *rows]))
    with pytest.raises(ValueError, match=says):
        make_world(flags.parse(["--design", str(path), "--labels", "y", *arguments]))


def test_collinear_designs_are_refused_by_their_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b,y\n1,1e-9,3\n2,2e-9,5\n3,3e-9,1\n4,4e-9,2\n5,5e-9,9\n")
    with pytest.raises(ValueError, match="--design .*x.csv: design has rank 1 with 2 columns"):
        make_world(flags.parse(["--design", str(path), "--labels", "y"]))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_any_rows_with_a_mean_have_limits(dim):
    """Half of four rows, for one column, have no mean error: then limits begin at four."""
    for samples in range(dim + 2, 16):
        chosen = flags.parse(["--dim", str(dim), "--samples", str(samples)])
        rungs = make_ladders(chosen, make_world(chosen))
        sizes = sorted({rung.where["samples"] for rung in rungs})
        assert sizes == [sizes[0], 2 * sizes[0], 4 * sizes[0]] and sizes[0] >= dim + 2
        assert sizes[0] in (samples, samples / 2)
