"""Findings of a run in a few plain sentences, with its numbers and the claims behind them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from collapse_sim.certify import Verdict
from collapse_sim.experiment.process import Result
from experiments.recursion.settings import Settings
from experiments.verdicts import number


@dataclass(frozen=True)
class Found:
    """The results of one family by the name of their process, and the verdicts of the run."""

    settings: Settings
    results: dict[str, Result]
    verdicts: Sequence[Verdict]

    def has(self, *processes: str) -> bool:
        return all(process in self.results for process in processes)

    def mean(self, process: str, measure: str, generation: int = 0) -> str:
        """Mean over all chains; generation 0 is the last."""
        return number(float(self.results[process].mean(measure)[generation - 1]))

    def median(self, process: str, measure: str) -> str:
        """Median chain at the last generation."""
        return number(float(self.results[process].quantile(measure, 0.5)[-1]))

    def fits(self, process: str) -> int:
        """Length of its chains."""
        return self.results[process].generations

    def cite(self, *claims: str) -> str:
        """Cite claims of the run in brackets, each with its verdict unless it holds."""
        shown = []
        for claim in claims:
            outcomes = {v.verdict for v in self.verdicts if v.claim == claim}
            if outcomes:
                rest = sorted(outcomes - {"holds"})
                shown.append(f"{claim}: {', '.join(rest)}" if rest else claim)
        return f" [{'; '.join(shown)}]" if shown else ""

    @property
    def kept(self) -> str:
        return f"{100 * self.settings.human_share:g} % of the human data kept"


def _gaussian(found: Found) -> Iterator[str]:
    if not found.has("replace"):
        return
    samples = found.results["replace"].process.where["samples"]
    yield (
        f"Fitted {found.fits('replace')} times, each time to {samples} points of the last fit, the "
        f"median Gaussian keeps {found.median('replace', 'variance')} of its variance"
        f"{found.cite('ref.gauss_median', 'shum2024.thm31')}; a few wide ones keep the mean at 1."
    )
    also = []
    if found.has("keep human"):
        kept = found.median("keep human", "variance")
        also.append(f"with {found.kept} {kept}{found.cite('shum2024.kept_human')}")
    if found.has("accumulate"):
        kept = found.median("accumulate", "variance")
        also.append(f"on all data so far {kept}{found.cite('ref.gauss_acc_unb')}")
    if also:
        yield f"The median one keeps more {', and '.join(also)}."


def _categorical(found: Found) -> Iterator[str]:
    if not found.has("replace, words"):
        return
    words, types = "replace, words", "surviving_types"
    text = (
        f"A text of {found.results[words].process.where['samples']:,} words has "
        f"{found.mean(words, types, 1)} different ones at first{found.cite('ref.distinct_first')}, "
        f"and {found.mean(words, types)} after {found.fits(words)} generations"
        f"{found.cite('ref.distinct')}"
    )
    if found.has("keep human, words"):
        text += f"; {found.mean('keep human, words', types)} with {found.kept}"
    yield f"{text}."


def _mixture(found: Found) -> Iterator[str]:
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


def _kde(found: Found) -> Iterator[str]:
    if found.has("replace"):
        yield (
            "A kernel density does not shrink but spreads: its variance grows from "
            f"{found.mean('replace', 'variance', 1)} to {found.mean('replace', 'variance')}"
            f"{found.cite('ref.kde_variance')}."
        )


def _sources(found: Found) -> Iterator[str]:
    parts = [
        f"{found.mean(f'replace, {name}', 'kl')} with {what}"
        for name, what in (
            ("none", "none of them"),
            ("few points", "few points"),
            ("one Gaussian", "one Gaussian for two"),
            ("few EM steps", "few steps of the fit"),
            ("float16 sums", "short sums"),
        )
    ]
    yield (
        f"After {found.fits('replace, none')} generations the distance from the truth is, by "
        f"source of error, {', '.join(parts)} (nats); no claim is decided here."
    )


def _selection(found: Found) -> Iterator[str]:
    if found.has("verified rows"):
        yield (
            "A verifier that lets pass what is near its own centre takes the fit there: an error "
            f"of {found.mean('verified rows', 'test_error')} where 0 is right"
            f"{found.cite('ref.verified_error')}."
        )
    spiked = "accumulate, spiked family"
    if found.has(spiked):
        share = 100 * float(found.results[spiked].mean("collapsed")[-1])
        yield (
            f"In a family made of spikes {share:.0f} % of the chains have collapsed at fit "
            f"{found.fits(spiked)} although all data are kept{found.cite('ref.accumulate_fails')}."
        )


def _forgetting(found: Found) -> Iterator[str]:
    if found.has("replace, a pair", "replace, distinct types"):
        pair, many = found.results["replace, a pair"], found.results["replace, distinct types"]
        yield (
            f"Of two types in {pair.process.where['samples']} tokens one is left after "
            f"{found.mean('replace, a pair', 'fits')} fits{found.cite('ref.two_types')}, of "
            f"{many.process.where['samples']} in as many tokens after "
            f"{found.mean('replace, distinct types', 'fits')}{found.cite('kazdan2025.discrete')}."
        )
    if found.has("replace, Poisson counts"):
        share = 100 * float(found.results["replace, Poisson counts"].mean("alive")[-1])
        yield (
            f"A word expected two or three times is still known by {share:.0f} % of the chains "
            f"after {found.fits('replace, Poisson counts')} generations"
            f"{found.cite('suresh2025.poisson')}."
        )


def _contamination(found: Found) -> Iterator[str]:
    if found.has("debiased, 10 % human", "pooled, 10 % human"):
        yield (
            "Of batches that are one tenth human, those who take the model's part out learn the "
            f"law with a squared error of {found.mean('debiased, 10 % human', 'squared_distance')}"
            f"{found.cite('ref.debiased')}, those who count everything with "
            f"{found.mean('pooled, 10 % human', 'squared_distance')}{found.cite('ref.pooled')}."
        )
    if found.has("keep human, 2 drawn"):
        left = 100 * float(found.results["keep human, 2 drawn"].mean("distance")[-1])
        yield (
            "Two points of its own beside each human one do not carry a Gaussian away: after "
            f"{found.fits('keep human, 2 drawn')} generations {left:.2g} % of its first distance "
            f"is left{found.cite('ref.mixed_rate')}."
        )


def _corpora(found: Found) -> Iterator[str]:
    kept = [name for name in found.results if name.startswith("keep human, ")]
    if kept:
        human = found.results[kept[0]].process.where["human"]
        shown = (
            f"{found.mean(name, 'excess')} with {found.results[name].process.where['samples']}"
            for name in kept
        )
        yield (
            f"Beside {human} human tokens that are always kept, a model's own tokens cost at fit "
            f"{found.fits(kept[0])} a squared error of {', '.join(shown)}"
            f"{found.cite('ref.kept_excess')}."
        )
    if found.has("replace, lost words"):
        first, last = (
            100 * float(m) for m in found.results["replace, lost words"].mean("test_error")[[0, -1]]
        )
        yield (
            f"Words that are lost make {first:.0f} % of human text at first, {last:.0f} % after "
            f"{found.fits('replace, lost words')} generations{found.cite('ref.missing_mass')}."
        )


def _regressions(found: Found) -> Iterator[str]:
    for name in ("logistic", "Poisson"):
        replace, accumulate = f"replace, {name}", f"accumulate, {name}"
        if found.has(replace, accumulate):
            yield (
                f"After {found.fits(replace)} fits the error of {name} regression is "
                f"{found.mean(replace, 'scaled_error')} times that of one fit on its last labels "
                f"alone{found.cite('dey2024.discard')}, and "
                f"{found.mean(accumulate, 'scaled_error')} times on all labels so far"
                f"{found.cite('dey2024.augment')}."
            )


def _ridge(found: Found) -> Iterator[str]:
    if found.has("replace, ridge"):
        yield (
            f"A ridge fitted {found.fits('replace, ridge')} times to the labels of the last fit "
            f"has a finite error, {found.mean('replace, ridge', 'test_error')}"
            f"{found.cite('ref.ridge_chain')}, and has forgotten nearly all: "
            f"{found.mean('replace, ridge', 'memory')} of the true weights are left"
            f"{found.cite('ref.ridge_memory')}."
        )
    many = "mixture, 1,000,000 rows"
    if found.has(many):
        yield (
            "One row in a hundred of a model off by 1 leaves an error of "
            f"{found.mean(many, 'test_error')} at a million rows{found.cite('dohmatob2025.cor1')}."
        )


def _estimates(found: Found) -> Iterator[str]:
    intervals = "replace, equal sizes"
    if found.has(intervals):
        share = 100 * float(found.results[intervals].mean("covered")[-1])
        yield (
            f"Of the 95 % intervals taken from generation {found.fits(intervals)} alone "
            f"{share:.0f} % cover the truth{found.cite('ref.coverage')}."
        )


FAMILIES: dict[str, Callable[[Found], Iterator[str]]] = {
    "gaussian": _gaussian,
    "categorical": _categorical,
    "mixture": _mixture,
    "kde": _kde,
    "sources": _sources,
    "selection": _selection,
    "forgetting": _forgetting,
    "contamination": _contamination,
    "corpora": _corpora,
    "regressions": _regressions,
    "ridge": _ridge,
    "estimates": _estimates,
}


def sentences(
    settings: Settings, results: Sequence[Result], verdicts: Sequence[Verdict]
) -> list[str]:
    """Sentences on each family, and the number of decided claims."""
    said = []
    if settings.preset == "quick":
        said.append("A smoke test: too few replicates to decide equalities within 1 %.")
    for family in dict.fromkeys(result.process.family for result in results):
        mine = {r.process.name: r for r in results if r.process.family == family}
        about = [v for v in verdicts if v.parameters.get("family") == family]
        said += FAMILIES[family](Found(settings, mine, about))
    if verdicts:
        outcomes = [verdict.verdict for verdict in verdicts]
        rest = [
            f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes) if name != "holds"
        ]
        count = f"{outcomes.count('holds')} of {len(outcomes)} claims hold"
        said.append(f"{', '.join([count, *rest])}.")
    return said
