"""Two given texts, one by people and one by a model, compared without a study.

A judge that saw neither reads both: it is trained on human documents that are not compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from fraction_lab.analysis import LEAST, Analysis, analyse
from fraction_lab.settings import Settings
from study_lab.study import Study
from study_lab.texts import CHARACTERS, Text, Texts, by_domain, tokenized
from tqdm import tqdm

from collapse_sim.language import corpus
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Document
from collapse_sim.language.tokenizer import train_tokenizer
from collapse_sim.run_directory import RunDirectory

JUDGED = 0.5
"""Share of the human text that is compared; the judge is trained on the rest."""


@dataclass(frozen=True, eq=False)
class Files:
    """What the judge is trained on, and as many blocks of either text in each domain."""

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

    Where both are JSONL with domains, only those in common are read; there are as many blocks of
    either text in each, or over all where there are no domains, and at most `settings.tokens`
    tokens. Raises ValueError for what cannot be read, for no domain in common, a single human
    document, and less than 4 blocks.
    """
    human, synthetic = _common(settings)
    characters = CHARACTERS * settings.tokens
    judge, human = corpus.split(corpus.take(human, 2 * characters), JUDGED)
    if not human:
        raise ValueError(
            f"--human {settings.human}: has one document: accepted are at least two, one of them "
            "for the judge"
        )
    tokenizer = train_tokenizer(judge, settings.vocabulary)
    read = tokenized(tokenizer, judge, settings.context).cut(settings.tokens)
    sources = {
        name: {"source": source, "digest": corpus.digest(documents)}
        for name, source, documents in (
            ("judge", settings.human, judge),
            ("human", settings.human, human),
            ("synthetic", settings.synthetic, synthetic),
        )
    }
    texts = Texts({"judge": read}, {}, tokenizer, sources)
    pair = _matched(texts, human, corpus.take(synthetic, characters), settings)
    return Files(texts, *pair)


def _common(settings: Settings) -> tuple[list[Document], list[Document]]:
    """Documents of both texts in their common domains, or all of them in one domain."""
    human, synthetic = _read("human", settings.human), _read("synthetic", settings.synthetic)
    own, others = _domains(settings.human, human), _domains(settings.synthetic, synthetic)
    if not (own and others):
        return [replace(d, domain="") for d in human], [replace(d, domain="") for d in synthetic]
    common = own & others
    if not common:
        raise ValueError(
            f"--synthetic {settings.synthetic}: has the domains {', '.join(sorted(others))}: "
            f"accepted are some of those of --human, {', '.join(sorted(own))}"
        )
    return [d for d in human if d.domain in common], [d for d in synthetic if d.domain in common]


def _read(name: str, source: str | None) -> list[Document]:
    if source is None:
        raise ValueError(f"--{name}: missing: accepted are a corpus for --human and --synthetic")
    try:
        return corpus.read_corpus(source)
    except ValueError as error:
        raise ValueError(str(error).replace("--corpus", f"--{name}", 1)) from None


def _domains(source: str | None, documents: Sequence[Document]) -> set[str]:
    """The domains of JSONL; none where it has no `domain`, and they are the name of the file."""
    name = Path(str(source)).name.removesuffix(".gz")
    domains = {document.domain for document in documents}
    named = name.endswith(".jsonl") and domains != {name.removesuffix(".jsonl")}
    return domains if named else set()


def _matched(
    texts: Texts, human: Sequence[Document], synthetic: Sequence[Document], settings: Settings
) -> tuple[Text, Text]:
    """As many blocks of either text in each domain, every beginning with something of all."""
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
