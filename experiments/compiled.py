"""Compiled programs, kept between runs: compiling is most of a short one."""

import hashlib
from pathlib import Path

LARGEST = 2**29
"""Bytes that JAX keeps, and as many beside them; the programs used least recently go first."""

LEAST_SECONDS = 0.2
"""Programs that compile faster are not kept."""


def keep_compiled(folder: Path | None = None) -> None:
    """Let JAX keep what it compiles in the user's cache directory, or in `folder`.

    A directory that was chosen before stands, by JAX_COMPILATION_CACHE_DIR or by jax.config;
    JAX_ENABLE_COMPILATION_CACHE=false turns all of it off. Where nothing can be written nothing is
    kept. Numbers do not change: what is kept is the program that would be compiled.
    """
    import jax

    if getattr(jax.config, "jax_compilation_cache_dir") is not None:  # noqa: B009, unknown to pyright
        return
    folder = _folder() if folder is None else folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _mend(folder)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", LARGEST)  # also: JAX locks the directory
    jax.config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)


def _folder() -> Path:
    """A directory for this kind of processor: programs are compiled for its instructions."""
    import platformdirs

    from collapse_sim.kept_programs import processor

    kind = hashlib.sha256(processor().encode()).hexdigest()[:8]
    return platformdirs.user_cache_path("collapse_sim") / "compiled" / kind


def _mend(folder: Path) -> None:
    """Remove programs without a time of use: a process was killed between the two files."""
    for program in folder.glob("*-cache"):
        if not program.with_name(f"{program.name.removesuffix('-cache')}-atime").exists():
            program.unlink(missing_ok=True)
