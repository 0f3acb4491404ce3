"""The engine that a command's flags describe: a pretrained model, and how it edits or scores."""

from collections.abc import Callable
from typing import Any, NamedTuple

from collapse_sim.language.pretrained import places
from experiments.command_line import in_flags
from experiments.compiled import keep_compiled
from experiments.corpus.settings import EditSettings, ScoreSettings, as_flag
from experiments.devices import require_devices


class Engine(NamedTuple):
    """An editor, the digest of its model, and how many tokens it computes at once."""

    editor: Any
    digest: str
    batch_tokens: int


MakeEngine = Callable[..., Engine]


def require_model(settings: ScoreSettings) -> str:
    """The name or place of the model; raises ValueError where none is given."""
    if not settings.model:
        raise ValueError(f"--model: nothing given: {places.ACCEPTED}")
    return settings.model


def make_engine(settings: ScoreSettings, *, trace: bool = False) -> Engine:
    """The engine of a run; raises ValueError for a model, or flags, that are not accepted.

    With `trace` edited documents tell every token.
    """
    import jax
    import jax.numpy as jnp

    from collapse_sim.language.pretrained.editor import Editor
    from collapse_sim.language.pretrained.load import load

    require_devices()
    keep_compiled()
    computing = settings.computing
    place = require_model(settings)
    with in_flags("--model", "model", place):
        model = load(place, dtype=getattr(jnp, computing.dtype))
    options: dict[str, Any] = {
        name: getattr(computing, name) for name in ("max_length", "overlap", "batch_tokens")
    }
    if isinstance(settings, EditSettings):
        passes = settings.passes
        options |= {
            "rule": settings.rule.made(),
            "seed": passes.seed,
            "passes": passes.passes,
            "anchored": passes.anchored,
            "score_after": passes.perplexity_after,
            "trace": trace,
        }
    try:
        editor = Editor(model, **options)
    except ValueError as error:
        raise ValueError(as_flag(str(error))) from None
    return Engine(editor, model.digest, editor.batch_tokens * jax.local_device_count())
