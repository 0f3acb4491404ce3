"""The token rule under a frozen prior that is the oracle itself: its claims, decided exactly.

Blocks of two tokens: the first is the context and is never edited, so one context's law is all
there is, as in the theory.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.language.editing import TokenRule
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.token_chain import FrozenEditing
from experiments.transformer.world import STREAM, World
from theory.language.token_rule import preserved_total_variation, top_mass

THRESHOLD = 0.99
PUBLISHED_TEMPERATURE = 1.5
"""Of the authors' script; the paper states none."""
PASSES, PAIRS = 3, 256
REPLICATES, MANY = 2**14, 2**20
"""Many where the event is rare: a token is lost once in 200 to 700 times."""

RARE, COMMON = 0.01, 0.001
"""Relative tolerances: of a rare event, and of the top token's mass, of which a pass takes 0.0015
in the published language: a formula of one pass less is outside."""


def token_rule_processes(world: World) -> list[Process]:
    """Passes over the source's most confident context; none where the law is not known."""
    source = world.text.source
    if source is None:
        return []
    context = int(np.argmax(source.table.max(axis=1)))
    prior = np.asarray(source.table[context], float)
    prior /= prior.sum()
    where = {"prior": prior, "prior_top": float(prior.max()), "threshold": THRESHOLD}
    once = FrozenEditing(source, TokenRule(above=THRESHOLD), Sampler(), context, 1, PAIRS)
    tempered = f"temperature {PUBLISHED_TEMPERATURE}"
    masses = [top_mass(prior_top=where["prior_top"], passes=n) for n in range(PASSES + 1)]
    kept = [preserved_total_variation()] * 2

    def process(mask: str, editing: FrozenEditing, replicates: int, **more: Any) -> Process:
        return Process(
            "frozen_edit",
            editing,
            replicates,
            mask=mask,
            variant="chained",
            title=f"frozen edit, {mask}",
            looks=(replicates,),
            where=where,
            **more,
        )

    return [
        process(
            "token",
            replace(once, passes=PASSES),
            MANY,
            stream=STREAM + 1,
            checks=_plain_checks(),
            closed={"top_mass": masses},
        ),
        process(
            tempered,
            replace(once, sampler=Sampler(PUBLISHED_TEMPERATURE)),
            REPLICATES,
            stream=STREAM + 2,
            checks=[Check("ref.token_tv_bound", "top_lost", at=2)],
        ),
        process(
            "context",
            replace(once, context_only=True),
            REPLICATES,
            stream=STREAM + 3,
            checks=[Check("ref.token_context", "top_mass", at=2, tolerance=COMMON)],
            closed={"top_lost": kept},
        ),
    ]


def _plain_checks() -> list[Check]:
    """Checks of the published rule, redrawing from the prior's own law."""
    checks = [
        Check("ref.token_tv", "top_lost", at=2, tolerance=RARE),
        Check("ref.token_tv_bound", "top_lost", at=2),
        Check("zhu2025.preserve", "top_lost", at=2),
    ]
    for passes in range(1, PASSES + 1):
        given, at = {"passes": passes}, passes + 1
        checks += [
            Check("ref.token_iter", "top_mass", at=at, given=given, tolerance=COMMON),
            Check("ref.token_iter_tail", "tail_factor", at=at, given=given, tolerance=RARE),
        ]
    return checks
