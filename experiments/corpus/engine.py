"""The engine that a command's flags describe: a pretrained model, and how it edits or scores."""

from typing import Any

from collapse_sim.language.pretrained import smollm2
from experiments.command_line import require_devices
from experiments.corpus.settings import EditSettings, ScoreSettings


def require_model(settings: ScoreSettings) -> str:
    """The name or place of the model; raises ValueError where none is given."""
    if settings.model is None:
        raise ValueError(
            f"--model: nothing given: accepted are {smollm2.NAME}, a .gguf file, and a folder with "
            "config.json, safetensors and tokenizer.json"
        )
    return settings.model


def make_editor(settings: ScoreSettings) -> tuple[Any, str]:
    """The editor, and the digest of its model."""
    import jax.numpy as jnp

    from collapse_sim.language.pretrained.editor import Editor
    from collapse_sim.language.pretrained.load import load
    from collapse_sim.language.pretrained.rule import EditRule

    require_devices()
    computing = settings.computing
    model = load(require_model(settings), dtype=getattr(jnp, computing.dtype))
    options: dict[str, Any] = {
        "max_length": computing.max_length,
        "overlap": computing.overlap,
        "batch_tokens": computing.batch_tokens,
    }
    if not isinstance(settings, EditSettings):
        return Editor(model, EditRule(), seed=0, **options), model.digest
    passes = settings.passes
    options |= {"passes": passes.passes, "anchored": passes.anchored}
    return Editor(model, settings.rule.made(), seed=passes.seed, **options), model.digest
