"""A variational autoencoder as a family: a small run whose pictures collapse, and bad files."""

import numpy as np
import pytest

from collapse_sim import replicates
from collapse_sim.run_directory import RunDirectory
from experiments import claims, curse_of_recursion
from experiments.recursion import vae
from experiments.recursion.settings import parse
from experiments.recursion.vae_pictures import read_pictures
from experiments.verification import processes

SHAPE = (2, 3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Pictures of three classes, small networks: 16 seeds of full resampling and of the control."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("vae")
    labels = np.repeat(["a", "b", "c"], 40)
    bright = np.repeat(np.eye(3), 40, axis=0)[:, None, :] * 9.0
    images = bright + rng.normal(size=(120, *SHAPE))
    np.savez(folder / "bars.npz", images=images, labels=labels)
    flags = ["--family", "vae", "--images", str(folder / "bars.npz"), "--preset", "quick"]
    flags += ["--regimes", "human_only", "replace", "keep_human", "--replicates", "16"]
    flags += ["--generations", "4", "--latent", "2", "--out", str(folder / "run")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "HIDDEN", 8)
        patch.setattr(vae, "RATE", 0.03)
        patch.setattr(replicates, "BLOCK_FLOATS", 1)  # few seeds: a larger block trains more
        assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    return RunDirectory(folder / "run")


def test_the_run_directory_is_whole_and_holds_pictures(finished):
    assert finished.is_finished() and (finished.path / "figure.png").is_file()
    assert finished.config()["data"]["shape"] == list(SHAPE)
    arrays = finished.arrays()
    assert set(arrays) == {"pictures/replace", "pictures/keep_human"}
    shown = arrays["pictures/replace"]
    assert shown.shape == (4, vae.SHOWN, 6)
    # The first models of both arms are one: so are their pictures.
    np.testing.assert_allclose(shown[0], arrays["pictures/keep_human"][0], rtol=1e-3, atol=1e-3)
    assert shown[-1].var(axis=0).sum() < shown[0].var(axis=0).sum()


def test_codes_narrow_under_full_resampling_and_not_on_human_pictures(finished):
    verdicts = {v["claim"]: v for v in finished.verdicts()}
    assert verdicts["shum2024.vae"]["verdict"] == "holds"
    assert verdicts["shum2024.kept_human"]["verdict"] == "holds"
    chains = finished.chains()

    def last(regime: str, column: str) -> float:
        mine = (chains["regime"] == regime) & (chains["measure"] == "code_spread")
        return float(chains[column][mine][-1])

    assert last("replace", "q50") < 0.5 * last("human_only", "q50")


def test_the_control_is_not_taken_for_a_collapse():
    """Slopes of a spread that only varies: of either sign. Of one that falls: negative."""
    rng = np.random.default_rng(1)
    flat = vae.log_slope(np.exp(0.01 * rng.normal(size=(32, 5))))
    assert (flat > 0).any() and (flat < 0).any()
    falling = 0.5 ** np.arange(5) * np.ones((3, 1))
    np.testing.assert_allclose(vae.log_slope(falling), np.log(0.5), rtol=1e-12)


def test_its_command_is_told_and_verify_leaves_it_to_it(monkeypatch):
    assert "collapse-sim curse --family vae" in claims.deciding("shum2024.vae")
    monkeypatch.setattr(processes, "FAMILIES", ("kde", "vae", "table"))
    assert {process.family for process in processes.recursion_processes({})} == {"kde"}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"faces": np.ones((30, 2, 2)), "more": np.ones(3)}, "holds faces, more, accepted is an"),
        ({"images": np.ones((5, 2, 2))}, "5 pictures, accepted are 20 or more"),
        ({"images": np.ones((30, 2, 2))}, "all pictures are equal"),
        ({"images": np.ones(30)}, "images are float64 of shape (30,), accepted are numbers of"),
        ({"images": np.full((30, 2), np.nan)}, "picture 0 holds a pixel that is no finite number"),
        (
            {"images": np.eye(30), "labels": np.ones(3, int)},
            "labels are int64 of shape (3,), accepted are whole numbers or names of shape (30,)",
        ),
        ({"images": np.eye(30), "labels": np.arange(30)}, "30 classes of 30 pictures, accepted"),
    ],
)
def test_a_file_without_pictures_is_refused_in_one_line(arrays, message, tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError) as refused:
        read_pictures(str(path))
    said = str(refused.value)
    assert said.startswith(f"--images {path}: {message}") and "\n" not in said


def test_what_is_no_file_of_pictures_is_refused(tmp_path):
    (tmp_path / "x.npz").write_text("no archive")
    for name, message in (
        ("x.npz", "cannot be read"),
        ("none.npz", "no such file"),
        ("x.png", "accepted are digits and .npz files"),
    ):
        with pytest.raises(ValueError, match=message):
            read_pictures(str(tmp_path / name))


def test_without_scikit_learn_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ValueError, match=r"needs scikit-learn, as in pip install 'collapse-sim\["):
        read_pictures("digits")


def test_presets_have_sizes_of_their_own_and_flags_override_them():
    assert vae.seeds_of(parse(["--preset", "quick", "--family", "vae"])) == 8
    assert vae.seeds_of(parse(["--family", "vae"])) == 32
    assert vae.seeds_of(parse(["--family", "vae", "--replicates", "40"])) == 40
    assert parse(["--images", "x.npz"]).families() == ("vae",)
