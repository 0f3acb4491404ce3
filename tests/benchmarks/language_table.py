"""How fast the language model trains, samples and edits, side by side with PyTorch.

    pip install torch
    python tests/benchmarks/language_table.py [--size 0.9m] [--context 128] [--batch 32] [--record]

One run, alternating; medians over the rounds. Ours trains one seed on each core (two models at
once); PyTorch trains one model with a thread for each core. Compilation is excluded.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig
from experiments.devices import cores
from tests.benchmarks.machine import SIZE, Machine, peak
from tests.benchmarks.records import Ratio, Record

CORES = cores()
ROUNDS = 5
STEPS = 8


class Speed(NamedTuple):
    """Tokens a second of wall time, and a second of CPU time."""

    wall: float
    cpu: float


def race(runs: dict[str, tuple[Callable[[], object], int]]) -> dict[str, Speed]:
    """Medians over alternating rounds; a run handles so many tokens."""
    found: dict[str, list[Speed]] = {name: [] for name in runs}
    for run, _ in runs.values():
        run()
    for _ in range(ROUNDS):
        for name, (run, tokens) in runs.items():
            wall, cpu = time.perf_counter(), _cpu()
            run()
            found[name].append(
                Speed(tokens / (time.perf_counter() - wall), tokens / (_cpu() - cpu))
            )
    return {
        name: Speed(*(statistics.median(column) for column in zip(*speeds, strict=True)))
        for name, speeds in found.items()
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def flops_of_training(config: TransformerConfig) -> float:
    """Of one token: six for each weight, and the products of attention."""
    weights = config.layers * (4 * config.width**2 + 2 * config.width * config.inner)
    weights += config.vocabulary * config.width
    return 6 * weights + 12 * config.layers * config.width * config.context


def ours(config: TransformerConfig, batch: int) -> dict[str, tuple[Callable[[], object], int]]:
    """Training, sampling, scoring and editing, a seed on each device."""
    seeds = jax.device_count()
    learner = LanguageLearner(config, Training(10_000, batch), make_mesh(seeds), rows=256)
    keys = jax.random.split(jax.random.key(0), seeds)
    tokens = np.random.default_rng(0).integers(0, config.vocabulary, (1024, config.context))
    data = Blocks.of(tokens.astype(np.int32), seeds)
    state = [learner.start(keys)]

    def train():
        progress = next(learner.train(keys, data, state[0], steps=STEPS))
        state[0] = progress.state

    train()
    parameters = jax.tree.map(jnp.copy, state[0].parameters)
    few, many = Blocks(data.labels[:, :32]), Blocks(data.labels[:, :256])

    def sample(like):
        return learner.generate(keys, parameters, like)

    return {
        "train": (train, seeds * STEPS * batch * config.context),
        "sample 32": (lambda: sample(few), seeds * 32 * config.context),
        "sample 256": (lambda: sample(many), seeds * 256 * config.context),
        "score": (lambda: learner.score(parameters, many.labels), many.labels.size),
        "edit": (lambda: learner.resample(keys, parameters, many), many.labels.size),
    }


def theirs(config: TransformerConfig, batch: int) -> dict[str, tuple[Callable[[], object], int]]:
    """The same in PyTorch: eager and compiled training, sampling with and without a cache."""
    import torch

    from tests.benchmarks.torch_transformer import Trainer, sample

    torch.set_num_threads(CORES)
    eager, compiled = Trainer(config), Trainer(config, compiled=True)
    tokens = torch.randint(0, config.vocabulary, (batch, config.context))
    prompts = tokens[:1].repeat(32, 1)[:, :1]

    def steps(trainer):
        return lambda: [trainer.step(tokens) for _ in range(STEPS)]

    size = STEPS * batch * config.context
    runs = {"torch train, eager": (steps(eager), size)}
    try:
        compiled.step(tokens)
        runs["torch train, compiled"] = (steps(compiled), size)
    except Exception as error:  # no compiler on this machine
        print(f"torch.compile: {type(error).__name__}", file=sys.stderr)
    for name, cached in (("torch sample 32, cache", True), ("torch sample 32, no cache", False)):
        runs[name] = (
            lambda cached=cached: sample(eager.model, prompts, config.context, cached=cached),
            32 * config.context,
        )
    return runs


def torch_peak() -> float:
    """GFLOP a second of PyTorch's product in float32, with a thread for each core."""
    import torch

    a = torch.ones((SIZE, SIZE))
    return peak(lambda: a @ a)


AIMS = {"torch train, compiled": 1.0, "torch sample 32, cache": 1.0}
"""Least ratios of ours over a baseline, by the baseline."""


def main() -> None:
    parser = argparse.ArgumentParser(description="The language model's speed beside PyTorch's.")
    parser.add_argument("--size", default="0.9m")
    parser.add_argument("--vocabulary", type=int, default=512)
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--record", action="store_true", help="keep the ratios in measured/")
    options = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", CORES)
    config = TransformerConfig.named(
        options.size, vocabulary=options.vocabulary, context=options.context
    )
    speeds = race(ours(config, options.batch) | theirs(config, options.batch))
    machine = Machine()
    machine.peaks["PyTorch float32"] = torch_peak()
    work = flops_of_training(config) * 1e-9
    uses = {
        "ours": speeds["train"].wall * work / machine.peaks["JAX float32"],
        "eager PyTorch": speeds["torch train, eager"].wall
        * work
        / machine.peaks["PyTorch float32"],
    }
    print(
        f"{options.size}, vocabulary {options.vocabulary}, context {options.context}, batch "
        f"{options.batch}"
    )
    print("\n".join(machine.head()))
    shares = ", ".join(f"{side} {share:.0%}" for side, share in uses.items())
    print(f"share of the own matrix peak that training uses: {shares}\n")
    rivals = {
        "train": ("torch train, eager", "torch train, compiled"),
        "sample 32": ("torch sample 32, no cache", "torch sample 32, cache"),
        "edit": ("score",),
    }
    ratios = []
    print("| what | tokens/s | per CPU second | against | ratio |\n| --- | --- | --- | --- | --- |")
    for name in ("train", "sample 32", "sample 256", "score", "edit"):
        mine = speeds[name]
        cells = f"| {name} | {mine.wall:,.0f} | {mine.cpu:,.0f} |"
        beside = [rival for rival in rivals.get(name, ()) if rival in speeds]
        for rival in beside or [""]:
            if not rival:
                print(f"{cells}  |  |")
                continue
            ratio = mine.wall / speeds[rival].wall
            ratios.append(Ratio(name, options.size, rival, ratio, at_least=AIMS.get(rival)))
            print(f"{cells} {rival}, {speeds[rival].wall:,.0f} | {ratio:.2f} |")
    if options.record:
        path = Record("language_table.py", machine.record(), tuple(ratios)).save()
        print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
