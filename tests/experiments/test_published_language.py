"""The default of transformer_collapse.py: a language in the published regime, exactly known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from collapse_sim.experiment.process import Process, Result
from collapse_sim.replicates import EMPTY
from collapse_sim.run_directory import RunDirectory
from experiments.transformer import checks, token_rule
from experiments.transformer.answers import answers
from experiments.transformer.processes import EDITS, make_learner, make_processes
from experiments.transformer.report import loss_table, shown_generations
from experiments.transformer.settings import PRESETS, parse
from experiments.transformer.world import make_world
from experiments.verdicts import process_of
from tests.experiments.language_runs import command
from theory.language.token_rule import eligible_share

DEFAULT = PRESETS["default"]
ARMS = [name for name in DEFAULT.regimes if name == "human_only" or name in EDITS]
FEW = ("--tokens", "2000", "--epochs", "1", "--generations", "3", "--seeds", "2")


# Settings


def test_a_corpus_alone_chooses_the_sizes_for_text():
    assert parse([]) == DEFAULT
    text = replace(PRESETS["text"], corpus="my.txt")
    assert parse(["--corpus", "my.txt"]) == parse(["--corpus=my.txt"]) == text
    tiny = parse(["--preset", "tiny", "--corpus", "my.txt"])
    assert (tiny.preset, tiny.context) == ("tiny", 32)
    assert parse(["--corpus", "python"]) == PRESETS["text"]


def test_the_default_is_large_enough_for_its_claims():
    assert DEFAULT.seeds >= 20 and DEFAULT.generations >= 8 and DEFAULT.edit_above == 0.99


# Statistics of a seed, by hand


def test_statistics_of_a_seed():
    straight, bent = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 4.0, 4.5, 4.75]
    values = np.array([straight, bent])
    np.testing.assert_allclose(checks.late_growth(values), [0.0, 0.75 - 3.0])
    np.testing.assert_allclose(checks.late_growth(values[:, [0, 1, 2, 4]]), [1.0, -1.25])
    np.testing.assert_allclose(checks.ratio(values), [5.0, 4.75])
    np.testing.assert_allclose(checks.slope(values)[0], 1.0)
    eligible = np.array([[0.0, 0.12, 0.11, 0.10]])
    np.testing.assert_allclose(checks.slope_of_edits(eligible), [-0.01])
    np.testing.assert_allclose(
        checks.missing_certainty(np.array([[0.12], [0.13]])), [0.00503, 0.00497]
    )


# The claims, on made-up losses


KL = {
    "human_only": 0 * np.arange(8.0),
    "replace": np.arange(8) ** 0.9,
    "accumulate": 0.6 * np.arange(8) ** 0.5,
    "edit": 0.01 * np.arange(8),
    "edit_frozen": 0.02 * np.arange(8),
    "edit_blind": 0.23 * np.arange(8),
    "edit_blind_frozen": 1 - 0.8 ** np.arange(8),
}
"""Growth in units of the first error, as in the regression."""


@pytest.fixture(scope="module")
def made_up() -> tuple[list[Process], dict[str, Result]]:
    world = make_world(replace(DEFAULT, tokens=600))
    processes = make_processes(DEFAULT, world, make_learner(DEFAULT, world))
    rng, results = np.random.default_rng(0), {}
    for process, name in zip(processes, DEFAULT.regimes, strict=True):
        noise = 1e-4 * rng.normal(size=(20, 8))
        eligible = (0.06 - 0.001 * np.arange(8)) * (np.arange(8) > 0) + noise
        sample = {
            "kl": 0.1 * (1 + KL[name]) + noise,
            "sure_share": 0.125 + noise,
            "eligible": eligible,
            "changed": eligible / 100,
            "distinct_2": 0.4 + noise,
            "edited_fraction": noise,
        }
        results[process.key] = Result(process, EMPTY.add(sample))
    return processes, results


def judged(made_up) -> list:
    from collapse_sim.experiment.decide import difference
    from collapse_sim.experiment.evidence import evidence
    from theory.claims import ledger

    processes, results = made_up
    found = []
    for process in processes:
        for check in process.checks:
            summary = results[process.key].summary
            if check.less:
                summary = difference(summary, results[check.less].summary, check.measure)
            found.append(evidence(check, process, ledger(), 1e-4).judge(summary, 1e-4))
    return found


def test_each_claim_of_the_regression_is_asked_of_the_arms_it_is_about(made_up):
    found = {(v.claim, process_of(v)): v.verdict for v in judged(made_up)}
    violated = {("lm.edit_twice", "edit blind"), ("lm.frozen_safer", "edit less edit frozen")}
    assert {key for key, verdict in found.items() if verdict != "holds"} == violated
    expected = {
        ("lm.certainty", "human only"),
        ("lm.replace_grows", "replace"),
        ("lm.replace_linear", "replace"),
        ("lm.frozen_levels", "edit blind frozen"),
        ("lm.frozen_safer", "edit blind less edit blind frozen"),
        ("zhu2025.edited_share", "edit"),
        ("zhu2025.edited_share", "edit frozen"),
        *violated,
    }
    names = [name.replace("_", " ") for name in DEFAULT.regimes]
    expected |= {("lm.edit_twice", name) for name in names if name.startswith("edit")}
    expected |= {("lm.replace_worst", f"replace less {n}") for n in names if n != "replace"}
    assert found.keys() == expected


def test_the_answer_says_what_the_verdicts_say(made_up):
    _, results = made_up
    said = " ".join(answers(DEFAULT, list(results.values()), judged(made_up)))
    for words in (
        "The first model is as sure of its text as the published prior: of 12.5 % of the tokens",
        "Full resampling grows, no faster than linearly: the divergence from the true law goes "
        "from 0.100 to 0.676 nats a token in 8 generations.",
        "those of the latest model end at 0.261, more than those of the first model, 0.179; so in",
        "Edits at P >= 0.99, as published, keep twice the first error: 0.107 (latest model), "
        "0.114 (first model)",
    ):
        assert words in said
    assert list(answers(PRESETS["text"], [], [])) == []
    assert list(answers(DEFAULT, list(results.values()), [])) == []


def test_the_table_has_room_for_few_generations(made_up):
    assert shown_generations(8) == [1, 3, 4, 6, 8] and shown_generations(4) == [1, 2, 3, 4]
    table = loss_table(DEFAULT, list(made_up[1].values()))
    named = ["regime", "1", "3", "4", "6", "8", "± 2 s.e.", "changed", "sure", "bigrams"]
    assert [column.header for column in table.columns] == named
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table)
    assert "edit blind frozen" in shown.get() and "…" not in shown.get()


# A run


@pytest.fixture(scope="module")
def finished(two_devices, tmp_path_factory) -> Path:
    """The control and all edits, in a moment: nothing is learnt that a verdict could rest on."""
    folder = tmp_path_factory.mktemp("runs") / "published"
    few = (*FEW, "--edit-above", "0.02", "--regimes", *ARMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_rule, "token_rule_processes", lambda world: [])
        assert command(*few, "--out", str(folder)) == 0
    return folder


def test_a_run_has_every_edit_and_its_figure(finished):
    run = RunDirectory(finished)
    assert run.is_finished() and (finished / "figure.png").exists()
    chains, kl = run.chains(), run.chains()["measure"] == "kl"
    found = set(zip(chains["mask"][kl], chains["variant"][kl], strict=True))
    assert found == {("", "")} | {EDITS[name] for name in DEFAULT.regimes if name in EDITS}
    assert json.loads((finished / "config.json").read_text())["parameters"]["corpus"] == "published"
    blind = (chains["mask"] == "blind") & (chains["measure"] == "eligible")
    after = chains["mean"][blind & (chains["generation"] > 1)]
    np.testing.assert_allclose(after, 0.25 / 2, atol=0.02)  # half the tokens are contexts


def test_the_first_round_does_not_depend_on_who_is_the_first_model(finished):
    """Then the latest model is the first one; later they differ."""
    chains = RunDirectory(finished).chains()
    for mask in ("confident", "blind"):
        by_writer = [
            chains["mean"][
                (chains["mask"] == mask)
                & (chains["variant"] == writer)
                & (chains["measure"] == "kl")
            ]
            for writer in ("chained", "frozen")
        ]
        latest, frozen = by_writer
        np.testing.assert_array_equal(latest[:2], frozen[:2])
        assert latest[2] != frozen[2]


def test_the_language_is_as_sure_as_the_theory_says():
    """Context by context: what the rule would redraw of text of the true law, 12.503 %."""
    source = make_world(replace(DEFAULT, tokens=600)).text.source
    assert source is not None
    laws = np.asarray(source.table, float)
    laws /= laws.sum(axis=1, keepdims=True)
    shares = [eligible_share(prior=law, threshold=0.99) for law in laws]
    assert source.stationary() @ shares == pytest.approx(0.12503, rel=1e-6)
