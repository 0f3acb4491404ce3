"""A Gaussian mixture fitted by EM to its own draws: components drift, then vanish."""

from collections.abc import Iterator

from collapse_sim.distributions.mixture import MixtureLearner
from collapse_sim.experiment.process import Check, Process
from experiments.recursion.family import Column, Family, Found
from experiments.recursion.points import SAMPLES, processes_of, truth
from experiments.recursion.settings import Settings


def processes(settings: Settings) -> Iterator[Process]:
    samples = settings.samples or SAMPLES
    learner = MixtureLearner(
        truth(settings.dim or 1), samples, settings.components, settings.steps, dtype=settings.dtype
    )
    worth = Check("shum2024.kept_human", "log_variance", less="replace")
    return processes_of(settings, learner, samples, worth)


def _sentences(found: Found) -> Iterator[str]:
    if not found.has("replace"):
        return
    text = (
        f"A mixture's distance from the truth grows from {found.mean('replace', 'kl', 1)} to "
        f"{found.mean('replace', 'kl')} nats"
    )
    if found.has("keep human"):
        kept = found.mean("keep human", "kl")
        text += f", or {kept} with {found.kept}{found.cite('shum2024.kept_human')}"
    yield f"{text}."


FAMILY = Family(
    processes,
    table=(
        Column("tails", "tail_mass", "median"),
        Column("variance", "variance", "median"),
        Column("least weight", "least_weight", "median"),
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
    ),
    sentences=_sentences,
    explained="KL of the truth to the model, in nats. Tails: mass beyond 99.73 % of the truth.",
)
