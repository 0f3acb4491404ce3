"""Arms of a study as processes: values of every seed, on which claims are decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.experiment.process import Check, Process
from collapse_sim.intervals import Interval
from collapse_sim.workplace import Arrays, Workplace
from experiments.study.intervals import loss_interval
from experiments.study.study import Study
from experiments.study.texts import held_out_documents


@dataclass(frozen=True, eq=False)
class Measured:
    """A simulation that was run before: its measures by seed, or by seed and generation."""

    values: Mapping[str, Float[np.ndarray, " seeds"] | Float[np.ndarray, "seeds generations"]]

    @property
    def generations(self) -> int:
        return max(self._by_generation(values).shape[1] for values in self.values.values())

    def on_host(
        self, keys: Key[Array, " seeds"], place: Workplace, name: str
    ) -> dict[str, Float[np.ndarray, "seeds generations"]]:
        del place, name
        unedited = {"edited_fraction": np.zeros((len(keys), self.generations))}
        return unedited | {name: self._by_generation(own) for name, own in self.values.items()}

    @staticmethod
    def _by_generation(values: np.ndarray) -> np.ndarray:
        return values[:, None] if values.ndim == 1 else values


def process_of(
    study: Study,
    family: str,
    name: str,
    values: Mapping[str, np.ndarray],
    checks: Sequence[Check] = (),
) -> Process:
    """Process of the measurements of one arm.

    Scores of held-out text, by seed and block, become `held_out_loss/DOMAIN`; the intervals of
    losses are over documents and seeds.
    """
    held_out, seeds = study.texts.held_out, study.seeds
    plain = {key: value for key, value in values.items() if not key.startswith("scores/")}
    scores = {domain: values[f"scores/{domain}"] for domain in held_out if _has(values, domain)}
    plain |= {f"held_out_loss/{domain}": own.mean(axis=1) for domain, own in scores.items()}
    return Process(
        name,
        Measured(plain),
        seeds,
        family=family,
        title=name,
        looks=(seeds,),
        about="median",
        where={"seeds": seeds},
        checks=checks,
        intervals=_intervals(study, scores),
    )


def _intervals(study: Study, scores: Arrays) -> dict[str, Interval]:
    texts = study.texts.held_out
    found = {
        f"held_out_loss/{domain}": loss_interval(own, texts[domain].documents)
        for domain, own in scores.items()
    }
    if scores:
        every = np.concatenate(list(scores.values()), axis=1)
        found["held_out_loss"] = loss_interval(every, held_out_documents(texts))
    return found


def _has(values: Mapping[str, np.ndarray], domain: str) -> bool:
    return f"scores/{domain}" in values
