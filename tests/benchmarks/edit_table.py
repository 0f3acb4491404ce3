"""How fast text is edited beside scoring it, and replacements beside the authors' Python loop.

    python tests/benchmarks/edit_table.py [--model smollm2] [--documents 8] [--length 512]

Documents are random tokens: what they cost does not depend on what they say, but random text has
hardly an eligible token; so the threshold is the one that makes a twentieth of the tokens
eligible, as real text has at 0.99. One run, alternating; medians over the rounds.
"""

import argparse
import resource
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.language.pretrained.edited import Document
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.sampling import Sampler, inverse_distribution
from tests.benchmarks.language_table import race

TOKENS, CANDIDATES, VOCABULARY = 65_536, 8, 49_152
ELIGIBLE = 0.05
LEAST_EDIT, LEAST_REPLACEMENTS = 0.95, 100


class Logprob(NamedTuple):
    """Of one candidate, as vLLM has it."""

    logprob: float


def prompt_log_probabilities() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidates of each token, their log-probabilities, and the token that stands there.

    That one is the first candidate, as vLLM lists it.
    """
    draw = np.random.default_rng(0)
    ids = np.stack([draw.choice(VOCABULARY, CANDIDATES, replace=False) for _ in range(TOKENS)])
    others = draw.dirichlet(np.ones(CANDIDATES), TOKENS)
    sure = draw.random(TOKENS) < ELIGIBLE
    top = np.where(sure, 0.995, 0.5)[:, None]
    law = np.concatenate([top, (1 - top) * others[:, 1:]], axis=1)
    return ids.astype(np.int32), np.log(law).astype(np.float32), ids[:, 0].astype(np.int32)


def loop(prompts: list[dict[int, Logprob]], tokens: list[int]) -> list[int]:
    """Replacements in the manner of the authors' script: `up_revise`, token by token."""
    final = []
    for prompt, token in zip(prompts, tokens, strict=True):
        scores = {key: value.logprob for key, value in prompt.items()}
        if np.exp(scores[token]) > 0.99:
            values = np.array(list(scores.values())) / 1.5
            e = np.exp(values - np.max(values))
            final.append(np.random.choice(list(scores), 1, p=e / e.sum(axis=0))[0])  # noqa: NPY002
        else:
            final.append(token)
    return final


@jax.jit
def drawn(key, ids, log_p):
    place = inverse_distribution(
        jax.random.uniform(key, ids.shape[:1]), Sampler(1.5).weights(log_p)
    )
    return jnp.take_along_axis(ids, place[:, None], axis=1)[:, 0]


def replaced(key, ids, log_p, tokens):
    """The same for all tokens at once, drawing the eligible ones alone as the editor does."""
    stands = log_p[:, 0]
    at = np.flatnonzero(stands > np.log(np.float32(0.99)))
    padded = np.pad(at, (0, -len(at) % 4096), mode="edge")
    out = tokens.copy()
    out[at] = np.asarray(drawn(key, ids[padded], log_p[padded]))[: len(at)]
    return out


def replacements() -> dict:
    ids, log_p, tokens = prompt_log_probabilities()
    prompts = [
        {int(i): Logprob(float(p)) for i, p in zip(*row, strict=True)}
        for row in zip(ids, log_p, strict=True)
    ]
    part = TOKENS // 16
    key = jax.random.key(0)
    return {
        "replacements": (
            lambda: [replaced(key, ids, log_p, tokens) for _ in range(50)],
            50 * TOKENS,
        ),
        "the authors' loop": (lambda: loop(prompts[:part], tokens[:part].tolist()), part),
    }


def passes(name: str, documents: int, length: int) -> dict:
    model = load(name)
    draw = np.random.default_rng(0)
    size = min(model.config.vocabulary, model.tokenizer.get_vocab_size())
    texts = [
        model.tokenizer.decode(draw.integers(size // 8, size // 2, length // 2).tolist())
        for _ in range(documents)
    ]
    given = [Document(str(i), text) for i, text in enumerate(texts)]
    tracing = Editor(model, trace=True, max_length=length)
    seen = [result.trace for result in tracing.edit(given)]
    chance = np.concatenate([trace.probability[1:] for trace in seen])
    editor = Editor(
        model, EditRule(threshold=float(np.quantile(chance, 1 - ELIGIBLE))), max_length=length
    )
    return {
        "score": (lambda: list(editor.score(given)), chance.size),
        "edit": (lambda: list(editor.edit(given)), chance.size),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Editing beside scoring and beside a loop.")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--length", type=int, default=512)
    options = parser.parse_args()
    speeds = race(replacements()) | race(passes(options.model, options.documents, options.length))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("| what | tokens/s | per CPU second | against | ratio | aim |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rival, aim in (
        ("score", None, None),
        ("edit", "score", LEAST_EDIT),
        ("the authors' loop", None, None),
        ("replacements", "the authors' loop", LEAST_REPLACEMENTS),
    ):
        mine = speeds[name]
        ratio = "" if rival is None else f"{mine.cpu / speeds[rival].cpu:.2f}"
        print(
            f"| {name} | {mine.wall:,.0f} | {mine.cpu:,.0f} | {rival or ''} | {ratio} | "
            f"{aim or ''} |"
        )
    print(f"\npeak memory {memory:.2f} GiB; the ratio is of tokens per CPU second")


if __name__ == "__main__":
    main()
