"""transformer_collapse.py as a person runs it: verdicts, measures and files of every regime."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.language.pretrained.decoder import score
from collapse_sim.language.pretrained.load import load
from collapse_sim.run_directory import RunDirectory
from experiments.transformer.settings import parse
from experiments.transformer.world import make_world
from tests.experiments.language_runs import REGIMES, TINY, command, refused, values

pytestmark = pytest.mark.usefixtures("two_devices")


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    """Every regime."""
    folder = tmp_path_factory.mktemp("runs") / "all"
    assert command(*TINY, "--corpus", corpus, "--regimes", *REGIMES, "--out", str(folder)) == 0
    return folder


def test_the_run_directory_holds_what_the_house_asks_for(finished, corpus):
    run = RunDirectory(finished)
    assert run.is_finished() and not run.checkpoints.exists()
    config = run.config()
    assert config["parameters"]["regimes"] == list(REGIMES)
    assert config["parameters"]["corpus"] == corpus
    assert {"jax", "flax", "optax", "numpy"} <= set(config["packages"])
    assert len(config["data"]["digests"]["train"]) == 64
    chains = run.chains()
    assert set(chains["generation"]) == {1, 2, 3}
    assert set(chains["regime"]) == set(REGIMES) - {"edit_anchored", "edit_share"}
    assert (chains["replicates"] == 2).all() and np.isfinite(chains["mean"]).all()
    assert (chains["q05"] <= chains["q50"]).all() and (chains["q50"] <= chains["q95"]).all()


def test_the_model_of_human_text_is_kept_for_editing(finished, corpus):
    """Its loss on held-out text is that of the first of two seeds: a hair off, it is neither's."""
    settings = parse([*TINY, "--corpus", corpus])
    (blocks,) = make_world(settings).text.held_out.values()
    model = load(finished / "model")
    lengths = jnp.full(len(blocks), settings.context)
    found = -score(model.parameters, jnp.asarray(blocks), lengths, config=model.config).mean()
    chains = RunDirectory(finished).chains()
    first = (chains["generation"] == 1) & (chains["measure"] == "held_out_loss")
    seeds = [chains[name][first][0] for name in ("low", "high")]
    assert seeds[1] - seeds[0] > 1e-3
    assert min(abs(float(found) - loss) for loss in seeds) < 1e-5
    (edited,) = cs.edit(["data model loss text"], str(finished / "model"), seed=0)
    assert edited.tokens > 5


def test_every_claim_gets_a_verdict(finished):
    found = {
        (record["claim"], record["parameters"]["process"]): record["verdict"]
        for record in RunDirectory(finished).verdicts()
    }
    names = [name.replace("_", " ") for name in REGIMES]
    expected = {("lm.replace_grows", "replace")}
    expected |= {("lm.edit_bounded", name) for name in names if name.startswith("edit")}
    expected |= {
        ("lm.replace_worst", f"replace less {name}") for name in names if name != "replace"
    }
    assert found.keys() == expected
    assert set(found.values()) == {"undecided"}  # by two seeds


def test_the_first_generation_is_the_same_in_every_regime(finished):
    chains = RunDirectory(finished).chains()
    first = (chains["generation"] == 1) & (chains["measure"] == "held_out_loss")
    assert first.sum() == len(REGIMES)
    assert len(set(chains["mean"][first])) == 1
    later = (chains["generation"] == 3) & (chains["measure"] == "held_out_loss")
    # edit_share is edit where no threshold is given
    assert len(set(chains["mean"][later])) == len(REGIMES) - 1


def test_regimes_do_to_the_text_what_they_say(finished):
    """Told by the first model's perplexity and by how many pairs of tokens are different."""
    human = values(finished, "human_only", "distinct_2")
    assert len(set(human)) == 1  # the same text every time
    new = values(finished, "replace", "distinct_2")
    assert (new[1:] > human[1:] + 0.2).all()  # a model that knows little says anything
    for regime in ("keep_human", "accumulate", "subsample"):
        found = values(finished, regime, "distinct_2")
        assert found[0] == human[0]
        assert (human[1:] < found[1:]).all() and (found[1:] < new[1:] + 0.02).all()


