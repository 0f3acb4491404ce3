"""Two given texts, one by people and one by a model, compared without a study.

A judge that saw neither reads both: it is trained on human documents that are not compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from collapse_sim.language import corpus
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Corpus, Document, read_corpus
from collapse_sim.language.tokenizer import train_tokenizer
from collapse_sim.run_directory import RunDirectory
from experiments.fraction.analysis import LEAST, Analysis, analyse
from experiments.fraction.settings import Settings
from experiments.study.study import Study
from experiments.study.texts import CHARACTERS, Text, Texts, by_domain, tokenized

JUDGED = 0.5
"""Share of the human text that is compared; the judge is trained on the rest."""


@dataclass(frozen=True, eq=False)
class Files:
    """The judge's training text, and as many blocks of either text in each domain."""

    texts: Texts
    human: Text
    synthetic: Text


def compare_files(settings: Settings, files: Files, run: RunDirectory, bar: tqdm) -> Analysis:
    """Train a judge for every seed, and analyse both texts block by block.

    Perplexities are geometric means over the judges.
    """
    study = Study(settings, files.texts, run, bar)
    bar.total = study.tokens_of_a_fit
    learner = study.learner()
    judge = study.fit("judge", "judge", learner, study.human("judge"))
    human, synthetic = files.human, files.synthetic
    perplexities = (
        np.exp(study.block_losses(learner, judge, Blocks.of(text.blocks, settings.seeds)))
        for text in (human, synthetic)
    )
    return analyse(
        files.texts.written(human.blocks),
        files.texts.written(synthetic.blocks),
        *perplexities,
        seed=settings.seed,
        tokens=(human.blocks, synthetic.blocks),
        clusters=(human.documents, synthetic.documents),
        vocabulary=files.texts.vocabulary,
    )


def read_files(settings: Settings) -> Files:
    """Read --human and --synthetic, set the judge's documents aside, and cut the rest into blocks.

    Where rows of both have domains, only those in common are read; there are as many blocks of
    either text in each, or over all where there are no domains, and at most `settings.tokens`
    tokens. Raises ValueError for what cannot be read, for no domain in common, a single human
    document, and less than 4 blocks.
    """
    read = [_read(name, getattr(settings, name)) for name in ("human", "synthetic")]
    human, synthetic = _common(settings, *read)
    characters = CHARACTERS * settings.tokens
    judge, human = corpus.split(corpus.take(human, 2 * characters), JUDGED)
    if not human:
        raise ValueError(
            f"--human {settings.human}: has one document: accepted are at least two, one of them "
            "for the judge"
        )
    tokenizer = train_tokenizer(judge, settings.vocabulary)
    judged = tokenized(tokenizer, judge, settings.context).cut(settings.tokens)
    sources = {
        name: {"source": source, "digest": corpus.digest(documents)}
        for name, source, documents in (
            ("judge", settings.human, judge),
            ("human", settings.human, human),
            ("synthetic", settings.synthetic, synthetic),
        )
    }
    notes = tuple(corpus.note for corpus in read)
    texts = Texts({"judge": judged}, {}, tokenizer, sources, notes)
    # What a model writes again and again is a fault that is measured.
    synthetic = corpus.take(synthetic, characters, repeated=True)
    pair = _matched(texts, human, synthetic, settings)
    return Files(texts, *pair)


def _common(
    settings: Settings, human: Corpus, synthetic: Corpus
) -> tuple[list[Document], list[Document]]:
    """Documents of both texts in their common domains, or all of them in one domain."""
    if not (human.is_labelled and synthetic.is_labelled):
        first, second = (
            [replace(document, domain="") for document in text.documents]
            for text in (human, synthetic)
        )
        return first, second
    own, others = ({document.domain for document in text.documents} for text in (human, synthetic))
    common = own & others
    if not common:
        raise ValueError(
            f"--synthetic {settings.synthetic}: has the domains {', '.join(sorted(others))}: "
            f"accepted are some of those of --human, {', '.join(sorted(own))}"
        )
    first, second = (
        [document for document in text.documents if document.domain in common]
        for text in (human, synthetic)
    )
    return first, second


def _read(name: str, source: str | None) -> Corpus:
    if source is None:
        raise ValueError(f"--{name}: missing: accepted are a corpus for --human and --synthetic")
    return read_corpus(source, f"--{name}")


def _matched(
    texts: Texts, human: Sequence[Document], synthetic: Sequence[Document], settings: Settings
) -> tuple[Text, Text]:
    """Equal numbers of blocks of either text in each domain; each part has something of all."""
    own, others = (by_domain(texts.tokenizer, d, settings.context) for d in (human, synthetic))
    pairs, places = [], [np.empty(0)]
    for domain in sorted(own.keys() & others.keys()):
        count = min(len(own[domain].blocks), len(others[domain].blocks))
        pairs.append([text[domain].cut(count * settings.context) for text in (own, others)])
        places.append((np.arange(count) + 0.5) / count)
    order = np.argsort(np.concatenate(places), kind="stable")
    common = min(len(order), settings.tokens // settings.context)
    if common < LEAST:
        raise ValueError(
            f"--human {settings.human}, --synthetic {settings.synthetic}: {common} blocks of "
            f"{settings.context} tokens in common: accepted are at least {LEAST}"
        )
    first, second = (Text.joined(parts).at(order) for parts in zip(*pairs, strict=True))
    return first.cut(settings.tokens), second.cut(settings.tokens)
