"""simulate and judge: the same numbers as the stream behind them, and verdicts in one line."""

import builtins
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.experiment.decide import difference
from collapse_sim.intervals import mean_interval
from collapse_sim.replicates import EMPTY, Stream
from theory import ledger

CHAIN = cs.Chain(cs.GaussianLearner(1, 20), cs.Replace(), 3)


def steps(key):
    """Generation n has mean n and a uniform error of half width 1/2."""
    return {"test_error": jnp.arange(1, 4) + jax.random.uniform(key, (3,)) - 0.5}


@pytest.fixture(scope="module")
def run():
    return cs.simulate(steps, replicates=2**14)


def test_the_numbers_are_those_of_an_experiment_s_first_process():
    run = cs.simulate(CHAIN, replicates=5000, seed=7)
    key = jax.random.fold_in(jax.random.key(7), 0)  # experiments/streaming.py
    *_, summary = Stream.of(CHAIN).extend(EMPTY, key, 5000)
    for measure, moments in summary.moments.items():
        np.testing.assert_array_equal(run.mean(measure), moments.mean)
        expected = [mean_interval(moments, index, 1e-4) for index in range(3)]
        np.testing.assert_array_equal(run.interval(measure, error=1e-4), expected)
        median = np.median(summary.sample[measure], axis=0)
        np.testing.assert_array_equal(run.quantile(0.5, measure), median)


def test_it_shows_itself_in_one_short_line(run):
    assert repr(run) == "Simulated(16,384 replicates, 3 generations: test_error)"
    assert (run.replicates, run.generations, run.measures) == (16384, 3, ["test_error"])


def test_measures_may_be_truths_and_integers():
    def dice(key):
        thrown = jax.random.randint(key, (2,), 1, 7)
        return {"six": thrown == 6, "eyes": thrown.astype(jnp.uint8)}

    run = cs.simulate(dice, replicates=8192)
    assert run.quantile(0.5, "six").tolist() == [0, 0]
    assert cs.judge(run, "==", 1 / 6, measure="six", tolerance=0.2).verdict == "holds"
    assert run.table().rows == 4
    less = difference(run.summary, run.summary.scaled({"eyes": 2.0}), "eyes")
    np.testing.assert_allclose(less.moments["eyes"].mean, -run.mean("eyes"))


def test_replicates_stop_at_the_first_look_that_knows_enough():
    seen = []

    def until(run):
        seen.append(run.replicates)
        return cs.judge(run, "==", 3.0, tolerance=0.0055).verdict == "holds"

    run = cs.simulate(steps, replicates=50_000, until=until)
    assert seen == [4096, 8192, 16384] and run.replicates == seen[-1]
    np.testing.assert_array_equal(run.mean(), cs.simulate(steps, replicates=seen[-1]).mean())
    assert cs.simulate(steps, replicates=5000, until=lambda _: False).replicates == 5000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replicates", 0),
        ("replicates", 1e4),
        ("replicates", True),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 1.5),
    ],
)
def test_numbers_that_make_no_run_are_refused(name, value, unchecked):
    with pytest.raises(ValueError, match=f"^{name}={value}: accepted are integers "):
        cs.simulate(steps, **{name: value})


def test_integers_of_numpy_are_integers(run, unchecked):
    two = cs.simulate(steps, replicates=np.int64(2), seed=np.uint8(0))  # type: ignore[arg-type]
    assert two.replicates == 2 and two != run == run


def test_an_unknown_measure_names_those_there_are(run):
    for ask in (run.mean, run.interval, lambda name: run.quantile(0.5, name), run.plot):
        with pytest.raises(ValueError, match="^measure='loss': accepted are test_error$"):
            ask("loss")


def test_few_replicates_know_nothing_of_the_mean():
    assert np.isinf(cs.simulate(steps, replicates=10).interval()).all()


