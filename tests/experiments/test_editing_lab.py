"""The parts of token_editing.py against laws known without them."""

import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.editing import Edit
from collapse_sim.experiment.decide import chain_rows, decide
from collapse_sim.language import standard_library
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Document
from collapse_sim.language.fitting import token_progress
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.run_directory import RunDirectory
from experiments.editing.corpora import Corpora, make_corpora
from experiments.editing.evidence import Difference, differences, make_processes
from experiments.editing.settings import PRESETS
from experiments.editing.tables import Prior, train_prior
from experiments.study import study
from experiments.study.study import Study
from experiments.study.texts import Text, Texts
from theory.claims import ledger
from theory.language.token_laws import replacement_law

SETTINGS = replace(
    PRESETS["tiny"], vocabulary=270, context=32, tokens=1536, prior_tokens=3072, prior_epochs=4.0,
    batch=8, edit_above=0.2, stages=("finetune",), answers=5,
)  # fmt: skip
SPREAD = np.array([-1e-3, 0, 1e-3])
"""Of seeds: equal ones tell nothing."""

DRAWS, SIGMAS = 40, 5.0
"""Two-sided, a normal deviate lies beyond 5 with a chance of 6e-7."""


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Corpora:
    rng = np.random.default_rng(1)
    words = "data model loss text token human edit pass".split()
    lines = [" ".join(str(word) for word in rng.choice(words, 6)) for _ in range(20)]
    texts = [". ".join(lines[i] for i in rng.integers(0, 20, 12)) for _ in range(60)]
    pairs = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    pairs.write_text(
        "\n".join(f'{{"prompt": "{i} data", "response": "model {i} loss"}}' for i in range(60))
    )
    settings = replace(SETTINGS, pairs=str(pairs))
    return make_corpora(settings, [Document(text, "x") for text in texts])


@pytest.fixture(scope="module")
def prior(corpora, tmp_path_factory) -> Prior:
    run = RunDirectory.open(tmp_path_factory.mktemp("run"), {"parameters": {}}, resume=False)
    with pytest.MonkeyPatch.context() as patch:
        meshed = lambda seeds, **_: make_mesh(seeds, jax.devices()[:2])  # noqa: E731
        patch.setattr(study, "make_mesh", meshed)
        bar = token_progress(1)
        yield train_prior(Study(SETTINGS, corpora.texts, run, bar), SETTINGS)


@pytest.fixture(scope="module")
def human(corpora) -> Blocks:
    return Blocks.of(corpora.texts.roles["student"].blocks, SETTINGS.seeds)


def laws(prior: Prior, data: Blocks) -> np.ndarray:
    """The prior's law of every token but the first, (seeds, blocks, time - 1, vocabulary)."""
    tokens, found = np.asarray(data.labels[0]), []
    for seed in range(SETTINGS.seeds):
        own = jax.tree.map(
            lambda x, seed=seed: jnp.asarray(jax.device_get(x)[seed]), prior.parameters
        )
        model = prior.learner.config.model(own)
        logits = np.asarray(model.logits(model(jnp.asarray(tokens))), np.float64)
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        law = weights / weights.sum(axis=-1, keepdims=True)
        found.append(law.reshape(*tokens.shape, -1)[:, :-1])
    return np.stack(found)


@pytest.fixture(scope="module")
def law(prior, human) -> np.ndarray:
    return laws(prior, human)


@pytest.mark.parametrize("sampler", [Sampler(), Sampler(1.5), Sampler(1.5, top_k=8)])
def test_a_token_that_is_edited_changes_as_the_law_says(sampler, prior, human, law):
    """Each with probability 1 - P~(token), apart from all others; 40 draws for every token."""
    labels = np.asarray(human.labels)
    own = np.take_along_axis(law, labels[:, :, 1:, None], -1)[..., 0]
    after_end = labels[:, :, :-1] == 0
    eligible = (own >= SETTINGS.edit_above) & ~after_end
    truncated = {"temperature": sampler.temperature, "top_k": sampler.top_k}
    kept = np.array(
        [
            replacement_law(prior=p, **truncated)[token]
            for p, token in zip(law[eligible], labels[:, :, 1:][eligible], strict=True)
        ]
    )
    changed = []
    for number in range(1, DRAWS + 1):
        step = prior.step(Edit.of(prior.rule, "anchored"), sampler, human, human, number)
        mask = np.asarray(step.memory)[:, :, 1:]
        assert (mask != eligible).sum() <= 2  # probabilities at the threshold, but for rounding
        changed.append((np.asarray(step.data.labels) != labels)[:, :, 1:][eligible].sum())
    expected = DRAWS * (1 - kept).sum()
    error = np.sqrt(DRAWS * (kept * (1 - kept)).sum())
    assert abs(np.sum(changed) - expected) < SIGMAS * error
    assert SIGMAS * error < 0.02 * expected  # the test sees 2 %


