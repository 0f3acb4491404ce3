"""token_editing.py as a person runs it: tables, stages, resuming, and every bad input."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from collapse_sim.language import fitting
from collapse_sim.language.programs import make_mesh
from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from experiments import token_editing
from experiments.editing import tables
from experiments.editing.settings import PRESETS, parse
from experiments.study import intervals, study
from tests.experiments.interruptions import assert_same_results, stopped_again_and_again

TINY = [
    *("--preset", "tiny", "--vocabulary", "270", "--context", "32", "--tokens", "1536"),
    *("--prior-tokens", "3072", "--prior-epochs", "2", "--epochs", "1", "--batch", "8"),
    *("--answers", "6", "--first-domain", "x", "--second-domain", "y", "--edit-above", "0.1"),
    *("--size", "0.1m", "--prior-size", "0.1m"),
]
"""Fits of 6 steps, of the prior 24: each in parts of 3, so that all share their programs."""

PASSES = ("chained", "anchored", "chained beta 1.5")
"""Arms of several passes."""

WORDS = "data model loss text token human edit pass grows stays under with from every".split()


def command(*arguments: str) -> int:
    """The command's exit status, in this process (whose devices are already chosen)."""
    return token_editing.command(list(arguments), configure=lambda settings: None)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """Flags of a corpus of two domains, and of pairs of which some stand in it."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("texts")

    def sentence(count: int) -> str:
        return " ".join(str(word) for word in rng.choice(WORDS, count))

    common = [sentence(7) for _ in range(30)]
    documents = [
        {"text": ". ".join(common[i] for i in rng.integers(0, 30, 12)), "domain": domain}
        for domain in "xy"
        for _ in range(40)
    ]
    pairs = [{"prompt": f"{i}:", "response": sentence(2) + str(i % 50)} for i in range(90)]
    pairs += [{"prompt": f"again {i}:", "response": common[i][:9]} for i in range(10)]
    for name, rows in (("corpus", documents), ("pairs", pairs)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return ["--corpus", str(folder / "corpus.jsonl"), "--pairs", str(folder / "pairs.jsonl")]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """A device for each seed, and as few programs as there can be: they are what takes time."""
    with pytest.MonkeyPatch.context() as patch:
        meshed = lambda seeds, **_: make_mesh(seeds, jax.devices()[:2])  # noqa: E731
        patch.setattr(study, "make_mesh", meshed)
        patch.setattr(fitting, "REPORT_STEPS", 3)
        patch.setattr(fitting, "CHECKPOINT_SECONDS", -1.0)
        patch.setattr(intervals, "RESAMPLES", 100)
        for name in ("top-k 64", "top-p 0.9"):
            patch.delitem(tables.SAMPLERS, name)
        yield


@pytest.fixture(scope="module")
def finished(files, tmp_path_factory) -> Path:
    """Every table and stage."""
    folder = tmp_path_factory.mktemp("runs") / "all"
    assert command(*TINY, *files, "--out", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def means(finished) -> dict[str, dict[str, float]]:
    """By arm and measure; of passes by `measure/pass`."""
    found: dict[str, dict[str, float]] = {}
    for arm, measure, mean in rows(finished):
        found.setdefault(arm, {})[measure] = mean
    return found


def rows(folder: Path) -> list[tuple[str, str, float]]:
    chains, found = RunDirectory(folder).chains(), []
    for row in range(len(chains["mean"])):
        family, regime, measure = (str(chains[n][row]) for n in ("family", "regime", "measure"))
        if regime in PASSES:
            measure = f"{measure}/{chains['generation'][row]}"
        found.append((f"{family} {regime}".strip(), measure, float(chains["mean"][row])))
    return found


def test_the_run_directory_holds_what_the_house_asks_for(finished, means, files):
    run = RunDirectory(finished)
    assert run.is_finished() and not run.checkpoints.exists()
    config = run.config()
    assert config["experiment"] == "token_editing"
    assert set(config["data"]["digests"]) == {"student", "prior", "held_out"}
    assert config["data"]["pairs"]["pairs"] == 100
    assert config["data"]["pairs"]["in_the_corpus"] == 10
    chains = run.chains()
    assert tuple(chains) == CHAIN_COLUMNS
    assert (chains["replicates"] == 2).all()
    for name in ("mean", "standard_error", "low", "high"):
        assert np.isfinite(chains[name]).all()
    assert (chains["low"] <= chains["mean"]).all() and (chains["mean"] <= chains["high"]).all()
    stages = {arm for arm in means if arm.split()[0] in ("pretrain", "continual", "finetune")}
    assert stages == {
        "pretrain unedited", "pretrain edited", "pretrain below-0.1",
        "pretrain edited - unedited", "pretrain below-0.1 - unedited",
        *(f"{stage} {arm}" for stage in ("continual", "finetune")
          for arm in ("base", "unedited", "edited", "edited - unedited")),
    }  # fmt: skip


def test_tables_agree_with_one_another(means):
    human, chained, anchored = (means[arm] for arm in ("human", "chained", "anchored"))
    assert sum(human[f"probability/{i}"] for i in range(10)) == pytest.approx(1)
    assert 0.02 < chained["eligible/1"] < 0.9
    # Below 0.1 and at least 0.1 make the whole, but for the tokens that have no probability.
    without = 1 - chained["eligible/1"] - human["eligible/below-0.1"]
    assert 1 / 32 <= without < 1 / 32 + 0.02
    assert human["probability/0"] == pytest.approx(human["eligible/below-0.1"] / (1 - without))
    for number in (1, 2, 3):  # the same human text every time
        assert anchored[f"eligible/{number}"] == chained["eligible/1"]
    assert anchored["changed/1"] == chained["changed/1"] != anchored["changed/2"]
    share = chained["changed/1"] / chained["eligible/1"]
    assert means["top-k 8 beta 1"]["changed_per_eligible"] == pytest.approx(share, rel=0.05)
    for beta in ("1", "1.5"):
        assert means[f"rejection beta {beta}"]["changed_per_eligible"] == 1
    tempered = means["top-k 8 beta 1.5"]["changed_per_eligible"]
    assert share < tempered < means["full beta 1.5"]["changed_per_eligible"] < 1


def test_strategies_edit_and_delete_as_the_script_does(means):
    revised, both, deleting = (
        means[name] for name in ("up_revise", "low_drop_up_revise", "filter")
    )
    assert revised["deleted"] == 0 and revised["left"] == 1
    assert revised["changed"] == means["chained beta 1.5"]["changed/1"]
    assert both["changed"] == means["chained"]["changed/1"] and deleting["changed"] == 0
    for values in (both, deleting):
        assert values["deleted"] == means["human"]["eligible/below-0.001"] > 0
        assert 1 - values["deleted"] - 0.05 < values["left"] <= 1 - values["deleted"]


def test_differences_are_of_their_arms(means):
    def lost(stage: str, measure: str) -> float:
        return means[f"{stage} edited"][measure] - means[f"{stage} unedited"][measure]

    found = {stage: means[f"{stage} edited - unedited"] for stage in
             ("pretrain", "continual", "finetune")}  # fmt: skip
    assert found["pretrain"]["held-out loss"] == pytest.approx(lost("pretrain", "held_out_loss"))
    assert found["continual"]["loss on y"] == pytest.approx(lost("continual", "held_out_loss/y"))
    forgotten = lost("continual", "held_out_loss/x")
    assert found["continual"]["forgetting of x"] == pytest.approx(forgotten)
    assert found["finetune"]["response loss"] == pytest.approx(lost("finetune", "response_loss"))
    assert all(abs(value) > 1e-7 for values in found.values() for value in values.values())
    # Training goes on from the base model, on what the stage is about.
    for stage, measure in (("continual", "held_out_loss/y"), ("finetune", "response_loss")):
        assert means[f"{stage} unedited"][measure] < means[f"{stage} base"][measure] - 0.01


def test_every_claim_gets_a_verdict(finished):
    found = [
        (record["claim"], record["generation"]) for record in RunDirectory(finished).verdicts()
    ]
    assert found == [
        ("zhu2025.ushape", 1), ("zhu2025.edited_share", 2), ("zhu2025.edited_share", 3),
        ("zhu2025.edit_pretrain", 1), ("zhu2025.edit_continual", 1), ("zhu2025.edit_finetune", 1),
    ]  # fmt: skip


def test_tables_alone_fit_80_columns_and_show_no_progress_off_a_terminal(
    files, finished, means, tmp_path, capfd, without_progress
):
    folder = tmp_path / "run"
    assert command(*TINY, *files, "--stages", "--out", str(folder)) == 0
    shown = capfd.readouterr()
    assert without_progress(shown.err) == "" != shown.err
    tables = shown.out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80 and "low_drop_up_revise" in tables
    assert "A smoke test: 2 seeds decide nothing" in tables
    found = rows(folder)
    stages = ("pretrain", "continual", "finetune")
    assert {arm for arm in means if not arm.startswith(stages)} == {arm for arm, *_ in found}
    for arm, measure, mean in found:
        assert mean == means[arm][measure]  # whatever stages follow


def test_text_that_nothing_touches_shows_nothing_of_editing(files, tmp_path, capfd):
    folder = tmp_path / "run"
    flags = ("--edit-above", "1", "--stages", "pretrain", "--ablation")
    assert command(*TINY, *files, *flags, "--out", str(folder)) == 0
    assert [record["claim"] for record in RunDirectory(folder).verdicts()] == ["zhu2025.ushape"]
    shown = capfd.readouterr().out
    assert "a lower --edit-above finds some" in shown
    assert "no difference shown, better in 0 of 2 seeds." in " ".join(shown.split())
    assert max(map(len, shown.partition(str(tmp_path))[0].splitlines())) <= 80


STOPS = ("prior", "table-low_drop_up_revise", "continual-unedited-measures", "finetune-unedited")
"""In the fit of the prior, in the tables, and in the stages."""


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_ctrl_c_leaves_a_run_that_resumes(finished, files, tmp_path, capfd):
    folder = tmp_path / "run"
    names = stopped_again_and_again(command, (*TINY, *files), folder, STOPS, capfd)
    assert_same_results(folder, finished)
    done = [name for name in names if name.endswith("-measures") or "table" in name]
    assert len(set(done)) == len(done)  # nothing that was finished is made again


# Bad input: one line, exit status 2, nothing written


FINITE = "accepted are finite numbers > 0"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--edit-above", "1.5"], "--edit-above 1.5: accepted is [0, 1]"),
        (["--edit-above", "nan"], "--edit-above nan: accepted is [0, 1]"),
        (["--drop-below", "-0.1"], "--drop-below -0.1: accepted is [0, 1]"),
        (["--edit-temperature", "0"], f"--edit-temperature 0.0: {FINITE}"),
        (["--prior-epochs", "-1"], f"--prior-epochs -1.0: {FINITE}"),
        (["--continued-rate", "inf"], f"--continued-rate inf: {FINITE}"),
        (["--edit-top-k", "0"], "--edit-top-k 0: accepted are integers >= 1"),
        (["--answers", "0"], "--answers 0: accepted are integers >= 1"),
        (["--prior-tokens", "31"], "--prior-tokens 31: accepted are integers >= 32"),
        (["--seeds", "1"], "--seeds 1: accepted are integers >= 2"),
        (["--first-domain", "z"], "--first-domain z: accepted are the domains of --corpus"),
        (["--second-domain", "z"], "corpus.jsonl: x, y"),
        (["--second-domain", "x"], "--second-domain x: accepted is a domain other than"),
        (["--pairs", "none.jsonl"], "--pairs none.jsonl: no such file"),
        (["--corpus", "none.txt"], "--corpus none.txt: no such file"),
        (["--prior-size", "7b"], "size=7b: accepted are 0.016m, 0.1m, 0.5m"),
        (["--size", "7b"], "size=7b: accepted are 0.016m, 0.1m, 0.5m"),
        (["--preset", "best"], "--preset best: accepted are default, tiny, gpu"),
        (["--resume"], "--resume: there is no run in"),
    ],
)
def test_bad_flags(flags, says, files, tmp_path, capfd):
    folder = tmp_path / "run"
    assert command(*TINY, *files, *flags, "--out", str(folder)) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert shown.err.startswith("token_editing.py: error: ") and says in shown.err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("flag", "content", "says"),
    [
        ("--pairs", '{"prompt": "a"}', "line 1 without response: accepted are objects"),
        ("--pairs", "", "empty: accepted are files that hold pairs"),
        ("--pairs", '{"prompt": "a", "response": "new7"}', "accepted are pairs of which some"),
        ("--pairs", '{"prompt": "a", "response": "data"}', "0 of 1 pairs have responses"),
        ("--corpus", "", "empty: accepted are sources that hold text"),
        ("--corpus", '{"text": "few words"}', "accepted are"),
        ("--corpus", '{"title": "none"}', "line 1 without text"),
    ],
)
def test_bad_files(flag, content, says, files, tmp_path, capfd):
    path, folder = tmp_path / "x.jsonl", tmp_path / "run"
    path.write_text(content)
    assert command(*TINY, *files, flag, str(path), "--out", str(folder)) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and says in shown.err
    assert not folder.exists()


def test_presets_and_flags_together():
    assert parse(["--preset", "tiny", "--seed", "3"]) == replace(PRESETS["tiny"], seed=3)
    for name in PRESETS:
        assert parse(["--preset", name]).preset == name
    assert parse(["--stages"]).stages == ()
    first = parse([]).directory()
    assert first.parent == Path("runs/token_editing")
    assert first != parse(["--edit-above", "0.5"]).directory()
