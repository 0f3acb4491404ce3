"""Text of a study of editing: students', prior's and held-out text, domains, instruction pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from collapse_sim.language import instructions
from collapse_sim.language.corpus import Document
from collapse_sim.language.instructions import EncodedPairs, Pair, encode_pairs
from experiments.editing.settings import TokenEditingSettings
from experiments.study.texts import (
    CHARACTERS,
    Text,
    Texts,
    by_domain,
    held_out_by_domain,
    split_corpus,
    tokenized,
)

LEAK = "docstrings"
"""The domain that holds the responses of the standard library's pairs."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Instruction pairs to train on and held out; none of their responses stands in the text of
    the prior or of the model that is fine-tuned, and none on both sides."""

    train: EncodedPairs
    held_out: EncodedPairs
    base: Text
    """The text of the model that is fine-tuned."""
    counts: dict[str, int]
    notes: tuple[str, ...] = ()
    """What was read, in one line, where it was a file."""


@dataclass(frozen=True, eq=False)
class Corpora:
    """Texts that the tables and every stage read."""

    texts: Texts
    domains: dict[str, Text]
    """The student's text by domain, of the two of continued training."""
    pairs: Pairs | None
    sources: dict[str, Any]

    @property
    def notes(self) -> tuple[str, ...]:
        """Summary of the texts read, one line for each source."""
        return self.texts.notes + (self.pairs.notes if self.pairs else ())


def make_corpora(
    settings: TokenEditingSettings, documents: Sequence[Document] | None = None
) -> Corpora:
    """Read (or take `documents`), split by document for held-out text, student and prior.

    Raises ValueError for text, domains or pairs that the stages cannot use.
    """
    wanted = CHARACTERS * (settings.tokens + settings.prior_tokens)
    parts = split_corpus(settings, ("prior", "student"), wanted, documents)
    tokenizer, student, prior = parts.tokenizer, parts.roles["student"], parts.roles["prior"]
    roles = {
        "student": tokenized(tokenizer, student, settings.context).cut(settings.tokens),
        "prior": tokenized(tokenizer, prior, settings.context).cut(settings.prior_tokens),
    }
    held_out = held_out_by_domain(settings, parts)
    each = max(settings.tokens // len(held_out), settings.context)
    held_out = {domain: text.cut(each) for domain, text in held_out.items()}
    texts = Texts(roles, held_out, tokenizer, parts.sources, parts.notes)
    domains = _domains(settings, texts, student) if "continual" in settings.stages else {}
    pairs, sources = None, parts.sources
    if "finetune" in settings.stages:
        pairs = _pairs(settings, tokenizer, student, prior)
        counts = {"source": settings.pairs or "standard library"} | pairs.counts
        sources = sources | {"pairs": counts}
    return Corpora(texts, domains, pairs, sources)


def _domains(
    settings: TokenEditingSettings, texts: Texts, student: Sequence[Document]
) -> dict[str, Text]:
    """The student's text of both domains of continued training."""
    found = by_domain(texts.tokenizer, student, settings.context)
    both = sorted(found.keys() & texts.held_out.keys())
    for flag in ("first_domain", "second_domain"):
        if getattr(settings, flag) not in both:
            settings.reject(
                flag, f"accepted are the domains of --corpus {settings.corpus}: {', '.join(both)}"
            )
    wanted = (settings.first_domain, settings.second_domain)
    return {domain: found[domain].cut(settings.tokens) for domain in wanted}


def _pairs(
    settings: TokenEditingSettings,
    tokenizer: Tokenizer,
    student: Sequence[Document],
    prior: Sequence[Document],
) -> Pairs:
    place, notes = f"--pairs {settings.pairs}", ()
    if settings.pairs is None:
        every = instructions.standard_library_pairs()
        student = [document for document in student if document.domain != LEAK]
    else:
        every, note = instructions.read_pairs(settings.pairs)
        notes = (note,)
    seen = "\n\n".join(document.text for document in [*student, *prior])
    kept = [pair for pair in every if pair.response.strip() not in seen]
    train, held = instructions.split(kept)
    if not train or not held:
        raise ValueError(
            f"{place}: {len(kept)} of {len(every)} pairs have responses that are not in --corpus "
            f"{settings.corpus}: accepted are pairs of which some can be held out"
        )
    encoded = [encode_pairs(tokenizer, part, settings.context) for part in (train, held)]
    most = (max(settings.tokens // settings.context, 1), settings.answers)
    chosen = [
        encode_pairs(tokenizer, _spaced(part.pairs, count), settings.context)
        for part, count in zip(encoded, most, strict=True)
    ]
    counts = {
        "pairs": len(every),
        "in_the_corpus": len(every) - len(kept),
        "too_long": sum(part.left_out for part in encoded),
        "train": len(chosen[0].pairs),
        "held_out": len(chosen[1].pairs),
    }
    base = tokenized(tokenizer, student, settings.context).cut(settings.tokens)
    return Pairs(chosen[0], chosen[1], base, counts, notes)


def _spaced(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many, evenly spaced."""
    count = min(most, len(pairs))
    return [pairs[index * len(pairs) // count] for index in range(count)]
