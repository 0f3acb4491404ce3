"""Answers for people who train on synthetic data, in sentences drawn from verdicts."""

from collections.abc import Sequence

from experiments.verification.outcomes import Decision

ANSWERS = {
    "Is token editing safe?": (
        ("zhu2025.thm2a", {
            "violated": "Not where the latest model writes the edits: the error passes twice that "
            "of one fit to human data, which is the published bound, from the second pass on.",
            "holds": "Where the latest model writes the edits, the published bound held.",
        }),
        ("zhu2025.thm2a_frozen", {
            "holds": "Yes where one model that never changes writes them: the bound holds.",
            "violated": "Where one model that never changes writes them, the bound fails too.",
        }),
        ("ref.edit_E", {
            "holds": "The error stays bounded, too, where every pass edits what people wrote, not "
            "what the last pass left.",
        }),
    ),
    "Is accumulating?": (
        ("gerst2024.accumulate_bound", {
            "holds": "Yes for least squares: with all data kept, the error stays below 1.65 times "
            "that of one fit, its published limit.",
            "violated": "Not even for least squares: the error passes its published limit.",
        }),
        ("barzilai2025.thm51", {
            "holds": "Not for every model: one for laws with spikes collapses, with a chance that "
            "more data does not lower, although all human data are kept.",
        }),
    ),
    "How much human data must I keep?": (
        ("shum2024.kept_human", {
            "holds": "Some is better than none: with a tenth of the human data in every generation "
            "a chain loses less than without any.",
        }),
        ("he2025.weight", {
            "holds": "Fresh human rows in every generation, however few, keep a regression's error "
            "bounded; where they are as many as the synthetic ones, their best weight is 62 %.",
        }),
        ("ref.temperature_real_share", {
            "holds": "Sampling below temperature 1 asks for a share: at 0.7 more than 30 % of "
            "fresh human text keeps all words alive; to bring them back takes more.",
        }),
    ),
}  # fmt: skip
"""Questions, and the sentences that verdicts on claims give in answer."""


def answered(decided: Sequence[Decision]) -> dict[str, list[tuple[str, str]]]:
    """Sentences that follow from the verdicts, by question, each with the claim that it rests on.

    A question that nothing answers says so.
    """
    outcomes = {decision.claim.id: decision.outcomes for decision in decided}
    found = {}
    for question, sentences in ANSWERS.items():
        said = [
            (by_outcome[outcome], name)
            for name, by_outcome in sentences
            for outcome in outcomes.get(name, ())
            if outcome in by_outcome
        ]
        found[question] = said or [("Not decided in this run.", sentences[0][0])]
    return found


def answers(decided: Sequence[Decision]) -> list[str]:
    """The same as lines of text."""
    lines = []
    for question, sentences in answered(decided).items():
        said = [f"{sentence.removesuffix('.')} [{name}]." for sentence, name in sentences]
        lines += [f"{question} {said[0]}", *said[1:]]
    return lines
