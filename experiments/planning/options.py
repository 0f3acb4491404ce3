"""Ways to use synthetic text, and their costs by the ledger's formulas, round by round.

A cost is an inflation: the excess loss in units of that of a model trained on the human text alone,
which is the test error b of the linear model. Everything is to leading order, d/T -> 0.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.planning.settings import Settings
from theory.claims import ledger
from theory.linear.unequal_sizes import accumulated_limit, kept_limit

MANY = 10**6
"""Rows at which a formula at finite T stands for its limit: what differs is not printed."""

UNIT = {"dim": 1, "samples": MANY, "noise_std": math.sqrt(MANY - 2)}
"""A linear model of b = 1."""

Given = Callable[[int], Mapping[str, Any]]
"""Arguments of a claim's formula in a round."""


@dataclass(frozen=True)
class Option:
    """One way to use the text, from the model trained on human text alone (round 0) on."""

    name: str
    claim: str
    """Claim of the ledger whose formula gives the numbers."""
    costs: tuple[float, ...]
    """Inflation in rounds 0, 1, ..., `rounds`."""
    limit: float
    """Inflation after rounds without end; inf where it grows for ever."""

    @property
    def last(self) -> float:
        """Inflation in the last round of the plan."""
        return self.costs[-1]

    @property
    def is_edit(self) -> bool:
        """True if tokens of the human text are edited."""
        return self.name.startswith("edit")


def make_options(settings: Settings) -> list[Option]:
    """Every way to use what this writer writes, the best in the last round first."""
    ways = {"latest": _by_the_latest, "frozen": _by_the_first, "external": _by_another}
    found = []
    for name, claim, limit, given in ways[settings.writer](settings):
        rounds = range(1, settings.rounds + 1)
        costs = [float(ledger()[claim].predict(given(number))) for number in rounds]
        found.append(Option(name, claim, (1.0, *costs), limit))
    return sorted(found, key=lambda option: option.last)


def edited_so_far(share: float, edits: int) -> float:
    """Share of the text that was edited at least once, of edits of random tokens."""
    return 1 - (1 - share) ** edits


def _by_the_latest(settings: Settings) -> Iterator[tuple[str, str, float, Given]]:
    share = settings.eligible
    sizes: dict[str, Any] = {"human": settings.human, "synthetic": settings.written}
    counts = {"samples": MANY, "edit_counts": [share * MANY] * settings.rounds}
    grow = lambda given: lambda n: given | {"generation": n + 1}  # noqa: E731
    yield "replace", "ref.sizes_replace", math.inf, grow(sizes)
    yield "add to all", "ref.sizes_accumulate", accumulated_limit(**sizes), grow(sizes)
    yield "add the newest", "ref.sizes_kept", kept_limit(**sizes), grow(sizes)
    yield "edit, again and again", "ref.edit_D", math.inf if share else 1.0, grow(counts)
    # where v - 1 = m^2 (v - 1) + m (2 - m)
    anchored = math.inf if share == 1 else 1 + share * (2 - share) / (1 - share**2)
    yield "edit the human text", "ref.edit_E", anchored, grow(counts)


def _by_the_first(settings: Settings) -> Iterator[tuple[str, str, float, Given]]:
    human, written, share = settings.human, settings.written, settings.eligible
    assert human is not None
    sizes = {"human": human, "generation": 2}
    once = sizes | {"synthetic": written}
    newest = float(ledger()["ref.sizes_kept"].predict(once))
    yield "replace", "ref.sizes_replace", 1 + human / written, lambda n: once
    # All that was written is one draw of the first model, n times as large.
    yield "add to all", "ref.sizes_kept", 1.0, lambda n: sizes | {"synthetic": n * written}
    yield "add the newest", "ref.sizes_kept", newest, lambda n: once
    yield (
        "edit, again and again",
        "ref.edit_frozen",
        2.0 if share else 1.0,
        lambda n: UNIT | _edited(share, n),
    )


def _by_another(settings: Settings) -> Iterator[tuple[str, str, float, Given]]:
    human, written, share = settings.human, settings.written, settings.eligible
    assert human is not None and settings.gap is not None and settings.excess is not None
    ratio = settings.gap / settings.excess

    def mixed(kept: float, drawn: float) -> dict[str, Any]:
        return {
            "dim": 1,
            "samples": MANY,
            "noise_std": math.sqrt(MANY * human / (kept + drawn)),
            "synthetic_fraction": drawn / (kept + drawn),
            "shift_norm": math.sqrt(ratio),
        }

    alone, floor = mixed(0, written), "dohmatob2025.cor1"
    yield "replace", floor, human / written + ratio, lambda n: alone
    yield "add to all", floor, ratio, lambda n: mixed(human, n * written)
    newest = mixed(human, written)
    yield "add the newest", floor, float(ledger()[floor].predict(newest)), lambda n: newest
    yield (
        "edit, again and again",
        "ref.edit_external",
        1 + ratio if share else 1.0,
        lambda n: UNIT | {"prior_error": ratio} | _edited(share, n),
    )


def _edited(share: float, edits: int) -> dict[str, Any]:
    rows = [MANY * edited_so_far(share, k) for k in range(edits + 1)]
    return {"rows_edited_so_far": rows, "generation": edits + 1}


def safe_synthetic_share(settings: Settings) -> float:
    r"""Largest share of synthetic text, beside all human text, that adds at most `allow`.

    The latest model, for ever: $M / (N + 2M) \le a$. The first one: $NM / (N + M)^2 \le a$, up to
    the first crossing. Another one: $1 - p + p^2 c^2 / b \le 1 + a$.
    """
    allow = settings.allow
    if settings.writer == "latest":
        return 1.0 if allow >= 0.5 else allow / (1 - allow)
    if settings.writer == "frozen":
        return 1.0 if allow >= 0.25 else (1 - math.sqrt(1 - 4 * allow)) / 2
    ratio = _ratio(settings)
    return min(1.0, (1 + math.sqrt(1 + 4 * ratio * allow)) / (2 * ratio))


def best_synthetic_share(settings: Settings) -> float:
    r"""External writer: the share of the least cost, where $1 - p + p^2 c^2 / b$ is least."""
    return min(1.0, 1 / (2 * _ratio(settings)))


def _ratio(settings: Settings) -> float:
    assert settings.gap is not None and settings.excess is not None
    return settings.gap / settings.excess
