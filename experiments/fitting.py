"""Fits with live progress that go on from a checkpoint at any step."""

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Key
from tqdm import tqdm

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.training import Parameters, TrainState
from collapse_sim.run_directory import RunDirectory
from collapse_sim.terminal import progress_bar

REPORT_STEPS = 50
CHECKPOINT_SECONDS = 60.0


def token_progress(total: int) -> tqdm:
    """A bar of training tokens on the terminal, and none elsewhere."""
    return progress_bar(total, "tokens")


class Fitted(NamedTuple):
    """A model of every seed, and its mean training loss in the last steps, in nats per token."""

    parameters: Parameters
    losses: Float[np.ndarray, " seeds"]


@dataclass(frozen=True, eq=False)
class Fitting:
    """State that the fits of a run share: the run directory of checkpoints, and the progress
    bar."""

    run: RunDirectory
    bar: tqdm

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.run)

    def fit(
        self,
        name: str,
        learner: LanguageLearner,
        state: TrainState,
        keys: Key[Array, " seeds"],
        data: Blocks,
    ) -> Fitted:
        """Go on from the checkpoint `name`, or from `state`, to the end of training.

        `keys` choose the order of the blocks. The last state stays until `forget`.
        """
        state, losses = self.checkpoints.load(name, state)
        state = learner.place(state)
        done, training = int(np.max(state.step)), learner.training
        tokens = data.labels.shape[0] * training.batch * data.labels.shape[2]
        self.bar.set_description(name)
        self.bar.update(done * tokens)
        written = time.monotonic()
        for progress in learner.fit(keys, data, state, steps=REPORT_STEPS):
            state, losses = progress.state, progress.losses.mean(axis=1)
            self.bar.update((progress.step - done) * tokens)
            self.bar.set_postfix_str(f"loss {losses.mean():.3f}")
            done = progress.step
            if time.monotonic() - written > CHECKPOINT_SECONDS or done == training.steps:
                self.checkpoints.save(name, state, losses)
                written = time.monotonic()
        return Fitted(state.parameters, np.asarray(losses))

    def forget(self, name: str) -> None:
        """Remove a state that nothing needs any more."""
        self.checkpoints.remove(name)