def test_only_responses_are_edited(prior, corpora):
    assert corpora.pairs is not None
    data = corpora.pairs.train.blocks(SETTINGS.seeds)
    after, found = prior.edited(data)
    different = np.asarray(after.labels) != np.asarray(data.labels)
    assert different.any() and not (different & ~np.asarray(data.scored)).any()
    np.testing.assert_array_equal(after.scored, data.scored)
    np.testing.assert_allclose(found.changed, different.mean(axis=(1, 2)))


# Text


PACKAGES = {"asyncio", "ctypes", "email", "http", "importlib", "logging", "unittest", "xml"}


def test_no_response_is_in_the_text_of_prior_or_base_nor_on_both_sides(monkeypatch):
    """Signatures of some of Python's library, of whose docstrings the prior has read a half."""
    modules = standard_library.modules_below(standard_library.LIBRARY)
    few = [module for module in modules if module[0].partition(".")[0] in PACKAGES]
    monkeypatch.setattr(standard_library, "modules_below", lambda folder: few)
    settings = replace(PRESETS["tiny"], stages=("finetune",), context=96)
    corpora = make_corpora(settings)
    assert corpora.pairs is not None
    counts, sides = corpora.pairs.counts, (corpora.pairs.train, corpora.pairs.held_out)
    assert counts["in_the_corpus"] > 20
    train, held = ({pair.response for pair in side.pairs} for side in sides)
    assert len(held) > 10 and not train & held
    read = [
        "".join(corpora.texts.written(blocks))
        for blocks in (corpora.texts.roles["prior"].blocks, corpora.pairs.base.blocks)
    ]
    assert not any(response in text for response in train | held for text in read)


@pytest.fixture(scope="module")
def numbered() -> list[Document]:
    """In each domain numbers of its own, repeated: every token tells its document."""
    return [
        Document(f" {domain}{number}" * 30, domain) for domain in "ab" for number in range(100, 160)
    ]


def found_in(corpora: Corpora, text: Text) -> set[str]:
    """The documents of which something is in a text."""
    return set(re.findall(r"(?<= )[ab]\d{3}(?= )", "|".join(corpora.texts.written(text.blocks))))


def test_roles_and_held_out_text_share_no_document(numbered):
    settings = replace(SETTINGS, stages=("continual",), first_domain="b", second_domain="a")
    corpora = make_corpora(settings, numbered)
    roles = {name: found_in(corpora, text) for name, text in corpora.texts.roles.items()}
    held = {name: found_in(corpora, text) for name, text in corpora.texts.held_out.items()}
    assert set(held) == {"a", "b"}
    for domain, own in held.items():
        assert own and {name[0] for name in own} == {domain}
        assert not own & (roles["student"] | roles["prior"])
    assert min(map(len, roles.values())) > 5 and not roles["student"] & roles["prior"]
    assert list(corpora.domains) == ["b", "a"]
    for domain, text in corpora.domains.items():
        own = found_in(corpora, text)
        assert len(own) > 5 and {name[0] for name in own} == {domain}
        assert not own & (roles["prior"] | held[domain])
    sizes = [
        text.blocks.size for text in (*corpora.domains.values(), *corpora.texts.roles.values())
    ]
    assert max(sizes[:3]) <= settings.tokens and sizes[3] <= settings.prior_tokens


def test_text_that_holds_no_block_in_any_domain_is_refused(numbered):
    few = [Document(document.text[:20], document.text[:4]) for document in numbered]
    with pytest.raises(ValueError, match="--context 32 tokens in one domain"):
        make_corpora(replace(SETTINGS, stages=()), few)


# Differences


MIXED = "no difference larger than 0.9 nats, better in 5 of 6 seeds"


