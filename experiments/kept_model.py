"""The model that a run leaves behind, for `collapse-sim edit` and `score`: `--model RUN/model`."""

import jax

from collapse_sim.hosts import fetch
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.pretrained import own
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.run_directory import RunDirectory

FOLDER = "model"


def keep_model(
    run: RunDirectory, name: str, learner: LanguageLearner, seeds: int, tokenizer: str
) -> None:
    """Keep the first seed of a model of human text, whose last state is the checkpoint `name`.

    Only a run whose checkpoint was taken away keeps none.
    """
    like = learner.start(jax.random.split(jax.random.key(0), seeds))
    state, losses = Checkpoints(run).load(name, like)
    if losses is not None:
        assert isinstance(learner.config, TransformerConfig), "a pretrained model has its own files"
        first = jax.tree.map(lambda x: fetch(x)[0], state.parameters)
        own.save(run.path / FOLDER, learner.config, first, tokenizer)
