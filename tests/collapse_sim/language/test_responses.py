"""Responses: each is what its prompt alone would give, and the scores are what they say."""

from dataclasses import replace
from itertools import product

import jax
import numpy as np
import pytest

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Document
from collapse_sim.language.instructions import EncodedPairs, Pair, encode_pairs
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.responses import chrf, evaluate, exact_match, respond
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.tokenizer import BASE, decode, train_tokenizer
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig
from tests.collapse_sim.language.scores import scores

SEEDS, TIME = 2, 9
CONFIG = TransformerConfig(BASE, TIME, 1, 2, 32)
BYTES = train_tokenizer([Document("text", "")], BASE)
INITIAL, ORDER, DRAWS = (jax.random.split(jax.random.key(at), SEEDS) for at in range(3))
WORDS = ["".join(word) for length in (1, 2, 3) for word in product("abcd", repeat=length)]


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    return LanguageLearner(
        CONFIG, Training(300, 16, peak_rate=1e-2), make_mesh(SEEDS, jax.devices()[:1]), rows=16
    )


@pytest.fixture(scope="module")
def pairs() -> tuple[EncodedPairs, EncodedPairs]:
    """Train and held out: the response is the last letter of the prompt, twice."""
    every = [Pair(word, 2 * word[-1], f"{len(word)} letters") for word in WORDS]
    # Not `split`, which would hold out all prompts of one response.
    train, held_out = [pair for i, pair in enumerate(every) if i % 5], every[::5]
    return encode_pairs(BYTES, train, TIME), encode_pairs(BYTES, held_out, TIME)


@pytest.fixture(scope="module")
def parameters(learner, pairs):
    """After a fit to the responses alone."""
    data = pairs[0].blocks(SEEDS)
    *_, last = learner.train(ORDER, data, learner.start(INITIAL), steps=300)
    return last.state.parameters


@pytest.fixture(scope="module")
def unsure(learner):
    """Of models that often end a text."""
    fresh = learner.start(INITIAL).parameters
    return jax.tree.map(lambda x: x * 12 if x.ndim > 2 else x, fresh)


# What is written


def test_a_model_learns_to_respond(learner, pairs, parameters):
    """To prompts it has not seen, of three lengths in one batch."""
    greedy = replace(learner, generation=Sampler(top_k=1))
    values = evaluate(greedy, DRAWS, parameters, BYTES, pairs[1])
    assert (values["exact_match"] > 0.9).all() and (values["chrf"] > 90).all()
    assert (values["response_loss"] < 0.3).all()


def test_a_response_is_what_its_prompt_alone_would_give(learner, pairs, unsure):
    """Rows of one length through `generate`, whose prompts are all as long."""
    data = pairs[0].blocks(SEEDS)
    made = learner.respond(DRAWS, unsure, data)
    for length in (2, 4):
        alike = replace(learner, prompt=int(length), end_of_text=None)
        free = np.asarray(alike.generate(DRAWS, unsure, Blocks(data.labels)).labels)
        ended = np.zeros(free.shape, bool)
        answered = np.arange(TIME) >= length
        ended[:, :, 1:] = np.cumsum((free == 0) & answered, axis=2)[:, :, :-1] > 0
        rows = data.given == length
        np.testing.assert_array_equal(made.labels[rows], np.where(ended, 0, free)[rows])
        np.testing.assert_array_equal(made.scored[rows], (answered & ~ended)[rows])
    assert len(np.unique(data.given)) == 3
    assert len(np.unique(made.scored.sum(axis=2))) >= 4  # responses of many lengths


def test_responses_do_not_depend_on_batches_devices_or_references(learner, pairs, unsure):
    data = pairs[0].blocks(SEEDS)
    expected = learner.respond(DRAWS, unsure, data)
    other = Blocks(np.where(data.scored, 7, data.labels), data.scored)
    spread = replace(learner, mesh=make_mesh(SEEDS, jax.devices()[:8]))
    for one, blocks in ((replace(learner, rows=100), data), (learner, other), (spread, data)):
        placed = one.start_from(INITIAL, unsure).parameters
        found = one.respond(DRAWS, placed, blocks)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.scored, expected.scored)


