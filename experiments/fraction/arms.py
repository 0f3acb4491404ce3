"""Students of human text with a share of synthetic text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Key

from collapse_sim.language.blocks import Blocks, generators
from collapse_sim.language.sampling import Sampler
from collapse_sim.workplace import Arrays
from experiments.study.study import Study, Values


class Arm(NamedTuple):
    """Measurements of the students of one text."""

    generator: str
    """Who wrote the synthetic part."""
    text: str
    """The share of it in per cent, or how it was selected."""
    values: Values

    @property
    def name(self) -> str:
        return f"{self.generator}, {self.text}"


@dataclass(frozen=True)
class Author:
    """A generator: its size, and the temperature it writes at."""

    size: str
    temperature: float

    @property
    def name(self) -> str:
        return f"{self.size} at {self.temperature:g}"


def write(study: Study, author: Author, times: int = 1) -> Blocks:
    """Synthetic text of every seed's generator, `times` as long as a role's human text.

    The generator is trained on its own human documents, and every block begins with the first
    token of one of theirs.
    """

    def make() -> Arrays:
        learner = study.learner(author.size, generation=Sampler(author.temperature))
        human = study.human("generator")
        parameters = study.fit(f"generator-{author.size}", "generator", learner, human)
        study.bar.set_description(f"text of {author.name}")
        written = learner.generate(study.keys("generator", 2), parameters, human, times)
        return {"labels": np.asarray(written.labels)}

    place = f"synthetic-{author.size}-{author.temperature:g}-{times}"
    return Blocks(study.place.once(place, make)["labels"])


def mixed(human: Blocks, synthetic: Blocks, fraction: float, keys: Key[Array, " seeds"]) -> Blocks:
    """Human text of which a share of the blocks, in places drawn by the keys, is synthetic.

    A larger share replaces those of a smaller one and more. Raises ValueError for a fraction
    outside [0, 1] and texts of different sizes.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction={fraction}: accepted is [0, 1]")
    if human.labels.shape != synthetic.labels.shape:
        raise ValueError(
            f"synthetic text of shape {synthetic.labels.shape}: accepted is that of the human "
            f"text, {human.labels.shape}"
        )
    order = np.stack([generator.permutation(human.size) for generator in generators(keys)])
    replaced = np.argsort(order, axis=1) < round(fraction * human.size)
    return Blocks(np.where(replaced[:, :, None], synthetic.labels, human.labels))


def fraction_arms(study: Study, authors: list[Author], fractions: tuple) -> Iterator[Arm]:
    """Every author at every fraction; without synthetic text all are the same arm."""
    learner, human = study.learner(), study.human("student")
    places = study.keys("student", 2)
    for author in authors:
        synthetic = write(study, author)
        for fraction in fractions:
            name = f"{author.name}, {100 * fraction:g} %" if fraction else "human"
            data = mixed(human, synthetic, fraction, places)
            yield Arm(author.name, f"{100 * fraction:g} %", study.arm(name, learner, data))


def selected_arms(
    study: Study, author: Author, kept: dict[str, list[np.ndarray]], pool: Blocks
) -> Iterator[Arm]:
    """Students of selections of the synthetic text: for each of them the blocks of every seed."""
    learner = study.learner()
    for name, rows in kept.items():
        chosen = np.stack(rows)[:, :, None]
        data = jax.tree.map(lambda x, rows=chosen: np.take_along_axis(x, rows, 1), pool)
        yield Arm(author.name, name, study.arm(f"selected-{name}", learner, data))
