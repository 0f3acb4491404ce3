"""A variational autoencoder trained on its own pictures: they become one blurred picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import jax
import numpy as np

from collapse_sim.editing import EditSubset
from collapse_sim.experiment.process import Check, Process
from collapse_sim.loop import Chain, Trace
from collapse_sim.pictures.autoencoder import Architecture
from collapse_sim.pictures.learner import PictureLearner
from collapse_sim.pictures.observer import Observer
from experiments.recursion.family import Column, Family, Found
from experiments.recursion.points import regimes_of
from experiments.recursion.settings import PRESETS, Settings
from experiments.recursion.vae_pictures import Pictures, read_pictures
from experiments.verdicts import number

ARMS = ("human_only", "replace", "keep_human", "accumulate")
SAMPLES = 1200
CHUNK = 8
"""Seeds in flight on each device, as many as a block has."""

SHOWN = 12
"""Pictures of each generation that a figure shows, of the first seed."""


class Size(NamedTuple):
    """Size that --preset stands for here, where nothing else is asked for."""

    replicates: int
    generations: int
    steps: int


SIZES = {"quick": Size(8, 5, 100), "default": Size(32, 10, 400), "paper": Size(32, 20, 400)}
"""Seeds, generations and training steps of a fit; 20 generations are the last in the paper."""

HIDDEN, RATE = 128, 1e-2


def asked(settings: Settings, name: str) -> Any:
    """A setting that is not the preset's own; None for one that is."""
    value = getattr(settings, name)
    return None if value == getattr(PRESETS[settings.preset], name) else value


def seeds_of(settings: Settings) -> int:
    """Seeds of every arm."""
    return asked(settings, "replicates") or SIZES[settings.preset].replicates


def read(settings: Settings) -> Pictures:
    """The human pictures."""
    return read_pictures(settings.images)


def processes(settings: Settings, pictures: Pictures) -> Iterator[Process]:
    """An arm for each regime, all with the same seeds."""
    size, seeds = SIZES[settings.preset], seeds_of(settings)
    count = len(pictures.pixels)
    samples = asked(settings, "samples") or min(SAMPLES, 2 * count // 3)
    if samples > count - 2:
        raise ValueError(
            f"--samples {samples}: accepted are integers up to {count - 2}, two less than the "
            f"pictures of --images {settings.images}"
        )
    learner = make_learner(settings, pictures, samples)
    generations = asked(settings, "generations") or size.generations
    # Of no picture edited, the control is the program that the others share.
    regimes = regimes_of(settings, samples) | {"human_only": EditSubset(0, anchored=True)}
    for name in asked(settings, "regimes") or ARMS:
        yield Process(
            name,
            Chain(learner, regimes[name], generations),
            seeds,
            where={"samples": samples, "seeds": seeds},
            chunk=CHUNK,
            looks=(seeds,),
            about="median",
            checks=_checks(settings, name),
        )


def make_learner(settings: Settings, pictures: Pictures, samples: int) -> PictureLearner:
    """The autoencoder, with the encoder and the classifier that were trained once."""
    architecture = Architecture(
        pictures.pixels.shape[1],
        settings.latent,
        HIDDEN,
        SIZES[settings.preset].steps,
        rate=RATE,
        dtype=cast(Any, settings.dtype),
    )
    key = jax.random.key(settings.seed)
    observer = Observer.of(architecture, key, pictures.pixels, pictures.labels)
    return PictureLearner(pictures.pixels, observer, architecture, samples, settings.pixel_noise)


def log_slope(values: np.ndarray) -> np.ndarray:
    """Least-squares slope of the logarithm over generations, for each seed."""
    return np.polyfit(np.arange(values.shape[1]), np.log(values.T), 1)[0]


def _checks(settings: Settings, name: str) -> Sequence[Check]:
    if name == "replace":
        note = "slope of the log spread of the codes, a generation"
        return [Check("shum2024.vae", "code_spread", statistic=log_slope, note=note)]
    arms = asked(settings, "regimes") or ARMS
    if name == "keep_human" and "replace" in arms and settings.human_share > 0:
        note = "spread of the codes, last generation, less that of full resampling"
        return [Check("shum2024.kept_human", "code_spread", less="replace", note=note)]
    return []


@jax.jit
def _trace(chain: Chain, key: jax.Array) -> Trace:
    return chain(key)


def shown(settings: Settings, processes: Sequence[Process]) -> Mapping[str, np.ndarray]:
    """Pictures of every generation of the first seed by regime, of the same codes all the time."""
    found = {}
    for process in processes:
        if process.regime == "human_only":
            continue
        chain = cast(Chain, process.simulation)
        learner = replace(cast(PictureLearner, chain.learner), shown=SHOWN)
        key = jax.random.fold_in(jax.random.key(settings.seed), process.stream_number)
        trace = _trace(replace(chain, learner=learner), jax.random.fold_in(key, np.uint32(0)))
        found[f"pictures/{process.regime}"] = np.asarray(trace["pictures"])
    return found


def _percent(found: Found, process: str, measure: str) -> str:
    """Median at the last generation, with the range of the seeds."""
    values = 100 * found.results[process].summary.sample[measure][:, -1]
    low, high = number(float(values.min())), number(float(values.max()))
    return f"{number(float(np.median(values)))} % ({low} to {high} %)"


def _sentences(found: Found) -> Iterator[str]:
    if not found.has("replace"):
        return
    process = found.results["replace"].process
    yield (
        f"Trained {found.fits('replace')} times, each time on {process.where['samples']:,} "
        "pictures of the last one's own, the median autoencoder draws pictures whose codes have "
        f"{_percent(found, 'replace', 'code_spread')} of the spread that human pictures have"
        f"{found.cite('shum2024.vae')}; in brackets the range of "
        f"{process.where['seeds']} seeds."
    )
    arms = (
        ("keep human", f"With {found.kept} they have {{}}{found.cite('shum2024.kept_human')}."),
        ("accumulate", "On all pictures so far they have {}."),
        ("human only", "The control, on human pictures every time, has {}."),
    )
    for name, said in arms:
        if found.has(name):
            yield said.format(_percent(found, name, "code_spread"))
    if "class_entropy" in found.results["replace"].summary.moments:
        first, last = (found.mean("replace", "class_entropy", n) for n in (1, 0))
        yield (
            f"The entropy of the classes that a classifier sees falls from {first} to {last} nats "
            "under full resampling."
        )


def _explained(found: Found) -> str:
    return (
        "Codes: total variance of the pictures' codes under an encoder trained once on human "
        "pictures; pixels: that of the pictures; both as shares of the human ones. Classes: "
        "entropy of the classes seen, nats. Distance: energy distance from human pictures held "
        "out, 0 to 1. Lost: share of their variance that is lost from code to picture. Loss: minus "
        "the bound on their log-density, nats a pixel. "
        + (
            "Pictures are draws from the whole law."
            if found.settings.pixel_noise
            else "Pictures are the decoder's means, without the pixels' own noise: what a model "
            "takes for noise is gone in the next generation (--pixel-noise keeps it)."
        )
    )


FAMILY = Family(
    processes,
    table=(
        Column("codes at first", "code_spread", "median", 0),
        Column("codes", "code_spread", "median"),
        Column("pixels", "pixel_variance", "median"),
        Column("classes", "class_entropy", "median"),
        Column("distance", "energy_distance", "median"),
        Column("lost", "reconstruction_error", "median"),
        Column("loss", "held_out_loss", "median"),
    ),
    sentences=_sentences,
    explained=_explained,
    given=read,
    replicates=seeds_of,
    arrays=shown,
    verified=False,
)
