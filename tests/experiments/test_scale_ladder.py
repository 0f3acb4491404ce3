"""A ladder of model sizes: what is asked along it, on made-up losses, and a tiny run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from collapse_sim.experiment.decide import chain_rows, decide
from collapse_sim.language.fitting import Fitting
from collapse_sim.language.training import parameter_count
from collapse_sim.run_directory import RunDirectory
from experiments.study.arms import Measured
from experiments.transformer.ladder import first_round, per_tenfold
from experiments.transformer.ladder_report import about, ladder_answers, ladder_table
from experiments.transformer.processes import make_all_processes, make_learners
from experiments.transformer.settings import PRESETS
from experiments.transformer.world import make_world
from paper_figs import language_generations, scale_ladder, style
from tests.experiments.language_runs import TINY, command, refused
from tests.paper_figs.axes import points, words
from theory.claims import ledger

LADDER = PRESETS["ladder"]
SEEDS, GENERATIONS = LADDER.seeds, LADDER.generations


def test_the_default_has_seeds_enough_to_decide_and_one_text_for_all_sizes():
    assert SEEDS >= 6 and LADDER.sizes == ("0.016m", "0.1m", "0.5m")
    assert LADDER.human_share == 0.5 and set(LADDER.regimes) == {"replace", "keep_human"}


def test_statistics_of_a_seed():
    losses = np.array([[2.0, 2.5, 9.0], [3.0, 3.25, 3.0]])
    np.testing.assert_array_equal(first_round(losses), [0.5, 0.25])
    costs = np.array([[0.3, 0.2, 0.1], [0.3, 0.3, 0.3]])
    np.testing.assert_allclose(per_tenfold([100, 1000, 10_000])(costs), [-0.1, 0.0], atol=1e-12)
    assert abs(per_tenfold([100, 1000, 10_200])(costs)[0] + 0.1) > 1e-4


@pytest.fixture(scope="module")
def sizes(corpus):
    settings = replace(LADDER, corpus=corpus, vocabulary=270, tokens=1600, context=16)
    world = make_world(settings)
    return settings, world, make_learners(settings, world)


def test_learning_rates_are_as_one_over_the_width_and_all_else_is_equal(sizes):
    settings, _, learners = sizes
    rates = [learner.training.peak_rate for learner in learners.values()]
    widths = [learner.config.width for learner in learners.values()]
    assert rates[0] == settings.peak_rate and list(learners) == list(settings.sizes)
    np.testing.assert_allclose(np.multiply(rates, widths), rates[0] * widths[0])
    assert len({(one.training.steps, one.training.batch) for one in learners.values()}) == 1


def made_up(sizes, falls: float, noise: float = 1.0):
    """Slopes of resampling that fall by so much per tenfold, and a first round that rises."""
    settings, world, learners = sizes
    processes, random = [], np.random.default_rng(0)
    for process in make_all_processes(settings, world, learners):
        tenfolds = np.log10(parameter_count(learners[process.family].config) / 20_000)
        slope = 0.1 - falls * tenfolds if process.regime == "replace" else 0.02 + 0.01 * tenfolds
        losses = 3 - tenfolds + slope * np.arange(GENERATIONS)
        losses = losses + 1e-3 * noise * random.normal(size=(SEEDS, GENERATIONS))
        measured = Measured({"held_out_loss": losses})
        processes.append(replace(process, simulation=measured))
    results, verdicts = decide(processes, ledger())
    return settings, results, verdicts


@pytest.fixture(scope="module")
def falling(sizes):
    return made_up(sizes, 0.04)


def verdict_of(verdicts, claim: str):
    (found,) = [verdict for verdict in verdicts if verdict.claim == claim]
    return found


@pytest.mark.parametrize(
    ("falls", "noise", "outcome"),
    [(0.04, 1.0, "violated"), (-0.04, 1.0, "holds"), (1e-4, 20.0, "undecided")],
)
def test_whether_the_slope_rises_or_falls_with_the_size(sizes, falls, noise, outcome):
    _, _, verdicts = made_up(sizes, falls, noise)
    found = verdict_of(verdicts, "lm.size_slope")
    low, high = found.interval
    assert found.verdict == outcome and low <= -falls <= high
    assert found.parameters["sizes"] == list(LADDER.sizes) and len(verdicts) == 11


def test_each_size_is_judged_by_itself_and_all_of_them_along(falling):
    settings, _, verdicts = falling
    asked = {(verdict.claim, about(verdict)) for verdict in verdicts}
    expected = {("lm.size_slope", "replace, all sizes")}
    expected |= {("dohmatob2025.size", "keep human, all sizes")}
    for size in settings.sizes:
        expected |= {("lm.replace_grows", f"replace, {size}")}
        expected |= {("lm.replace_worst", f"replace less keep human, {size}")}
        expected |= {("zhu2025.fraction", f"keep human, {size}")}
    assert asked == expected


def test_the_answer_and_the_table(falling):
    settings, results, verdicts = falling
    said = " ".join(ladder_answers(settings, verdicts))
    low, high = verdict_of(verdicts, "lm.size_slope").interval
    assert "The slope of full resampling falls with the size: by -0.0" in said
    assert f"({low:+.4f} to {high:+.4f} over {SEEDS} seeds)" in said
    assert "50 % of its text synthetic, rises with the size of the model: by +0.0" in said
    console = Console(width=80)
    with console.capture() as printed:
        console.print(ladder_table(settings, results, "held_out_loss"))
    lines = printed.get().splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) == 2 + 6 and "…" not in printed.get()
    losses = results[0].summary.sample["held_out_loss"]
    slopes = np.polyfit(range(GENERATIONS), losses.T, 1)[0]
    shown = f" {slopes.mean():.4f} {slopes.min():.4f} - {slopes.max():.4f}"
    assert lines[2].startswith("replace    0.016m") and shown in lines[2]


@pytest.fixture(scope="module")
def run(falling, tmp_path_factory) -> RunDirectory:
    settings, results, verdicts = falling
    config = {"experiment": "transformer_collapse", "parameters": settings.parameters()}
    folder = tmp_path_factory.mktemp("runs") / "ladder"
    run = RunDirectory.open(folder, config, resume=False)
    run.write_chains(list(chain_rows(results)))
    run.write_verdicts([vars(verdict) for verdict in verdicts])
    run.clear_checkpoints()
    return run


def test_the_figure_shows_every_size_and_what_the_verdicts_say(run, falling):
    _, results, verdicts = falling
    assert scale_ladder.can_draw(run) and not language_generations.can_draw(run)
    figure = scale_ladder.draw(run)
    losses, slopes, rounds = figure.axes
    assert words(losses) == ["0.016M", "0.1M", "0.5M"]
    assert (words(slopes), words(rounds)) == (["falls"], ["rises"])
    (x, y, _) = points(slopes)["".join(style.MARKS["replace"])]
    along = verdict_of(verdicts, "lm.size_slope")
    assert list(x) == along.parameters["parameters"]
    each = [verdict for verdict in verdicts if verdict.claim == "lm.replace_grows"]
    np.testing.assert_allclose(y, [verdict.observed for verdict in each])
    drawn = [line for line in losses.lines if line.get_linestyle() in ("-", "--", "-.")]
    replaced = [
        result.mean("held_out_loss") for result in results if "replace" in result.process.name
    ]
    np.testing.assert_allclose([line.get_ydata() for line in drawn], replaced)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        assert all(text.get_window_extent(renderer).x1 <= figure.bbox.x1 for text in ax.texts)


# A run


@pytest.fixture(scope="module")
def run_of_two(two_devices, corpus, tmp_path_factory) -> tuple[Path, list[str]]:
    """The run directory, and what was fitted."""
    folder, fitted, fit = tmp_path_factory.mktemp("runs") / "two", [], Fitting.fit

    def counted(self, name, *arguments, **flags):
        fitted.append(name)
        return fit(self, name, *arguments, **flags)

    few = ("--sizes", "0.016m", "0.1m", "--generations", "2", "--regimes", "replace", "keep_human")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fitting, "fit", counted)
        assert command(*TINY, *few, "--corpus", corpus, "--out", str(folder)) == 0
    return folder, fitted


@pytest.fixture(scope="module")
def finished(run_of_two) -> Path:
    return run_of_two[0]


def test_arms_of_a_size_begin_with_one_model_and_sizes_with_their_own(run_of_two):
    finished, fitted = run_of_two
    assert fitted == [
        "base-0.016m-1", "00-0.016m-replace-2", "01-0.016m-keep-human-2",
        "base-0.1m-1", "02-0.1m-replace-2", "03-0.1m-keep-human-2",
    ]  # fmt: skip
    chains = RunDirectory(finished).chains()
    first = (chains["generation"] == 1) & (chains["measure"] == "held_out_loss")
    assert list(chains["family"][first]) == ["0.016m"] * 2 + ["0.1m"] * 2
    small, also_small, large, also_large = chains["mean"][first]
    assert small == also_small != large == also_large
    assert (finished / "figure.png").exists()


def test_the_largest_model_is_kept(finished):
    from collapse_sim.language.pretrained.load import load

    assert load(finished / "model").config.width == 64


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--sizes", "0.1m"], "--sizes 0.1m: accepted are two or more, each once"),
        (["--sizes", "0.1m", "0.1m"], "--sizes 0.1m 0.1m: accepted are two or more, each once"),
        (["--sizes", "0.1m", "7b"], "size=7b: accepted are 0.016m, 0.1m"),
        (["--sizes", "0.1m", "3m", "--base", "x"], "--sizes 0.1m 3m: accepted are none with"),
    ],
)
def test_bad_sizes(flags, says, corpus, tmp_path, capfd):
    assert says in refused(tmp_path / "run", capfd, *TINY, "--corpus", corpus, *flags)
    assert not (tmp_path / "run").exists()
