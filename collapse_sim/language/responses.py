"""Answers of a model to held-out prompts, and their distance from the answers people wrote."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Key
from tokenizers import Tokenizer

from collapse_sim.language.instructions import EncodedPairs
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.tokenizer import decode
from collapse_sim.language.training import Parameters


def respond(
    learner: LanguageLearner,
    keys: Key[Array, " seeds"],
    parameters: Parameters,
    tokenizer: Tokenizer,
    encoded: EncodedPairs,
) -> list[list[str]]:
    """For each seed the text of its response to each prompt, drawn by `learner.generation`.

    `Sampler(top_k=1)` there gives the most probable token every time.
    """
    prompts = encoded.blocks(len(keys))
    labels = np.asarray(learner.respond(keys, parameters, prompts).labels)
    return [
        [decode(tokenizer, block[given:]) for block, given in zip(own, starts, strict=True)]
        for own, starts in zip(labels, prompts.given, strict=True)
    ]


def exact_match(responses: Sequence[str], references: Sequence[str]) -> float:
    """Share of the responses that are their reference, white space around them apart."""
    pairs = zip(responses, references, strict=True)
    return float(np.mean([response.strip() == reference.strip() for response, reference in pairs]))


def chrf(responses: Sequence[str], references: Sequence[str]) -> float:
    """chrF of all responses together, from 0 to 100: agreement of their character 1- to 6-grams.

    Popović 2015, doi 10.18653/v1/W15-3049, as sacreBLEU computes it: F of beta = 2, counts of
    n-grams summed over the responses, white space left out.
    """
    return require_sacrebleu("chrF").corpus_chrf(responses, [references]).score


def require_sacrebleu(what: str) -> Any:
    """The package that chrF is computed by; raises ValueError where it is not installed."""
    try:
        import sacrebleu
    except ImportError:
        raise ValueError(
            f"{what}: needs sacrebleu, as in pip install 'collapse-sim[chrf]'"
        ) from None
    return sacrebleu


def evaluate(
    learner: LanguageLearner,
    keys: Key[Array, " seeds"],
    parameters: Parameters,
    tokenizer: Tokenizer,
    encoded: EncodedPairs,
) -> dict[str, Float[np.ndarray, " seeds"]]:
    """`exact_match`, `chrf` and `response_loss` of every seed, and `.../DOMAIN` of each domain.

    The loss is the mean over the tokens of the references, their ends of text with them, in nats.
    """
    texts = respond(learner, keys, parameters, tokenizer, encoded)
    scores = learner.score(parameters, np.asarray(encoded.blocks(len(keys)).labels))
    nats = -np.where(encoded.scored[:, 1:], scores, 0).sum(axis=2, dtype=np.float64)
    counts = encoded.scored.sum(axis=1)
    groups = {"": np.arange(len(encoded.pairs))}
    for domain in sorted({pair.domain for pair in encoded.pairs}):
        own = [index for index, pair in enumerate(encoded.pairs) if pair.domain == domain]
        groups[f"/{domain}"] = np.array(own)
    values = {}
    for place, chosen in groups.items():
        references = [encoded.pairs[index].response for index in chosen]
        responses = [[own[index] for index in chosen] for own in texts]
        for measure in (exact_match, chrf):
            found = np.array([measure(own, references) for own in responses])
            values[measure.__name__ + place] = found
        values[f"response_loss{place}"] = nats[:, chosen].sum(axis=1) / counts[chosen].sum()
    return values