def test_the_table_has_a_row_for_each_measure_and_generation(run):
    table = cs.simulate(CHAIN, replicates=64).table()
    assert table.rows == 3 * len(set(table["measure"])) and table["generation"][:3].tolist() == [
        1,
        2,
        3,
    ]
    table = run.table()
    np.testing.assert_array_equal(table["mean"], run.mean())
    np.testing.assert_array_equal(table["q95"], run.quantile(0.95))
    assert repr(table).startswith("Table(3 rows: measure, generation, replicates, mean, ")
    with pytest.raises(KeyError, match="column='median': accepted are measure, generation"):
        table["median"]


def test_a_frame_holds_the_same(run):
    pytest.importorskip("pandas")
    frame = run.to_frame()
    assert list(frame.columns) == list(run.table()) and len(frame) == 3
    np.testing.assert_array_equal(frame["mean"], run.mean())


def test_without_pandas_a_frame_says_how_to_get_it(run, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"^to_frame needs pandas, as in pip install 'coll.*'$"):
        run.to_frame()


def test_a_plot_shows_the_mean_inside_its_interval(run):
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = plt.figure().subplots()
    assert run.plot(ax=ax, label="steps") is ax
    (line,), (band,) = ax.lines, ax.collections
    np.testing.assert_array_equal(line.get_xydata(), np.stack([[1, 2, 3], run.mean()], axis=1))
    corners = band.get_paths()[0].vertices
    for generation, (low, high) in enumerate(run.interval(), 1):
        at = corners[corners[:, 0] == generation, 1]
        assert (at.min(), at.max()) == (low, high)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("generation", "test error")
    other = run.plot()
    assert other is not ax
    cs.simulate(steps, replicates=10).plot(ax=other)  # an infinite interval is not drawn
    plt.close("all")


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (("==", 3.0), "holds"),
        (("==", 3.1), "violated"),
        (("==", 2.97), "undecided"),
        (("<=", 3.1), "holds"),
        (("<=", 2.9), "violated"),
        ((">=", 2.9), "holds"),
        ((">=", 3.0), "undecided"),
        (("==", (2.995, 3.005)), "holds"),
    ],
)
def test_verdicts_on_the_last_generation(asked, verdict, run):
    found = cs.judge(run, *asked)
    assert (found.verdict, found.generation) == (verdict, 3)
    assert found.control is (True if asked[0] == "==" and verdict == "holds" else None)


def test_verdicts_on_others_and_at_other_tolerances(run):
    assert cs.judge(run, "==", 2.0, generation=2).verdict == "holds"
    assert cs.judge(run, "==", 3.0, generation=2).verdict == "violated"
    assert cs.judge(run, "==", 3.0, tolerance=1e-4).verdict == "undecided"
    assert cs.judge(run, "<=", 2.95, tolerance=0.02).verdict == "violated"
    assert cs.judge(run, "==", 3.0, error=1e-6).confidence == 1 - 1e-6


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("<", 3.0), "relation='<': accepted are ==, <=, >="),
        (("->", 3.0), "relation='->': accepted are ==, <=, >="),
        (("=", 3.0), "relation='=': accepted are"),
        (("<=", 3.0, "loss"), "measure='loss': accepted are test_error"),
        (("<=", 3.0, "test_error", 0), "generation=0: accepted are integers from 1 to 3"),
        (("<=", 3.0, "test_error", -1), "generation=-1: accepted are integers from 1 to 3"),
        (("<=", 3.0, "test_error", 4), "generation=4: accepted are integers from 1 to 3"),
        (("<=", "b"), "value='b': accepted are a number, or a pair"),
        (("<=", (3.0, 2.0)), r"value=\(3.0, 2.0\): accepted are a number, or a pair"),
        (("<=", np.nan), "value=nan: accepted are a number, or a pair"),
    ],
)
def test_questions_that_make_no_sense_are_refused(asked, says, run, unchecked):
    with pytest.raises(ValueError, match=says):
        cs.judge(run, *asked)


