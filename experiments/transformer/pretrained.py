"""Human text in the tokens of a pretrained model, and that model for a learner to fine-tune."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Key

from collapse_sim.hosts import one_of_each
from collapse_sim.language import corpus
from collapse_sim.language.human_text import HumanText
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.pretrained.fine_tuned import FineTuned
from collapse_sim.language.pretrained.load import Pretrained, load
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Parameters
from experiments.command_line import in_flags
from experiments.transformer.settings import Settings

HELD_OUT = 0.1
CHARACTERS = 2**22
"""Most characters that are read and cut into tokens."""
PARTS = 16
"""Parts of the held-out text by which models are compared."""
ROWS = 64
"""Blocks that are generated or scored at once."""
BETWEEN = "\n\n"
"""Documents stand one after the other, as the published code has it, with a blank line between."""

Documents = list[corpus.Document]


def load_base(settings: Settings) -> Pretrained:
    """The model that --base names; raises ValueError, in one line, where there is none."""
    base = settings.base or ""
    with in_flags("--base", "model", base):
        model = load(base, dtype=jnp.float32)
    most = model.config.context - settings.prompt
    if settings.context > most:
        settings.reject("context", f"accepted are at most {most}, the context less --prompt")
    least = PARTS * settings.context
    if settings.held_out < least:
        settings.reject("held_out", f"accepted are at least {least}, {PARTS} blocks of --context")
    if settings.fine_tune == "lora" and settings.rank >= model.config.width:
        settings.reject("rank", f"accepted are integers from 1 to {model.config.width - 1}")
    return model


def human_text(
    settings: Settings, documents: Documents, model: Pretrained
) -> tuple[HumanText, dict[str, Any]]:
    """Blocks of human text, with the tokens before each, and their source.

    Training and held-out blocks are of different documents and evenly spaced over them. Raises
    ValueError for a corpus that does not give a block of each.
    """
    train, held_out = corpus.split(corpus.take(documents, CHARACTERS), HELD_OUT)
    time, prompt = settings.context, settings.prompt
    spans = _spread(_blocks(settings, model, train, time, prompt), settings.tokens // time)
    held = _spread(_blocks(settings, model, held_out, time, 0), settings.held_out // time)
    if len(held) < PARTS:
        raise ValueError(
            f"--corpus {settings.corpus}: {len(held_out)} held-out documents have {len(held)} "
            f"blocks of {time} tokens, accepted are at least {PARTS}"
        )
    text = HumanText(spans[:, prompt:], {"text": held}, before=spans[:, :prompt])
    digests = {"train": corpus.digest(train), "held_out": corpus.digest(held_out)}
    tokens = {"train": int(text.train.size), "held_out": int(held.size)}
    about = {"base": settings.base, "digest": model.digest, "digests": digests, "tokens": tokens}
    return text, about


def _blocks(
    settings: Settings, model: Pretrained, documents: Documents, time: int, prompt: int
) -> np.ndarray:
    """Successive blocks of `time` tokens, each with the `prompt` tokens before it."""
    (tokens,) = model.encode([BETWEEN.join(document.text for document in documents)])
    if len(tokens) < time + prompt:
        raise ValueError(
            f"--corpus {settings.corpus}: {len(documents)} documents have {len(tokens)} tokens: "
            f"accepted are at least {time + prompt}, of those to train on and of those held out"
        )
    starts = time * np.arange((len(tokens) - prompt) // time)
    return tokens[starts[:, None] + np.arange(prompt + time)]


def _spread(blocks: np.ndarray, count: int) -> np.ndarray:
    """At most `count` blocks, evenly over all."""
    count = min(max(count, 1), len(blocks))
    return blocks[np.arange(count) * len(blocks) // count]


def fine_tuned(
    settings: Settings, model: Pretrained, devices: list | None
) -> tuple[FineTuned, Mesh]:
    """The trained model and the devices, which share each batch.

    On CPUs, unless devices are named, the cores of a host share one model, else each had a copy,
    and hosts share the seeds: what is computed of a seed is the same however many they are.
    """
    on_cpu = jax.default_backend() == "cpu"
    if on_cpu and devices is None:
        mesh = make_mesh(settings.seeds, one_of_each(), batch=1)
    else:
        mesh = make_mesh(1, devices, batch=settings.batch)
    rank = settings.rank if settings.fine_tune == "lora" else 0
    dtype = jnp.float32 if on_cpu else jnp.bfloat16
    return FineTuned.of(model, rank=rank, mesh=mesh, dtype=dtype), mesh


def base_parameters(learner: LanguageLearner, keys: Key[Array, " seeds"]) -> Parameters:
    """The pretrained model itself, for every seed: it writes the edits that are frozen."""
    return learner.start(keys).parameters
