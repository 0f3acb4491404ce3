"""Random streams of a run: told apart by names, whatever the company."""

import math
import time
from dataclasses import dataclass, replace
from threading import Event

import jax
import numpy as np
import pytest
from tqdm import tqdm

import collapse_sim as cs
from collapse_sim.experiment.decide import decide
from collapse_sim.experiment.process import Recording

CHAIN = cs.Chain(cs.GaussianLearner(1, 8), cs.Replace(), 2)


def process(name: str, **more) -> cs.Process:
    return cs.Process(name, CHAIN, 64, looks=(64,), **more)


def samples(*processes: cs.Process, seed: int = 0) -> list[np.ndarray]:
    results, _ = decide(processes, {}, seed=seed)
    return [result.summary.sample["variance"] for result in results]


def test_numbers_do_not_depend_on_company_or_place():
    one, two, three = (process(name) for name in ("one", "two", "three"))
    (alone,) = samples(two)
    for company in ([two, one], [one, two], [three, one, two]):
        found = samples(*company)[company.index(two)]
        np.testing.assert_array_equal(found, alone)
    assert not np.isin(samples(one)[0], alone).any()
    assert not np.isin(samples(two, seed=1)[0], alone).any()


def test_processes_of_one_stream_share_their_numbers():
    paired = [process(name, stream="pair") for name in ("one", "two")]
    first, second = samples(*paired)
    np.testing.assert_array_equal(first, second)
    number = paired[0].stream_number
    assert (
        number == process("pair").stream_number == replace(paired[0], stream=number).stream_number
    )
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(0), number), 0)
    np.testing.assert_allclose(first[0], CHAIN(key)["variance"], rtol=1e-6)


@pytest.mark.parametrize("step", ["", "T = 100"])
def test_every_part_of_a_process_has_a_stream_of_its_own(step):
    """A step of a ladder is another process; a family tells equal names apart."""
    numbers = {process("one", step=step, family=family).stream_number for family in ("", "a", "b")}
    assert len(numbers) == 3
    assert (process("one", step=step).stream_number == process("one").stream_number) == (not step)


def test_a_measure_that_is_not_finite_names_its_process():
    spoiled = process("two").of(Recording(CHAIN, lambda trace: {"variance": trace["variance"] / 0}))
    with pytest.raises(FloatingPointError, match="^two: variance is not finite in one of"):
        decide([process("one"), spoiled], {})


class Begun(tqdm):
    """A bar that knows which processes have begun."""

    def __init__(self):
        super().__init__(disable=True)
        self.names, self.behind = [], Event()

    def set_description(self, desc=None, refresh=True):
        self.names.append(desc.removeprefix("compiling "))
        if self.names[-1].startswith("behind"):
            self.behind.set()


@dataclass(frozen=True, eq=False)
class OnHost:
    """A simulation on the host that ends once a process behind it has begun."""

    begun: Begun
    generations: int = 2

    def on_host(self, keys, place, name):
        assert self.begun.names[0] == "before"
        assert self.begun.behind.wait(timeout=60)
        return {"variance": np.ones((len(keys), 2)), "edited_fraction": np.zeros((len(keys), 2))}


def test_a_simulation_on_the_host_runs_beside_those_behind_it():
    begun = Begun()
    on_host = replace(process("host"), simulation=OnHost(begun))
    results, _ = decide([process("before"), on_host, process("behind")], {}, bar=begun, jobs=1)
    assert [result.process.name for result in results] == ["before", "host", "behind"]


def test_a_simulation_on_the_host_runs_alone_unless_told_otherwise():
    """Beside others JAX may wait for ever, but for commands, which set jax.config."""

    class Alone(Begun):
        def set_description(self, desc=None, refresh=True):
            super().set_description(desc, refresh)
            if self.names[-1] == "host":
                assert not self.behind.wait(timeout=0.3)
                self.behind.set()

    begun = Alone()
    on_host = replace(process("host"), simulation=OnHost(begun))
    decide([process("before"), on_host, process("behind")], {}, bar=begun)
    assert begun.names[-1] == "behind"


def test_results_are_shown_while_steps_go_on():
    begun = Begun()
    shown = []

    def show(results):
        assert begun.behind.wait(timeout=60)  # the step is simulated meanwhile
        shown.append([result.process.name for result in results])

    processes = [process("one"), process("one", step="averaged"), process("two")]
    step = process("behind", title="behind", step="T = 100")
    results, _ = decide([*processes, step], {}, bar=begun, show=show)
    assert shown == [["one", "two"]] == [[result.process.name for result in results]]


@pytest.mark.parametrize("seconds", [math.inf, 600.0])
def test_steps_wait_for_what_is_shown_unless_time_is_short(seconds):
    begun = Begun()
    processes = [process("one"), process("one", step="averaged"), process("two")]
    deadline = time.monotonic() + seconds
    results, _ = decide(processes, {}, bar=begun, jobs=1, deadline=deadline)
    given = [one.key for one in processes]
    later = [*(key for key in given if "averaged" not in key), "one averaged"]
    assert list(dict.fromkeys(begun.names)) == (later if seconds == math.inf else given)
    assert [result.process.name for result in results] == ["one", "two"]


def test_nothing_goes_on_after_what_shows_results_has_failed():
    failed = Event()

    class Waiting(Begun):
        def set_description(self, desc=None, refresh=True):
            super().set_description(desc, refresh)
            assert "step" not in self.names[-1] or failed.wait(timeout=60)

    def fail(results):
        failed.set()
        raise OSError("disk full")

    begun = Waiting()
    steps = [process("step", step=str(number)) for number in range(100)]
    with pytest.raises(OSError, match="disk full"):
        decide([process("one"), *steps], {}, bar=begun, show=fail, jobs=1)
    assert len(begun.names) < len(steps)
