"""Fits with live progress that go on from a checkpoint at any step."""

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Key
from tqdm import tqdm

from collapse_sim.hosts import agreed, fetch
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.training import Parameters, TrainState
from collapse_sim.terminal import progress_bar
from collapse_sim.workplace import Workplace

REPORT_STEPS = 50
CHECKPOINT_SECONDS = 60.0


def token_progress(total: int) -> tqdm:
    """A bar of training tokens on the terminal, and none elsewhere."""
    return progress_bar(total, "tokens")


class Fitted(NamedTuple):
    """A model of every seed, and its mean training loss in the last steps, in nats per token."""

    parameters: Parameters
    losses: Float[np.ndarray, " seeds"]


@dataclass(frozen=True)
class Fitting:
    """Fits of one run."""

    place: Workplace

    def fit(
        self,
        name: str,
        learner: LanguageLearner,
        state: TrainState,
        keys: Key[Array, " seeds"],
        data: Blocks,
        *,
        is_read_again: bool,
    ) -> Fitted:
        """Go on from the checkpoint `name`, or from `state`, to the end of training.

        `keys` choose the order of the blocks. Checkpoints stay until `forget`. The last state of a
        model that nothing reads again is not written: less than a minute would be lost, and to
        write a large model takes longer than to fit it to little text.
        """
        bar, losses = self.place.bar, None
        if self.place.run is not None:
            state, losses = Checkpoints(self.place.run).load(name, state)
        state = learner.place(state)
        done, training = int(fetch(state.step).max()), learner.training
        tokens = data.labels.shape[0] * training.batch * data.labels.shape[2]
        bar.set_description(name)
        bar.update(done * tokens)
        written = time.monotonic()
        for progress in learner.train(keys, data, state, steps=REPORT_STEPS):
            state, losses = progress.state, progress.losses.mean(axis=1)
            bar.update((progress.step - done) * tokens)
            bar.set_postfix_str(f"loss {losses.mean():.3f}")
            done = progress.step
            is_due = agreed(time.monotonic() - written > CHECKPOINT_SECONDS)  # all processes save
            if is_due or (is_read_again and done == training.steps):
                self._save(name, state, losses)
                written = time.monotonic()
        return Fitted(state.parameters, np.asarray(losses))

    def forget(self, name: str) -> None:
        """Remove a state that nothing needs any more."""
        if self.place.run is not None:
            Checkpoints(self.place.run).remove(name)

    def _save(self, name: str, state: TrainState, losses: np.ndarray) -> None:
        if self.place.run is not None:
            Checkpoints(self.place.run).save(name, state, losses)
