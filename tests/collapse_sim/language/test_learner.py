"""The language learner: the same numbers on any devices, and after any interruption."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import END_OF_TEXT, LanguageLearner, Progress
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Divergence, Training
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.run_directory import RunDirectory

SEEDS = 2
CONFIG = TransformerConfig(16, 12, 1, 2, 16)
TRAINING = Training(12, batch=8, peak_rate=1e-2)
ONE = make_mesh(SEEDS, jax.devices()[:1])
INITIAL = jax.random.split(jax.random.key(1), SEEDS)
ORDER = jax.random.split(jax.random.key(2), SEEDS)
DRAWS = jax.random.split(jax.random.key(3), SEEDS)


@pytest.fixture(scope="module")
def human() -> Blocks:
    """20 blocks in which the next token is nearly always the current one plus 1."""
    rng = np.random.default_rng(4)
    steps = np.where(rng.random((20, 12)) < 0.9, 1, rng.integers(1, 16, (20, 12)))
    return Blocks.of((np.cumsum(steps, axis=1) % 16).astype(np.int32), SEEDS)


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    return LanguageLearner(CONFIG, TRAINING, ONE, rows=8)


def fit(learner, human, steps: int = 4) -> list[Progress]:
    return list(learner.train(ORDER, human, learner.start(INITIAL), steps=steps))


def losses(progress: list[Progress]) -> np.ndarray:
    return np.concatenate([one.losses for one in progress], axis=1)


def assert_same_bits(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


@pytest.fixture(scope="module")
def fitted(learner, human) -> list[Progress]:
    return fit(learner, human)


@pytest.fixture(scope="module")
def parameters(fitted):
    return fitted[-1].state.parameters


# Training


def test_training_lowers_the_loss(learner, human):
    longer = replace(learner, training=replace(learner.training, steps=60))
    found = losses(fit(longer, human, steps=60))
    assert found.shape == (SEEDS, 60)
    np.testing.assert_allclose(found[:, 0], np.log(16), atol=0.05)  # nothing is known at first
    assert (found[:, -5:].mean(axis=1) < 2).all()


def test_progress_tells_where_a_fit_stands(fitted):
    assert [one.step for one in fitted] == [4, 8, 12]
    assert all(one.losses.shape == (SEEDS, 4) for one in fitted)
    np.testing.assert_array_equal(fitted[-1].state.step, [12, 12])


def test_reports_do_not_change_a_fit(learner, human, fitted):
    once = fit(learner, human, steps=100)
    assert [one.step for one in once] == [12]
    np.testing.assert_allclose(losses(once), losses(fitted), rtol=1e-6)


def test_a_finished_fit_has_nothing_to_do(learner, human, fitted):
    assert list(learner.train(ORDER, human, fitted[-1].state)) == []


def test_a_fit_takes_the_place_of_its_state_and_leaves_what_it_started_from(learner, human, fitted):
    """A state's memory is given to the next one; parameters that a fit starts from are kept."""
    first = fitted[-1].state.parameters
    state = learner.start_from(INITIAL, first)
    next(learner.train(ORDER, human, state, steps=4))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state.parameters))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(first))


def test_seeds_do_not_see_one_another(learner, human, fitted):
    """Other data for the second seed leave the first as it was."""
    labels = np.array(human.labels)
    labels[1] = labels[1, ::-1, ::-1]
    other = losses(fit(learner, Blocks(labels)))
    np.testing.assert_allclose(other[0], losses(fitted)[0], rtol=1e-6)
    assert (np.abs(other[1] - losses(fitted)[1])[1:] > 1e-4).any()


MESHES = [(8, False), (2, False), (4, True), (8, True)]


