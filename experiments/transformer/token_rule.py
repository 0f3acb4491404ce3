"""The token rule under a frozen prior that is the oracle itself: its claims, decided exactly.

Blocks of two tokens: the first is the context and is never edited, so one context's law is all
there is, as in the theory.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from collapse_sim.certify import FAMILY_ERROR, Evidence, Verdict
from collapse_sim.language.editing import TokenRule
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.token_chain import FrozenEditing
from collapse_sim.replicates import EMPTY, Stream, Summary
from experiments.transformer.world import World, root_key
from theory.claims import ledger

THRESHOLD = 0.99
PUBLISHED_TEMPERATURE = 1.5
"""Of the authors' script; the paper states none."""
PASSES, PAIRS = 3, 256
REPLICATES, MANY = 2**14, 2**19
"""Many where what is decided is rare, the loss of a token that is lost once in 200 times."""

RARE, COMMON = 0.01, 0.002
"""Relative tolerances: of what is rare, and of the top token's mass, which a pass lowers by less
than a hundredth."""


class Test(NamedTuple):
    """One claim, held against the mean of a measure of some replicates."""

    summary: Summary
    claim: str
    given: dict[str, Any]
    measure: str
    tolerance: float = 0.0
    note: str = ""

    def evidence(self, prior: np.ndarray) -> Evidence:
        record, passes = ledger()[self.claim], self.given.get("passes", 1)
        predicted = np.asarray(record.predict(self.given | {"prior": prior}))
        predicted = float(predicted.max())  # of a law, the mass of its most probable token
        return Evidence(
            claim=self.claim,
            source=record.source,
            relation=record.relation,
            generation=passes + 1,
            predicted=(predicted, predicted),
            measure=self.measure,
            tolerance=self.tolerance,
            parameters={"regime": "frozen_edit", **self.given},
            note=self.note,
        )


def decide_token_rule(
    world: World, seed: int, family_error: float = FAMILY_ERROR
) -> tuple[list[Verdict], list[tuple]]:
    """Verdicts, and rows for chains.parquet, at the source's most confident context.

    The chance that any is wrong is at most `family_error`, for asymptotic confidence sequences and
    independent replicates; it is shared over all tests.
    """
    source = world.oracle
    assert source is not None
    context = int(np.argmax(source.table.max(axis=1)))
    prior = np.asarray(source.table[context], float)
    prior /= prior.sum()
    top = float(prior.max())
    rule = TokenRule(above=THRESHOLD)

    def simulate(index: int, sampler: Sampler, passes: int, count: int, *, context_only=False):
        editing = FrozenEditing(
            source, rule, sampler, context, passes, PAIRS, context_only=context_only
        )
        key = jax.random.fold_in(root_key(seed, "token_rule"), index)
        *_, summary = Stream.of(editing).extend(EMPTY, key, count)
        return summary

    plain = simulate(0, Sampler(), PASSES, MANY)
    tempered = simulate(1, Sampler(PUBLISHED_TEMPERATURE), 1, REPLICATES)
    by_context = simulate(2, Sampler(), 1, REPLICATES, context_only=True)

    threshold = {"threshold": THRESHOLD}
    tests = [Test(plain, "ref.token_tv", threshold, "top_lost", RARE)]
    for passes in range(1, PASSES + 1):
        given = {"prior_top": top, "passes": passes}
        tests.append(Test(plain, "ref.token_iter", given, "top_mass", COMMON))
        tests.append(Test(plain, "ref.token_iter_tail", given, "tail_factor", RARE))
    note = f"temperature {PUBLISHED_TEMPERATURE}"
    tests += [
        Test(plain, "ref.token_tv_bound", threshold, "top_lost"),
        Test(tempered, "ref.token_tv_bound", threshold, "top_lost", note=note),
        Test(plain, "zhu2025.preserve", {}, "top_lost"),
        Test(by_context, "ref.token_context", threshold, "top_mass", COMMON),
    ]
    error = family_error / len(tests)
    verdicts = [test.evidence(prior).judge(test.summary, error) for test in tests]
    rows = list(_chains(plain, top)) + list(_invariance(by_context))
    return verdicts, rows


def _chains(summary: Summary, top: float) -> Iterator[tuple]:
    closed = ledger()["ref.token_iter"]
    for generation in range(1, PASSES + 2):
        predicted = float(closed.predict({"prior_top": top, "passes": generation - 1}))
        yield _row(summary, "frozen", "top_mass", generation, predicted, "exact")


def _invariance(summary: Summary) -> Iterator[tuple]:
    for generation in (1, 2):
        yield _row(summary, "context", "top_lost", generation, 0.0, "exact")


def _row(
    summary: Summary, mask: str, measure: str, generation: int, predicted: float, kind: str
) -> tuple:
    moments, index = summary.moments[measure], generation - 1
    quantiles = np.quantile(summary.sample[measure][:, index], (0.05, 0.5, 0.95))
    eligible = summary.moments["eligible_share"].mean[index]
    return (
        "frozen_edit", mask, "chained", measure, generation, moments.count,
        float(moments.mean[index]), float(moments.standard_error[index]), *map(float, quantiles),
        float(eligible), predicted, kind,
    )  # fmt: skip