def test_what_is_asked_of_something_else_is_refused(run, unchecked):
    with pytest.raises(ValueError, match="^result is a LinearLearner: accepted is what cs.simul"):
        cs.judge(cs.LinearLearner(cs.GaussianDesign(3, 9)), "<=", 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^share=50: accepted is \[0, 1\], 0.5 for the median"):
        run.quantile(50)
    with pytest.raises(ValueError, match=r"^simulation returns .*float32\[0\]"):
        cs.simulate(lambda key: {"x": jax.numpy.zeros(0)}, 8)


@pytest.mark.parametrize("error", [0, 1, 2, np.nan])
def test_a_chance_of_error_is_a_chance_however_little_is_known(error, unchecked):
    few = cs.simulate(steps, replicates=10)
    for ask in (lambda: cs.judge(few, "<=", 3.0, error=error), lambda: few.interval(error=error)):
        with pytest.raises(ValueError, match=f"^error={error}: accepted is "):
            ask()


def test_a_verdict_reads_in_one_line(run):
    common = {"claim": "test_error", "source": "", "parameters": {}, "confidence": 0.999}
    interval = {"predicted": 3.0, "observed": 3.0, "interval": [2.985, 3.0042]}
    equal = cs.Verdict(
        generation=3,
        relation="==",
        verdict="holds",
        tolerance=0.01,
        within=0.0050321,
        **common,
        **interval,
    )
    assert str(equal) == (
        "test_error, generation 3: holds within 0.5 %; measured 2.985 to 3.004; claimed == 3 up to "
        "1 % (chance of error 0.001)"
    )
    bound = cs.Verdict(
        generation=1,
        relation="<=",
        verdict="undecided",
        tolerance=0.0,
        needed=78_673,
        **common,
        **interval,
    )
    assert str(bound) == (
        "test_error, generation 1: undecided; measured 2.985 to 3.004; claimed <= 3; about 79,000 "
        "replicates would decide (chance of error 0.001)"
    )
    cited = cs.Verdict("a", "b", {}, None, "==", None, None, None, 0.999, "assumption not met")
    assert str(cited) == "a: assumption not met (chance of error 0.001)"
    for error, said in ((1e-3 / 12, "9e-05"), (2**-6, "0.02"), (2**-5, "0.04"), (0.0, "0")):
        shown = str(replace(cited, confidence=1 - error))
        assert shown.endswith(f"(chance of error {said})")  # rounded up
    assert str(cs.judge(run, "<=", 4.0)).startswith("test_error, generation 3: holds; measured 2.9")


def test_nothing_is_begun_after_the_deadline(capsys):
    """Nor does a pipe hold a line on it, as on a process that was simulated."""
    chain = cs.Chain(cs.GaussianLearner(dim=1, samples=8), cs.Replace(), 2)
    check = cs.Check("kazdan2025.gauss_replace", "variance")
    process = cs.Process("replace", chain, 4096, where={"samples": 8}, checks=[check])
    results, (verdict,) = cs.decide([process], ledger(), deadline=0.0)
    assert results == [] and capsys.readouterr().err == ""
    assert verdict.verdict == "undecided" and verdict.note == "not begun: out of time"
    cs.decide([process], ledger())
    assert capsys.readouterr().err.startswith("1 of 1: replace, 4,096 replicates; ")


def test_a_median_too_is_undecided_where_nothing_is_begun():
    bound = replace(ledger()["kazdan2025.gauss_replace"], relation=">=")
    chain = cs.Chain(cs.GaussianLearner(dim=1, samples=8), cs.Replace(), 2)
    check = cs.Check(bound.id, "variance")
    process = cs.Process("replace", chain, 64, about="median", where={"samples": 8}, checks=[check])
    _, (verdict,) = cs.decide([process], {bound.id: bound}, deadline=0.0)
    assert (verdict.verdict, verdict.relation, verdict.tolerance) == ("undecided", ">=", None)
    _, (verdict,) = cs.decide([process], {bound.id: bound})
    assert verdict.interval is not None and verdict.tolerance is None