@pytest.mark.parametrize(("devices", "shard"), MESHES)
def test_devices_do_not_change_a_fit(learner, human, fitted, devices, shard):
    """Seeds over two of them and batches over the rest; parameters whole or spread too."""
    mesh = make_mesh(SEEDS, jax.devices()[:devices])
    assert dict(mesh.shape) == {"seed": 2, "batch": devices // 2}
    spread = replace(learner, mesh=mesh, shard_parameters=shard)
    state = spread.start(INITIAL)
    matrix = max(jax.tree.leaves(state.parameters), key=lambda x: x.size)
    assert len(matrix.sharding.device_set) == devices
    pieces = {shard.data.size for shard in matrix.addressable_shards}
    assert pieces == {matrix.size // (devices if shard else 2)}
    found = list(spread.train(ORDER, human, state, steps=4))
    np.testing.assert_allclose(losses(found), losses(fitted), rtol=1e-4)
    for a, b in zip(
        jax.tree.leaves(found[-1].state.parameters),
        jax.tree.leaves(fitted[-1].state.parameters),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=2e-3)  # Adam divides by what may be rounding


@pytest.mark.parametrize("devices", [2, 8])
def test_devices_do_not_change_what_a_model_says(learner, human, fitted, devices):
    """Scores, draws and generated text of one fitted model."""
    spread = replace(learner, mesh=make_mesh(SEEDS, jax.devices()[:devices]))
    placed = spread.place(fitted[-1].state).parameters
    expected, found = (
        (
            one.score(own, human.labels),
            one.resample(DRAWS, own, human),
            one.generate(DRAWS, own, human),
        )
        for one, own in ((learner, fitted[-1].state.parameters), (spread, placed))
    )
    np.testing.assert_allclose(found[0], expected[0], atol=1e-4)
    np.testing.assert_array_equal(found[1].labels, expected[1].labels)
    np.testing.assert_allclose(found[1].surprise, expected[1].surprise, atol=1e-4)
    np.testing.assert_array_equal(found[2].labels, expected[2].labels)


def test_meshes_have_as_many_devices_for_seeds_as_divide_them():
    shapes = {seeds: tuple(make_mesh(seeds).shape.values()) for seeds in (1, 2, 3, 6, 8, 12)}
    assert shapes == {1: (1, 8), 2: (2, 4), 3: (1, 8), 6: (2, 4), 8: (8, 1), 12: (4, 2)}


def test_rows_of_a_batch_are_spread_over_devices_that_divide_them():
    """The others do nothing: 6 rows were an error on four devices for each seed."""
    shapes = {rows: tuple(make_mesh(2, batch=rows).shape.values()) for rows in (1, 2, 6, 16)}
    assert shapes == {1: (2, 1), 2: (2, 2), 6: (2, 3), 16: (2, 4)}


def test_meshes_leave_out_devices_that_do_not_divide_a_batch():
    """Three cores and 16 blocks, say: as many as can be used are, seeds first."""
    shapes = {
        (seeds, count): tuple(make_mesh(seeds, jax.devices()[:count], batch=16).shape.values())
        for seeds in (1, 6, 20)
        for count in (3, 5, 6, 7)
    }
    assert shapes == {
        (1, 3): (1, 2), (1, 5): (1, 4), (1, 6): (1, 4), (1, 7): (1, 4),
        (6, 3): (3, 1), (6, 5): (2, 2), (6, 6): (6, 1), (6, 7): (6, 1),
        (20, 3): (2, 1), (20, 5): (5, 1), (20, 6): (5, 1), (20, 7): (5, 1),
    }  # fmt: skip


def test_a_mesh_that_does_not_divide_the_batch_is_named(learner, human):
    spread = replace(learner, mesh=make_mesh(SEEDS, jax.devices()[:6]))
    with pytest.raises(ValueError, match="batch=8: accepted are multiples of 3, the devices"):
        fit(spread, human)


# States


def test_initial_states_depend_on_the_key_alone(learner):
    first, again = learner.start(INITIAL), learner.start(INITIAL)
    assert_same_bits(first, again)
    np.testing.assert_array_equal(first.step, [0, 0])
    swapped = learner.start(INITIAL[::-1])
    assert_same_bits(jax.tree.map(lambda x: x[::-1], swapped), first)
    alone = learner.start(INITIAL[:1])
    assert_same_bits(alone, jax.tree.map(lambda x: x[:1], first))
    other = learner.start(DRAWS)
    embeddings = [jax.tree.leaves(state.parameters)[0] for state in (first, other)]
    assert (np.asarray(embeddings[0]) != np.asarray(embeddings[1])).mean() > 0.99


def test_a_fit_that_goes_on_from_a_saved_state_ends_with_the_same_bits(
    learner, human, fitted, tmp_path
):
    run = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    checkpoints = Checkpoints(run)
    for progress in learner.train(ORDER, human, learner.start(INITIAL), steps=4):
        checkpoints.save("fit-1", progress.state, progress.losses.mean(axis=1))
        if progress.step == 8:
            break
    state, saved = checkpoints.load("fit-1", learner.start(DRAWS))  # of another beginning
    np.testing.assert_array_equal(saved, fitted[1].losses.mean(axis=1))
    np.testing.assert_array_equal(state.step, [8, 8])
    rest = list(learner.train(ORDER, human, learner.place(state), steps=4))
    assert [one.step for one in rest] == [12]
    assert_same_bits(rest[-1].state, fitted[-1].state)
    np.testing.assert_array_equal(rest[-1].losses, fitted[-1].losses)


def test_without_a_checkpoint_a_fit_starts_where_it_would(learner, tmp_path):
    run = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    checkpoints, state = Checkpoints(run), learner.start(INITIAL)
    assert checkpoints.load("fit-1", state) == (state, None)
    checkpoints.save("fit-1", state, np.zeros(SEEDS, np.float32))
    checkpoints.remove("fit-1")
    checkpoints.remove("fit-1")
    assert checkpoints.load("fit-1", state) == (state, None)
    assert list(run.checkpoints.iterdir()) == []


# Bad settings


def test_a_rate_that_is_too_large_is_named(learner, human):
    """With what is to be done about it: the step, its learning rate, the seed."""
    wild = replace(learner, training=replace(TRAINING, peak_rate=1e30))
    message = (
        r"loss is (nan|inf) at step \d+ of seed [01], learning rate \d\.\d\de\+\d\d: "
        "accepted are finite losses; lower the learning rate"
    )
    with pytest.raises(Divergence, match=message):
        fit(wild, human)


def test_the_seed_that_diverged_is_named(learner, human):
    state = learner.start(INITIAL)
    poisoned = jax.tree.map(lambda x: x.at[1].set(jnp.nan), state.parameters)
    with pytest.raises(Divergence, match=r"loss is nan at step 0 of seed 1, learning rate 0.00e"):
        next(learner.train(ORDER, human, state._replace(parameters=poisoned)))


@pytest.mark.parametrize("prompt", [0, 12])
def test_prompts_fit_in_a_block(learner, prompt):
    with pytest.raises(ValueError, match=f"prompt={prompt}: accepted are integers from 1 to 11"):
        replace(learner, prompt=prompt)


# What a model says


def test_surprise_is_minus_the_score(learner, human, parameters):
    """To the last bit of a sum in another order; nan at the first tokens of documents."""
    labels = np.array(human.labels)
    assert (labels[:, :, :-1] == END_OF_TEXT).any()
    scores = learner.score(parameters, labels)
    seen = learner.resample(DRAWS, parameters, human)
    assert seen.expected is None
    unknown = np.isnan(seen.surprise)
    expected = np.zeros(labels.shape, bool)
    expected[:, :, 0] = True
    expected[:, :, 1:] |= labels[:, :, :-1] == END_OF_TEXT
    np.testing.assert_array_equal(unknown, expected)
    known = ~unknown[:, :, 1:]
    np.testing.assert_allclose(seen.surprise[:, :, 1:][known], -scores[known], atol=1e-5)
    np.testing.assert_array_equal(seen.labels[:, :, 0], labels[:, :, 0])


def test_laws_are_normalised_and_hold_the_scores(learner, human, parameters):
    tokens = np.array(human.labels)
    scores = learner.score(parameters, tokens)
    for seed, laws in enumerate(learner.laws(parameters, tokens[0])):
        np.testing.assert_allclose(np.exp(laws).sum(axis=-1), 1, atol=1e-5)
        stands = np.take_along_axis(laws, tokens[seed, :, 1:, None], axis=-1)[..., 0]
        np.testing.assert_allclose(stands, scores[seed], atol=1e-5)


@pytest.mark.parametrize("rows", [3, 20, 256])
def test_rows_at_once_change_nothing(learner, human, parameters, rows):
    other = replace(learner, rows=rows)
    scores = learner.score(parameters, human.labels)
    assert scores.shape == (SEEDS, 20, 11)
    np.testing.assert_allclose(other.score(parameters, human.labels), scores, atol=1e-5)
    np.testing.assert_array_equal(
        other.resample(DRAWS, parameters, human).labels,
        learner.resample(DRAWS, parameters, human).labels,
    )
