"""The answer of a plan in plain sentences, each with the claim that it rests on."""

import math
from collections.abc import Iterator, Sequence

from experiments.planning.options import Option, best_synthetic_share, safe_synthetic_share
from experiments.planning.settings import Settings
from theory.claims import ledger
from theory.distributions.temperature import return_share, stay_share
from theory.language.token_rule import total_variation_bound

PUBLISHED_SHARES = {
    "about 30 % (rephrased text, Kang et al. 2025, arXiv 2510.01631)": (0.3, 0.3),
    "60 to 80 % (FinePhrase 2026, one round, 1.7 B parameters)": (0.6, 0.8),
}
"""Best shares of synthetic text as published, recalled: they disagree."""

MEASURED = "lm.replace_grows", "lm.edit_bounded", "zhu2025.fraction", "zhu2025.edit_pretrain"
"""Claims on language models that bear on a plan."""

WRITERS = {
    "latest": "the model trained last",
    "frozen": "the first model, for ever",
    "external": "another model",
}


def advice(settings: Settings, options: Sequence[Option]) -> Iterator[str]:
    """Sentences, the most useful first."""
    yield from _best_and_worst(settings, options)
    yield from _safe_share(settings)
    if settings.temperature < 1:
        yield _temperature(settings)
    yield _editing(settings)
    if settings.right is not None:
        yield _verifier(settings)


def _best_and_worst(settings: Settings, options: Sequence[Option]) -> Iterator[str]:
    best, worst = options[0], options[-1]
    rounds = f"{settings.rounds} round{'s' * (settings.rounds > 1)}"
    yield (
        f"Written by {WRITERS[settings.writer]}, the text serves you best where you "
        f"{_what(best)}: {_cost(settings, best.last)} after {rounds}, {_end(settings, best)} "
        f"({best.claim})."
    )
    yield (
        f"It serves you worst where you {_what(worst)}: {_cost(settings, worst.last)} after "
        f"{rounds}, {_end(settings, worst)} ({worst.claim})."
    )


def _what(option: Option) -> str:
    return {
        "replace": "replace all text by it",
        "add to all": "add it to all text so far",
        "add the newest": "keep the human text and add the newest round",
        "edit, again and again": "let it edit the edited text again and again",
        "edit the human text": "let it edit the human text anew in each round",
    }[option.name]


def _cost(settings: Settings, cost: float) -> str:
    if settings.excess is None:
        return f"{cost:.2f} times the excess loss of human text alone"
    change = (cost - 1) * settings.excess
    return f"{cost:.2f} times the excess loss of human text alone ({change:+.4f} nats a token)"


def _end(settings: Settings, option: Option) -> str:
    if math.isinf(option.limit):
        return "and without end"
    return f"{option.limit:.2f} in the long run"


def _safe_share(settings: Settings) -> Iterator[str]:
    share = safe_synthetic_share(settings)
    human = 1 - share
    allowed = f"{100 * settings.allow:g} %"
    if settings.writer == "external":
        best = best_synthetic_share(settings)
        most = "no share" if share == 1 else f"only a share above {100 * share:.0f} %"
        yield (
            f"Of its text a share of {100 * best:.0f} % beside all human text is best, and {most} "
            f"adds more than {allowed} (dohmatob2025.cor1). The best share is excess / (2 gap): it "
            "grows as human text gets short, and falls as the writer's gets worse."
        )
        for words, (low, high) in PUBLISHED_SHARES.items():
            ratios = sorted({1 / (2 * high), 1 / (2 * low)})
            shown = " to ".join(f"{ratio:.2g}" for ratio in ratios)
            yield f"Published as best: {words}; so it is where gap / excess is {shown}."
    elif share == 1:
        yield (
            f"Beside all human text no amount of the newest text adds more than {allowed} "
            "(ref.sizes_kept)."
        )
    else:
        yield (
            f"Safe: keep all human text, and let at least {100 * human:.0f} % of what you train on "
            f"be human; then the newest text adds at most {allowed}, however many rounds "
            "(ref.sizes_kept)."
        )


def _temperature(settings: Settings) -> str:
    stay = stay_share(temperature=settings.temperature)
    back = return_share(types=settings.types, temperature=settings.temperature)
    again = "" if back <= stay * (1 + 1e-9) else f"; once lost, it returns only above {back:.2f}"
    return (
        f"At temperature {settings.temperature:g} a model of words keeps its diversity only while "
        f"at least {100 * stay:.0f} % of each round's text is fresh human text{again} "
        "(ref.temperature_real_share)."
    )


def _editing(settings: Settings) -> str:
    assert settings.human is not None
    bound = total_variation_bound(threshold=settings.threshold)
    tokens = settings.human * settings.eligible * bound
    return (
        f"In tokens, one edit at P >= {settings.threshold:g} and temperature 1 changes at most "
        f"{100 * bound:.2g} % of the {100 * settings.eligible:g} % that it may touch, "
        f"{_number(tokens)} of {_number(settings.human)} tokens (ref.token_tv_bound): look at them "
        "with `collapse-sim editing` before you train."
    )


def _verifier(settings: Settings) -> str:
    right, keep, wrong = settings.right, settings.keep_right, settings.keep_wrong
    assert right is not None and keep is not None and wrong is not None
    kept = right * keep + (1 - right) * wrong
    if not kept:
        return "The verifier keeps nothing of this text."
    breaks = 1 / (1 + wrong / keep) if keep else 0.0
    fate = "below" if 1 - right < breaks else "not below"
    return (
        f"Verified: {100 * right * keep / kept:.1f} % of what passes is right, and "
        f"{1 / kept:.2f} tokens are written for one that passes. Labels of a classifier teach "
        f"while less than {100 * breaks:.0f} % of what is written is wrong (feng2025.pstar); "
        f"{100 * (1 - right):.0f} % is {fate} that."
    )


def _number(tokens: float) -> str:
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if tokens >= unit:
            return f"{tokens / unit:.3g} {name}"
    return f"{tokens:.3g}"


def measured() -> Iterator[tuple[str, str]]:
    """Claims that rest on small models only, and their verdicts."""
    for name in MEASURED:
        yield name, ledger()[name].expected
