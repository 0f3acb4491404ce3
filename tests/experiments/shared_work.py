"""What two processes do in tests of several: between them, whatever commands exchange."""

from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import conjecture_search, transformer_collapse

SEARCH = ("--dims", "2", "--ratios", "2.5", "--blocks", "5", "--totals", "1", "--designs", "4096")
BASE = (
    *("--preset", "curse", "--context", "8", "--prompt", "8", "--tokens", "64"),
    *("--held-out", "128", "--seeds", "2", "--generations", "2", "--epochs", "1"),
    *("--regimes", "edit_frozen", "--edit-above", "0.001"),
)


def without_figure(patch: pytest.MonkeyPatch) -> None:
    for name in ("linear_collapse.draw", "language_generations.draw", "style.save"):
        patch.setattr(f"paper_figs.{name}", lambda *_: None)


def search(out: Path, inputs: Path, devices: list) -> None:
    """The search, which has no processes: it draws designs by itself."""
    del inputs, devices
    conjecture_search.main(conjecture_search.parse([*SEARCH, "--out", str(out)]))


def base(out: Path, inputs: Path, devices: list) -> None:
    """A pretrained model, fine-tuned: hosts share the seeds, and one works on them one by one."""
    del devices
    with pytest.MonkeyPatch.context() as patch:
        without_figure(patch)
        files = ("--base", str(inputs / "llama"), "--corpus", str(inputs / "few.txt"))
        settings = transformer_collapse.parse([*BASE, *files, "--out", str(out)])
        transformer_collapse.main(settings)


def reading(out: Path, inputs: Path, devices: list) -> None:
    """A pretrained prior reads and edits documents: rows are spread over all devices.

    What it said is kept by the first process alone, and read again by all.
    """
    from collapse_sim.hosts import is_first
    from collapse_sim.language.pretrained.load import load
    from collapse_sim.language.pretrained.readings import Arm, Reader
    from collapse_sim.language.pretrained.rule import EditRule
    from collapse_sim.run_directory import RunDirectory
    from experiments.editing.pretrained_arms import kept, read
    from experiments.editing.pretrained_text import HumanText

    reader = Reader(load(inputs / "llama"), devices=devices)
    draw = np.random.default_rng(3)
    ids = {f"d{i}": draw.integers(1, 290, 10 + i % 7).astype(np.int32) for i in range(12)}
    arms = {"chained": Arm(EditRule(threshold=0.005), 2)}
    own = out if is_first() else out / "of another host"
    found = kept(own, "said", lambda: read(arms, reader, HumanText(ids, [], "")))
    again = kept(own, "said", lambda: pytest.fail("asks the model again"))
    assert found["chained/changed"].any()
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values)
    if is_first():
        RunDirectory(out).write_arrays(found)


def language(out: Path, inputs: Path, devices: list) -> None:
    """Two models of a few words, accumulated and edited: trained, sampled, scored and judged.

    On 4 devices each seed has 2 of them.
    """
    del inputs
    from collapse_sim.editing import Edit
    from collapse_sim.experiment.decide import chain_rows, decide
    from collapse_sim.experiment.process import Check, Process
    from collapse_sim.language.chain import LanguageChain
    from collapse_sim.language.editing import TokenRule
    from collapse_sim.language.human_text import HumanText
    from collapse_sim.language.learner import LanguageLearner
    from collapse_sim.language.programs import make_mesh
    from collapse_sim.language.training import Training
    from collapse_sim.language.transformer import TransformerConfig
    from experiments.command_line import open_run
    from theory.claims import ledger

    tokens = np.random.default_rng(4).integers(1, 16, (20, 12)).astype(np.int32)
    learner = LanguageLearner(
        TransformerConfig(16, 12, 1, 2, 16),
        Training(6, batch=8),
        make_mesh(2, devices, batch=8),
        text=HumanText(tokens[:16], {"text": tokens[16:]}),
    )
    chain = LanguageChain(learner, Edit.of(TokenRule(above_share=0.5)), 2)
    process = Process(
        "edit",
        chain,
        2,
        looks=(2,),
        about="median",
        where={"seeds": 2, "bounded_slope": 0.03},
        checks=[Check("lm.edit_bounded", "held_out_loss", statistic=slope)],
    )
    run = open_run(out, {"parameters": {}, "inputs": {}, "version": "0"}, resume=False)
    results, verdicts = decide([process], ledger(), run=run)
    run.write_chains(list(chain_rows(results)))
    run.write_verdicts([vars(verdict) for verdict in verdicts])


def slope(values: np.ndarray) -> np.ndarray:
    return values[:, -1] - values[:, 0]


WORKS = {"language": language, "search": search, "base": base, "reading": reading}
"""Each leaves a run directory. The regression is not among them: of it one process dies."""

SEEDS = 1, 2


def losses(devices: list, seeds: int) -> np.ndarray:
    """Of a few steps. One seed is spread over both processes; of two each process has its own."""
    from collapse_sim.language.blocks import Blocks
    from collapse_sim.language.learner import LanguageLearner
    from collapse_sim.language.programs import make_mesh
    from collapse_sim.language.training import Training
    from collapse_sim.language.transformer import TransformerConfig

    learner = LanguageLearner(
        TransformerConfig(16, 12, 1, 2, 16), Training(6, batch=8), make_mesh(seeds, devices)
    )
    tokens = np.random.default_rng(4).integers(0, 16, (20, 12)).astype(np.int32)
    keys = jax.random.split(jax.random.key(1), seeds)
    parts = learner.train(keys, Blocks.of(tokens, seeds), learner.start(keys), steps=3)
    return np.concatenate([part.losses for part in parts], axis=1)
