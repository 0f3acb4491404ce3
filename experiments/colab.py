# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # collapse_sim on Colab's CPU, GPU or TPU
#
# [![Open Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/)
#
# Open Colab, choose *Upload* and give it this file. Choose a GPU or TPU under *Runtime* first, if
# you want one.
#
# The notebook asks two questions: which published bounds on token editing are true, and what
# happens to a language model that is trained on its own text. The next cell needs the project. It
# looks for it in the current folder, in the folders above, and in the folders below, whatever
# their names. If you have the project as a zip file, upload that file. If you have the address of
# a git repository, write it into `SOURCE`.

# %%
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = os.environ.get("COLLAPSE_SIM_SOURCE", "")  # what `git clone` can read


def find_project() -> Path | None:
    """The folder of the project, in or above or below the current one."""
    here = Path.cwd()
    folders = [here, *here.parents, *sorted(here.glob("*/")), *sorted(here.glob("*/*/"))]
    return next((f for f in folders if (f / "experiments" / "colab.py").is_file()), None)


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command, and show what it says while it says it."""
    with subprocess.Popen(
        command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")


if find_project() is None and SOURCE:
    run("git", "clone", "--depth", "1", SOURCE)
if find_project() is None:
    for archive in sorted(Path.cwd().glob("*.zip")):
        shutil.unpack_archive(archive, archive.with_suffix(""))
PROJECT = find_project()
if PROJECT is None:
    raise FileNotFoundError(
        f"no collapse_sim project in {Path.cwd()}: upload it as a zip file, or set SOURCE"
    )

# %%
NEEDED = "tyro", "jaxtyping", "tueplots", "tokenizers", "orbax.checkpoint"


def is_missing(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:
        return True


if any(map(is_missing, NEEDED)):  # JAX stays the one that the machine already has
    run(sys.executable, "-m", "pip", "install", "--quiet", "--editable", str(PROJECT))
sys.path.insert(0, str(PROJECT))

# In a process of its own, so that the experiments below can have the accelerator.
run(sys.executable, "-c", "import jax; print(jax.__version__, jax.devices())")

# %% [markdown]
# ## Which bounds on token editing are true?
#
# About a minute on two cores; the preset `quick` is smaller.

# %%
from IPython.display import Image, display  # noqa: E402

LINEAR = os.environ.get("COLLAPSE_SIM_LINEAR", "--preset default").split()
LANGUAGE = os.environ.get("COLLAPSE_SIM_LANGUAGE", "--preset tiny").split()  # gpu: accelerators
RUNS = Path(os.environ.get("COLLAPSE_SIM_RUNS", PROJECT / "runs" / "colab"))


def experiment(name: str, flags: list[str], folder: Path) -> None:
    """Run an experiment, and show its figure."""
    command = [sys.executable, "-u", "-m", "experiments.cli", name, *flags, "--out", str(folder)]
    run(*command, cwd=PROJECT)
    display(Image(str(folder / "figure.png")))


experiment("bound", LINEAR, RUNS / "linear")

# %% [markdown]
# ## What happens to a language model trained on its own text?
#
# The preset `tiny` shows that everything works, and decides nothing.

# %%
experiment("transformer", LANGUAGE, RUNS / "language")

# %% [markdown]
# ## From Python
#
# A regression with 10 columns and 100 rows. The first edit rewrites one half of the labels, the
# second the other half. `b` is the mean error of the fit on human data; the published bound is
# `2 b`. From here on this process holds the accelerator: restart it before you run the cells above
# again.

# %%
import collapse_sim as cs  # noqa: E402

learner = cs.LinearLearner(cs.GaussianDesign(10, 100))
halves = cs.Edit.of(cs.MaskPolicy.of(cs.masks.disjoint(100, edits=2)))
simulated = cs.simulate(cs.Chain(learner, halves, generations=3), replicates=16384)
b = 10 / 89
print((simulated.mean() / b).round(2))
print(cs.judge(simulated, "<=", 2 * b))
axes = simulated.plot(label="two halves")
axes.axhline(2 * b, color="black", linewidth=2, label="published bound")
key = axes.legend()
