"""How fast SmolLM2 scores text, beside PyTorch's transformers computing the same numbers.

    pip install torch transformers accelerate
    python tests/benchmarks/pretrained_table.py [--rows 2] [--length 512]

Both read the same GGUF file in float32, and their heads work in slices of 256 rows. One run,
alternating; medians over the rounds. Compilation is excluded. PyTorch has one thread: of several,
those that wait for another on a busy machine spend CPU seconds on nothing.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.language.pretrained import smollm2
from collapse_sim.language.pretrained.decoder import score
from collapse_sim.language.pretrained.load import load
from tests.benchmarks.language_table import race

SLICE = 256
AIM = 1.0


def ours(tokens: np.ndarray) -> Callable[[], np.ndarray]:
    model, lengths = load(smollm2.NAME), jnp.full(len(tokens), tokens.shape[1])
    given = jnp.asarray(tokens)
    return lambda: np.asarray(score(model.parameters, given, lengths, config=model.config))


def theirs(tokens: np.ndarray) -> Callable[[], np.ndarray]:
    import torch
    import transformers

    torch.set_num_threads(1)
    file = smollm2.weights()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    ).eval()
    given = torch.tensor(tokens.astype(np.int64))
    targets = given[:, 1:].reshape(-1)

    @torch.inference_mode()
    def run() -> np.ndarray:
        hidden = model.model(given, use_cache=False).last_hidden_state[:, :-1]
        hidden = hidden.reshape(len(targets), -1)
        parts = [
            torch.log_softmax(model.lm_head(hidden[at : at + SLICE]), -1).gather(
                1, targets[at : at + SLICE, None]
            )
            for at in range(0, len(targets), SLICE)
        ]
        return torch.cat(parts).reshape(len(tokens), -1).numpy()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description="SmolLM2's scoring beside transformers'.")
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--length", type=int, default=512)
    options = parser.parse_args()
    draw = np.random.default_rng(0)
    tokens = draw.integers(100, 40_000, (options.rows, options.length)).astype(np.int32)
    mine, rival = ours(tokens), theirs(tokens)
    np.testing.assert_allclose(mine(), rival(), atol=2e-3)  # random text: far from 0 nats
    speeds = race({"score": (mine, tokens.size), "transformers": (rival, tokens.size)})
    print("| what | tokens/s | per CPU second | against | ratio | aim |")
    print("| --- | --- | --- | --- | --- | --- |")
    ratio = speeds["score"].cpu / speeds["transformers"].cpu
    beside = {"transformers": ("", "", ""), "score": ("transformers", f"{ratio:.2f}", AIM)}
    for name, cells in beside.items():
        wall, cpu = speeds[name]
        print(f"| {name} | {wall:,.0f} | {cpu:,.0f} | {' | '.join(map(str, cells))} |")
    print(f"\n{options.rows} x {options.length} tokens; the ratio is of tokens per CPU second")


if __name__ == "__main__":
    main()