@pytest.mark.parametrize(
    ("edited", "words"),
    [
        ([0.9, 0.8, 0.88, 0.1, 0.999, 0.2], "better in all 6 seeds"),
        ([1.1, 1.2, 1.12, 9.0, 1.001, 1.4], "worse in all 6 seeds"),
        (
            [0.9, 0.8, 0.88, 0.1, 1.001, 0.2],
            MIXED,
        ),
        (
            [0.9, 0.8, 0.88, 0.1, 1.0, 0.2],
            MIXED,
        ),
        ([1.0] * 6, "no difference larger than 0 nats, better in 0 of 6 seeds"),
        # Five seeds agree by chance once in sixteen times.
        ([0.9, 0.8, 0.88, 0.1, 0.2], "no difference shown, better in 5 of 5 seeds"),
    ],
)
def test_differences_in_words(edited, words):
    found = Difference("pretrain", "edited", "loss", np.ones(len(edited)), np.array(edited))
    assert found.words == words


def test_continued_training_is_compared_on_both_domains(corpora, tmp_path):
    """Forgetting is the loss on the first domain after minus before."""
    settings = replace(SETTINGS, first_domain="a", second_domain="b", seeds=3)

    def values(a: float, b: float) -> dict[str, np.ndarray]:
        seeds = np.array([[0.0], [0.1], [0.2]])
        scores = {f"scores/{name}": seeds + [x, x + 1] for name, x in (("a", a), ("b", b))}
        return scores | {"changed": np.full(3, 0.1), "eligible": np.full(3, 0.1)}

    arms = {"base": values(1, 5), "unedited": values(2, 3), "edited": values(2.5, 2.75)}
    learnt, forgotten = differences(settings, {"continual": arms})
    assert (learnt.measure, forgotten.measure) == ("loss on b", "forgetting of a")
    np.testing.assert_allclose(learnt.unedited, [3.5, 3.6, 3.7])
    np.testing.assert_allclose(learnt.values, -0.25)
    np.testing.assert_allclose(forgotten.unedited, 1)
    np.testing.assert_allclose(forgotten.values, 0.5)
    table = {
        "human": {"last_tenth_rise": np.full(3, 0.17) + SPREAD},
        "chained": {"eligible": 0.3 / np.array([[1.0, 2.0, 3.0]]) + SPREAD[:, None]},
    }
    text = Text(np.zeros((2, 4), np.int32), np.array([0, 1]))
    texts = Texts({}, {"a": text, "b": text}, corpora.texts.tokenizer, {})
    made = Study(settings, texts, RunDirectory(tmp_path), token_progress(1))
    decided = [
        decide(make_processes(made, settings, table, arms_), ledger())
        for arms_ in ({}, {"continual": arms})
    ]
    observed = [[(v.claim, v.observed) for v in verdicts] for _, verdicts in decided]
    assert observed[0] == [
        ("zhu2025.ushape", pytest.approx(0.17)),
        ("zhu2025.edited_share", pytest.approx(-0.15)),
        ("zhu2025.edited_share", pytest.approx(-0.05)),
    ]
    assert observed[1] == [*observed[0], ("zhu2025.edit_continual", pytest.approx(-0.25))]
    rows = {row[:5]: row[7] for row in chain_rows(decided[1][0])}
    assert rows["continual", "edited - unedited", "", "", "forgetting of a"] == pytest.approx(0.5)
    assert rows["continual", "edited", "", "", "held_out_loss/a"] == pytest.approx(3.1)


def test_nothing_is_claimed_of_edits_that_touch_no_token(corpora, tmp_path):
    settings = replace(SETTINGS, seeds=3)
    texts = replace(corpora.texts, held_out={})
    made = Study(settings, texts, RunDirectory(tmp_path), token_progress(1))
    untouched = {"eligible": np.zeros(3), "changed": np.zeros(3), "held_out_loss": SPREAD}
    table = {
        "human": {"last_tenth_rise": SPREAD},
        "chained": {"eligible": np.zeros((3, 3))},
    }
    arms = {"pretrain": {"unedited": {"held_out_loss": SPREAD}, "edited": untouched}}
    processes = make_processes(made, settings, table, arms)
    claims = [check.claim for process in processes for check in process.checks]
    assert claims == ["zhu2025.ushape"]