def test_an_eighth_of_the_tokens_is_edited(finished):
    """By share, as `edit` does where no threshold is given and `edit_share` always."""
    cases = ("chained", "confident"), ("anchored", "confident"), ("chained", "share")
    for variant, mask in cases:
        eligible = values(finished, "edit", "eligible", variant, mask)
        changed = values(finished, "edit", "changed", variant, mask)
        assert eligible[0] == changed[0] == 0  # the first generation is human
        np.testing.assert_allclose(eligible[1:], 0.125, atol=0.015)
        assert (changed <= eligible).all() and (changed[1:] > 0.05).all()


def test_output_fits_80_columns_and_shows_a_line_a_process_off_a_terminal(
    corpus, tmp_path, capfd, without_progress
):
    folder = tmp_path / "run"
    assert command(*TINY, "--corpus", corpus, "--out", str(folder)) == 0
    shown = capfd.readouterr()
    assert without_progress(shown.err) == "" != shown.err
    tables = shown.out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "lm.replace_grows" in tables and "human only" in tables
    assert "A smoke test: 2 seeds decide nothing" in tables


def test_another_seed_is_another_run(finished, corpus, tmp_path):
    folder = tmp_path / "run"
    flags = ("--regimes", "human_only", "--generations", "2", "--seed", "1", "--out", str(folder))
    assert command(*TINY, "--corpus", corpus, *flags) == 0
    found = [values(run, "human_only", "held_out_loss")[:2] for run in (finished, folder)]
    assert (found[0] != found[1]).all()


@pytest.mark.parametrize("strategy", ["revise_drop", "filter"])
def test_deleting_strategies(strategy, corpus, tmp_path):
    """Thresholds at the first model's own level, so that a fair share is deleted."""
    folder = tmp_path / "run"
    flags = ("--regimes", "human_only", "edit", "--strategy", strategy, "--drop-below", "0.01")
    assert command(*TINY, "--corpus", corpus, *flags, "--out", str(folder)) == 0
    assert values(folder, "edit", "changed", "chained").size == 0  # texts of another size
    edited = values(folder, "edit", "distinct_2", "chained")
    assert edited[0] == values(folder, "human_only", "distinct_2")[0] and edited[1] != edited[0]


def test_thresholds_instead_of_a_share(corpus, tmp_path):
    """Both are too far out for any token of these models: nothing is edited."""
    folder = tmp_path / "run"
    flags = ("--regimes", "human_only", "edit", "--edit-above", "0.999")
    assert command(*TINY, "--corpus", corpus, *flags, "--out", str(folder)) == 0
    np.testing.assert_array_equal(values(folder, "edit", "changed", "chained"), [0, 0, 0])
    for measure in ("held_out_loss", "distinct_2"):
        np.testing.assert_array_equal(
            values(folder, "edit", measure, "chained"), values(folder, "human_only", measure)
        )


def test_going_on_from_the_first_model_learns_more(finished, corpus, tmp_path):
    folder = tmp_path / "run"
    flags = ("--regimes", "human_only", "--init", "base", "--out", str(folder))
    assert command(*TINY, "--corpus", corpus, *flags) == 0
    fresh, base = (values(run, "human_only", "held_out_loss") for run in (finished, folder))
    assert base[0] == fresh[0]
    assert (base[1:] < fresh[1:] - 0.1).all()


def test_the_python_corpus(tmp_path):
    """Text that every Python carries, in four domains."""
    folder = tmp_path / "run"
    flags = (
        "--regimes",
        "human_only",
        "--generations",
        "2",
        "--tokens",
        "8000",
        "--corpus",
        "python",
    )
    assert command(*TINY, *flags, "--out", str(folder)) == 0
    domains = set(RunDirectory(folder).config()["data"]["train"])
    assert domains == {"reference", "docstrings", "comments", "code"}
    measures = set(RunDirectory(folder).chains()["measure"])
    assert {f"held_out_loss/{domain}" for domain in domains} <= measures


def test_another_run_in_the_directory_is_left_alone(finished, corpus, capfd):
    before = (finished / "config.json").read_bytes()
    flags = (*TINY, "--corpus", corpus, "--regimes", *REGIMES)
    assert "holds a run with seed=0, asked is seed=7" in refused(
        finished, capfd, *flags, "--seed", "7"
    )
    assert "holds a run with batch=16" in refused(
        finished, capfd, *flags, "--batch", "8", "--resume"
    )
    assert (finished / "config.json").read_bytes() == before