def test_texts_have_neither_prompt_nor_end(learner, pairs, unsure):
    encoded = pairs[1]
    labels = np.asarray(learner.respond(DRAWS, unsure, encoded.blocks(SEEDS)).labels)
    texts = respond(learner, DRAWS, unsure, BYTES, encoded)
    for own, blocks in zip(texts, labels, strict=True):
        for text, block, pair in zip(own, blocks, encoded.pairs, strict=True):
            assert decode(BYTES, block[: len(pair.prompt) + 1]) == pair.prompt + "\n"
            response = block[len(pair.prompt) + 1 :].tolist()
            kept = response[: response.index(0)] if 0 in response else response
            assert text == BYTES.decode(kept)
    assert texts[0] != texts[1]


def test_each_kind_of_data_has_its_own_verb(learner, pairs, unsure):
    data = pairs[1].blocks(SEEDS)
    with pytest.raises(ValueError, match="^scored: accepted are blocks without; `respond` writes"):
        learner.generate(DRAWS, unsure, data)
    with pytest.raises(ValueError, match="^scored=None: accepted are blocks that say"):
        learner.respond(DRAWS, unsure, Blocks(data.labels))


# Scores


def test_exact_match_is_a_share():
    assert exact_match(["a b", " c\n", "D", "ef"], ["a b", "c", "d", "e f"]) == 0.5
    with pytest.raises(ValueError):
        exact_match(["a"], ["a", "b"])


@pytest.mark.parametrize(
    ("responses", "references", "precisions", "recalls"),
    [
        (["abc"], ["abd"], [2 / 3, 1 / 2, 0], [2 / 3, 1 / 2, 0]),
        (["ab"], ["abcd"], [1, 1], [2 / 4, 1 / 3]),
        (["a b"], ["ab cd"], [1, 1], [2 / 4, 1 / 3]),
        (["ab", "abd"], ["abcd", "abc"], [4 / 5, 2 / 3, 0], [4 / 7, 2 / 5, 0]),
        (["same text"], ["same text"], [1] * 6, [1] * 6),
    ],
)
def test_chrf_is_f_2_of_the_mean_precision_and_recall(responses, references, precisions, recalls):
    """Of character n-grams by hand, up to the longest that both have."""
    precision, recall = np.mean(precisions), np.mean(recalls)
    expected = 100 * 5 * precision * recall / (4 * precision + recall)
    assert chrf(responses, references) == pytest.approx(expected, rel=1e-6)


def test_nothing_in_common_is_a_chrf_of_zero():
    assert chrf(["abc"], ["xyz"]) == 0
    assert chrf([""], ["xyz"]) == 0


def test_values_are_those_of_the_pairs_of_each_domain(learner, pairs, unsure):
    longer = [replace(pair, response=pair.prompt) for pair in pairs[1].pairs]
    encoded = encode_pairs(BYTES, longer, TIME)
    assert len({len(pair.response) for pair in longer}) == 3
    values = evaluate(learner, DRAWS, unsure, BYTES, encoded)
    texts = respond(learner, DRAWS, unsure, BYTES, encoded)
    domains = sorted({pair.domain for pair in encoded.pairs})
    assert len(domains) >= 2
    measures = ("exact_match", "chrf", "response_loss")
    groups = ["", *(f"/{domain}" for domain in domains)]
    assert set(values) == {name + group for name in measures for group in groups}
    for seed in range(SEEDS):
        own = jax.tree.map(lambda x, seed=seed: x[seed], unsure)
        found = np.asarray(scores(CONFIG, own, encoded.tokens))
        for group in groups:
            chosen = [
                i for i, pair in enumerate(encoded.pairs) if pair.domain in group or not group
            ]
            responses = [texts[seed][i] for i in chosen]
            references = [encoded.pairs[i].response for i in chosen]
            nats = [
                -float(found[i, at])
                for i in chosen
                for start in [len(encoded.pairs[i].prompt)]  # of the separator, the first context
                for at in range(start, start + len(encoded.pairs[i].response) + 1)
            ]
            expected = exact_match(responses, references), chrf(responses, references)
            assert values["exact_match" + group][seed] == expected[0]
            assert values["chrf" + group][seed] == pytest.approx(expected[1])
            assert values["response_loss" + group][seed] == pytest.approx(np.mean(nats), rel=1e-4)
