"""The answer of a run in plain sentences, from its own verdicts; of the default language alone."""

from collections.abc import Iterator, Mapping, Sequence

from collapse_sim.experiment.process import Result
from collapse_sim.verdict import Verdict
from experiments.transformer.settings import Settings

DECIDED = ("holds", "violated")

Found = Mapping[tuple[str, str], Verdict]
"""Verdicts by claim and process."""


def answers(
    settings: Settings, results: Sequence[Result], verdicts: Sequence[Verdict]
) -> Iterator[str]:
    """Sentences on the divergence under each writer of edits, where the seeds agree on it."""
    if settings.corpus != "published":
        return
    found = {(v.claim, str(v.parameters["process"])): v for v in verdicts if v.verdict in DECIDED}
    arms = {result.process.name: result for result in results}
    yield from _certainty(found, arms)
    yield from _resampling(found, arms, settings.generations)
    yield from _blind(found, arms)
    yield from _sure(found, arms)


def _certainty(found: Found, arms: Mapping[str, Result]) -> Iterator[str]:
    verdict = found.get(("lm.certainty", "human only"))
    if verdict is not None:
        share = 100 * arms["human only"].mean("sure_share")[0]
        kept = "as" if verdict.verdict == "holds" else "not as"
        yield (
            f"The first model is {kept} sure of its text as the published prior: of {share:.1f} % "
            "of the tokens, P >= 0.99 (published: 12.5 %)."
        )


def _resampling(found: Found, arms: Mapping[str, Result], generations: int) -> Iterator[str]:
    verdict = found.get(("lm.replace_grows", "replace"))
    if verdict is None:
        return
    first, last = (arms["replace"].mean("kl")[i] for i in (0, -1))
    grows = "grows" if verdict.verdict == "holds" else "does not grow"
    speed = found.get(("lm.replace_linear", "replace"))
    linear = ", no faster than linearly" if speed and speed.verdict == "holds" else ""
    yield (
        f"Full resampling {grows}{linear}: the divergence from the true law goes from "
        f"{first:.3f} to {last:.3f} nats a token in {generations} generations."
    )


def _blind(found: Found, arms: Mapping[str, Result]) -> Iterator[str]:
    verdict = found.get(("lm.frozen_safer", "edit blind less edit blind frozen"))
    if verdict is None:
        return
    latest, frozen = (arms[name].mean("kl")[-1] for name in ("edit blind", "edit blind frozen"))
    holds = verdict.verdict == "holds"
    yield (
        f"Edits of tokens at random: those of the latest model end at {latest:.3f}, "
        f"{'more' if holds else 'less'} than those of the first model, {frozen:.3f}; "
        f"{'so' if holds else 'not so'} in the regression."
    )


def _sure(found: Found, arms: Mapping[str, Result]) -> Iterator[str]:
    names = [name for name in ("edit", "edit frozen") if ("lm.edit_twice", name) in found]
    if not names:
        return
    ends = ", ".join(
        f"{arms[name].mean('kl')[-1]:.3f} ({'latest' if name == 'edit' else 'first'} model)"
        for name in names
    )
    changed = max(100 * float(arms[name].mean("changed").max()) for name in names)
    kept = all(found["lm.edit_twice", name].verdict == "holds" for name in names)
    yield (
        f"Edits at P >= 0.99, as published, {'keep' if kept else 'break'} twice the first error: "
        f"{ends}; each changes {changed:.2f} % of the tokens at most."
    )
