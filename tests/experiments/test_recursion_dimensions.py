"""--dim: mixtures and kernel densities in a plane, Gaussians under every regime in space."""

from pathlib import Path

import numpy as np
import pytest

from collapse_sim.certify import Evidence
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import gaussian as gaussian_family
from experiments.recursion.points import truth, truth_variance
from experiments.recursion.settings import Settings
from tests.collapse_sim.draws import draw, same_mean
from tests.experiments.evidence import evidence_of
from theory.distributions import gaussian, gaussian_accumulate, gaussian_edits, kernel_density

ANCHORED = gaussian_edits.anchored_edit_variance, gaussian_edits.anchored_edit_mean_error
FRESH = gaussian_edits.fresh_human_variance, gaussian_edits.fresh_human_mean_error
SHORT = ("--generations", "3", "--steps", "5")


def run(folder: Path, *flags: str) -> RunDirectory:
    status = curse_of_recursion.command(
        [*flags, "--out", str(folder)], configure=lambda settings: None
    )
    assert status == 0
    return RunDirectory(folder)


def column(found: RunDirectory, measure: str, name: str = "mean", **where: str) -> np.ndarray:
    chains = found.chains()
    mine = chains["measure"] == measure
    for key, value in where.items():
        mine &= chains[key] == value
    return chains[name][mine]


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_truth_has_two_components_four_apart_and_its_stated_variance(dim):
    law = truth(dim)
    covariance = np.eye(dim) + np.cov(law.means.T, bias=True).reshape(dim, dim)
    assert np.linalg.norm(law.means[1] - law.means[0]) == 4
    np.testing.assert_array_equal(law.factors, [np.eye(dim)] * 2)
    assert truth_variance(dim) == pytest.approx(np.trace(covariance) / dim)


def test_a_kernel_density_of_a_plane_is_on_its_closed_form(tmp_path):
    found = run(
        tmp_path / "kde", "--family", "kde", "--dim", "2", "--regimes", "replace", *SHORT,
        "--samples", "20", "--replicates", "2048",
    )  # fmt: skip
    mean, error = (
        column(found, "variance", name, variant="") for name in ("mean", "standard_error")
    )
    at = {"samples": 20, "bandwidth": 0.3, "human_variance": 3.0}
    expected = [kernel_density.model_variance(**at, generation=n) for n in (1, 2, 3)]
    # 5 standard errors: a chance of 6e-7 each.
    assert (abs(mean - expected) < 5 * error).all() and (5 * error < 0.04 * mean).all()
    np.testing.assert_allclose(column(found, "variance", "predicted", variant=""), expected)
    assert np.isfinite(column(found, "kl")).all()
    assert {v["parameters"]["dim"] for v in found.verdicts()} == {2}


def test_a_mixture_of_a_plane_loses_variance_as_its_sample_does(tmp_path):
    found = run(
        tmp_path / "mixture", "--family", "mixture", "--dim", "2", "--regimes", "replace",
        "--samples", "20", "--replicates", "2048", *SHORT,
    )  # fmt: skip
    mean, error = (
        column(found, "variance", name, variant="") for name in ("mean", "standard_error")
    )
    assert (abs(mean - 3 * 0.95 ** np.arange(1, 4)) < 5 * error).all()
    assert (5 * error[0] < 0.04 * mean[0]) and (np.diff(column(found, "kl")) > 0).all()
    assert (found.path / "figure.png").is_file()


FORMS = {
    "replace": (gaussian.replace_variance, gaussian.replace_mean_error, {}),
    "accumulate": (
        gaussian_accumulate.accumulate_variance,
        gaussian_accumulate.accumulate_mean_error,
        {},
    ),
    "edit": (gaussian_edits.edit_variance, gaussian_edits.edit_mean_error, {"edited": 4}),
    "edit_anchored": (*ANCHORED, {"edited": 4}),
    "keep_human": (*ANCHORED, {"edited": 6}),
    "fresh_human": (*FRESH, {"human_share": 0.25}),
}


@pytest.mark.parametrize("regime", FORMS)
def test_gaussians_in_space_have_the_moments_of_the_line_entry_by_entry(regime):
    settings = Settings(dim=3, regimes=(regime,), samples=8, generations=3, human_share=0.25)
    process = {process.name: process for process in gaussian_family.processes(settings)}[
        f"{regime.replace('_', ' ')}, 3 dimensions"
    ]
    got = draw(process.simulation, seed=3, count=2**14)
    variance, mean_error, more = FORMS[regime]
    for measure, form in (("variance", variance), ("squared_mean_error", mean_error)):
        expected = np.array([form(samples=8, generation=n, **more) for n in (1, 2, 3)])
        np.testing.assert_array_equal(process.closed_form(measure, 3), expected)
        assert same_mean(got[measure], expected)
        assert not same_mean(got[measure][:, :1], 1.05 * expected[:1])
    (evidence,) = evidence_of(process)
    assert evidence.parameters["dim"] == 3
    assert isinstance(evidence, Evidence)
    closed = process.closed_form(evidence.measure, 3)
    assert closed is not None and evidence.predicted[0] == closed[-1]
    assert same_mean(got[evidence.measure][:, -1], np.array(evidence.predicted[0]))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), {"replace, 4 dimensions"}),
        (Settings(samples=3), {"replace, 2 dimensions"}),
        (Settings(samples=2), set()),
        (Settings(dim=1), set()),
        (Settings(regimes=("edit",)), set()),
        (Settings(dim=2, regimes=("edit",)), {"edit, 2 dimensions"}),
    ],
)
def test_without_dim_only_full_resampling_runs_in_several_dimensions(settings, expected):
    names = {process.name for process in gaussian_family.processes(settings)}
    assert {name for name in names if name.endswith("dimensions")} == expected


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--family", "mixture", "--dim", "3"), "--dim 3: accepted are 1, 2 for mixture and kde"),
        (("--dim", "4"), "--dim 4: accepted are 1, 2 for mixture and kde"),
        (("--family", "gaussian", "--dim", "0"), "--dim 0: accepted are integers >= 1"),
        (("--family", "gaussian", "--dim", "20"), "accepted are integers >= 21 for dim=20"),
    ],
)
def test_unusable_dimensions_are_refused_in_one_line(flags, message, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 2
    shown = capfd.readouterr().err
    assert message in shown and len(shown.splitlines()) == 1
    assert not list(tmp_path.iterdir())
