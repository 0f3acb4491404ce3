"""Places of models: names, paths, and files of Hugging Face's hub."""

import re
from pathlib import Path

from collapse_sim.language.pretrained import smollm2

ACCEPTED = (
    f"accepted are {smollm2.NAME}, a .gguf file, a folder with config.json, model.safetensors (or "
    "its shards) and tokenizer.json, and OWNER/NAME on Hugging Face's hub"
)
FILES = ("config.json", "*.safetensors", "model.safetensors.index.json", "tokenizer.json")
"""What is read of a model, and so fetched."""


def is_on_hub(source: str) -> bool:
    """Tell whether a source that is no file or folder may be a name on the hub: OWNER/NAME."""
    return re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", source, re.ASCII) is not None


def from_hub(name: str) -> Path:
    """The folder of a model of the hub: its newest files, or without a network those in its cache.

    Raises ValueError, in one line, where neither is at hand.
    """
    accepted = "accepted is a model on Hugging Face's hub that a network reaches or its cache holds"
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ValueError(
            f"model={name}: huggingface_hub is not installed: accepted is an environment with it, "
            "as `python -m pip install huggingface_hub` makes, or a folder"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except (OSError, ValueError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), "not found")
        raise ValueError(
            f"model={name}: no such folder, and {reason.strip().rstrip('.:')}: {accepted}"
        ) from None
