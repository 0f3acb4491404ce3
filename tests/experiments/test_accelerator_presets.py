"""The presets for accelerators, tiny, on eight virtual devices that are said to be no CPU.

What they do and no other run does: models compute in bfloat16 beside float32 parameters, text is
generated in one group, a head of many tokens works in slices, and checkpoints are of arrays spread
over a mesh of two axes.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tqdm import tqdm

from collapse_sim.language import head
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Training, TrainState
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import Workplace, replicate_keys
from experiments.fraction.settings import parse as parse_fraction
from experiments.study.study import Study
from experiments.study.texts import make_texts
from experiments.transformer.processes import make_learner, make_processes
from experiments.transformer.settings import parse
from experiments.transformer.world import make_world
from tests.collapse_sim.language.pretrained import tiny
from tests.collapse_sim.language.scores import scores

PROMPT, TOP = 4, 8
SMALL = (
    "--generations", "2", "--context", "12", "--tokens", "480", "--epochs", "8", "--batch", "8",
    "--prompt", str(PROMPT), "--edit-above", "0.001",
)  # fmt: skip
PAPER = (
    *("--preset", "paper", *SMALL, "--seeds", "2", "--peak-rate", "0.01", "--size", "0.016m"),
    *("--vocabulary", "270", "--regimes", "replace", "edit"),
)
CURSE = ("--preset", "curse_gpu", *SMALL, "--seeds", "1", "--held-out", "240")


class Ran(NamedTuple):
    """Arms of a preset, and what they left."""

    learner: LanguageLearner
    human: Blocks
    traces: dict[str, dict[str, np.ndarray]]
    run: RunDirectory

    def text(self, arm: str) -> np.ndarray:
        """What the second generation is trained on."""
        saved = self.run.load_checkpoint(f"{arm}-2-data")
        assert saved is not None
        return saved["labels"]

    def first(self) -> TrainState:
        """The state of generation 1, from its checkpoint."""
        like = self.learner.start(replicate_keys(jax.random.key(9), self.human.labels.shape[0]))
        state, losses = Checkpoints(self.run).load("base-1", like)
        assert losses is not None
        return self.learner.place(state)


@pytest.fixture(scope="module")
def accelerator():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "default_backend", lambda: "gpu")
        yield


def ran(folder, *flags: str) -> Ran:
    settings = parse(flags)
    world = make_world(settings)
    learner = make_learner(settings, world)
    run = RunDirectory.open(folder, {"parameters": {}}, resume=False)
    keys, traces = replicate_keys(jax.random.key(0), settings.seeds), {}
    with tqdm(disable=True) as bar:
        place = Workplace(run, bar)
        for process in make_processes(settings, world, learner):
            traces[process.name] = process.simulation.on_host(keys, place, process.name)
    return Ran(learner, learner.human(keys)[0], traces, run)


def types(tree) -> set:
    kinds = {leaf.dtype for leaf in jax.tree.leaves(tree)}
    return {kind for kind in kinds if jnp.issubdtype(kind, jnp.floating)}


# From fresh parameters, as gpu and paper


@pytest.fixture(scope="module")
def paper(accelerator, corpus, tmp_path_factory) -> Ran:
    folder = tmp_path_factory.mktemp("runs") / "paper"
    return ran(folder, *PAPER, "--corpus", corpus)


def test_models_learn_in_bfloat16_on_all_devices(paper):
    """And say what the same parameters say in float32 on one device."""
    learner, state = paper.learner, paper.first()
    assert dict(learner.mesh.shape) == {"seed": 2, "batch": 4}
    assert learner.config.dtype == jnp.bfloat16
    assert types(state) == {jnp.dtype("float32")}
    losses = paper.traces["replace"]["held_out_loss"]
    assert (losses[:, 0] < np.log(270) - 0.5).all()
    (held_out,) = learner.text.held_out.values()
    config = learner.config.on(jnp.float32)
    for seed, loss in enumerate(losses[:, 0]):
        own = jax.tree.map(lambda x, seed=seed: np.asarray(x)[seed], state.parameters)
        exact = -float(scores(config, own, held_out).mean())
        assert loss == pytest.approx(exact, rel=2e-3) and loss != pytest.approx(exact, rel=1e-7)


def test_a_checkpoint_of_a_mesh_is_the_model_that_was_measured(paper):
    found = paper.learner.measure(paper.first().parameters, None)["held_out_loss"]
    np.testing.assert_array_equal(found, paper.traces["replace"]["held_out_loss"][:, 0])


def test_text_goes_on_from_prompts_of_several_tokens(paper):
    human, new = np.asarray(paper.human.labels), paper.text("replace")
    np.testing.assert_array_equal(new[:, :, :PROMPT], human[:, :, :PROMPT])
    assert (new != human)[:, :, PROMPT:].mean() > 0.8


def test_edits_are_among_the_most_probable_tokens(paper):
    """But for rounding, which the place of a token among equals depends on."""
    human, new = np.asarray(paper.human.labels), paper.text("edit")
    changed = (new != human)[:, :, 1:]
    assert changed.mean() > 0.3 and not (new != human)[:, :, 0].any()
    laws = np.stack(list(paper.learner.laws(paper.first().parameters, human[0])))
    ranks = (laws > np.take_along_axis(laws, new[:, :, 1:, None], -1)).sum(-1)[changed]
    assert (ranks < TOP).mean() > 0.99 and (ranks < TOP - 1).mean() < 0.99


def test_a_head_in_slices_gives_the_same_losses(paper, monkeypatch):
    """On a mesh, of training: the vocabulary of the preset makes 64 slices of a batch."""
    order, initial = (replicate_keys(jax.random.key(i), 2) for i in (1, 2))
    whole, seen = head.over_positions, []

    def losses(learner: LanguageLearner) -> np.ndarray:
        return next(learner.train(order, paper.human, learner.start(initial))).losses[:, :2]

    def sliced(function, vocabulary, *arrays):
        seen.append(len(arrays[0]))
        return whole(function, vocabulary, *arrays, slice_floats=11 * vocabulary)

    expected = losses(paper.learner)
    monkeypatch.setattr(head, "over_positions", sliced)
    # Fewer steps are another program; both begin with a learning rate of 0.
    found = losses(replace(paper.learner, training=Training(2, 8)))
    assert seen == [8 * 11]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


# A pretrained model, as curse_gpu


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("base") / "llama"
    return str(tiny.write_folder(folder, tiny.LLAMA, tiny.tensors(tiny.LLAMA)))


@pytest.fixture
def curse(accelerator, base, corpus) -> tuple[str, ...]:
    rates = ("--peak-rate", "0.003", "--lora-rate", "0.03", "--rank", "2")
    return (*CURSE, "--base", base, "--corpus", corpus, *rates)


def assert_base_is_whole(learner: LanguageLearner) -> None:
    """Computed with in bfloat16, on every device, and not what training has consumed."""
    assert learner.config.config.dtype == jnp.bfloat16
    for leaf in jax.tree.leaves(learner.config.base):
        assert leaf.dtype == jnp.float32 and len(leaf.devices()) == 8 and not leaf.is_deleted()


def untrained(learner: LanguageLearner) -> float:
    (held_out,) = learner.text.held_out.values()
    first = learner.config.initial(jax.random.key(0))
    return -float(scores(learner.config, first, held_out).mean())


def test_a_pretrained_model_is_fine_tuned_in_bfloat16(curse, tmp_path):
    found = ran(tmp_path / "run", *curse, "--regimes", "replace", "edit_frozen")
    assert_base_is_whole(found.learner)
    for trace in found.traces.values():
        losses = trace["held_out_loss"]
        assert np.isfinite(losses).all() and losses[0, 0] < untrained(found.learner) - 0.1
    assert 0 < found.traces["edit frozen"]["changed"][0, 1] < 1


def test_low_rank_updates_are_trained_in_bfloat16(curse):
    settings = parse([*curse, "--fine-tune", "lora"])
    learner = make_learner(settings, make_world(settings))
    keys = replicate_keys(jax.random.key(0), 1)
    parameters = learner.fit(learner.human(keys)[0], keys)
    assert_base_is_whole(learner)
    assert types(parameters) == {jnp.dtype("float32")}
    assert learner.measure(parameters, None)["held_out_loss"][0] < untrained(learner) - 0.1


# The studies


def test_studies_compute_in_bfloat16_too(accelerator, corpus):
    settings = parse_fraction(
        ["--preset", "gpu", "--corpus", corpus, "--vocabulary", "270", "--context", "16"]
    )
    with tqdm(disable=True) as bar:
        study = Study(settings, make_texts(settings, ("student", "generator")), None, bar)
    learner = study.learner("0.016m")
    assert learner.config.dtype == jnp.bfloat16
    assert learner.mesh == make_mesh(settings.seeds) and learner.mesh.size == 8
