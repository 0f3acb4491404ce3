"""Devices and compiler of a command: set before JAX first asks for a device."""

import os
from importlib.util import find_spec
from typing import Any, Protocol

from experiments.compiled import keep_compiled


class Precise(Protocol):
    """Flags that say how precisely to simulate."""

    @property
    def precision(self) -> str: ...


def cores() -> int:
    """Number of cores that this process may use; the whole machine if the system tells nothing."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    count = getattr(os, "process_cpu_count", os.cpu_count)  # the former from Python 3.13 on
    return count() or 1


def require_devices() -> None:
    """Raises ValueError where JAX_PLATFORMS asks for devices that are not there."""
    import jax

    try:
        jax.local_devices()
    except (RuntimeError, AssertionError):  # the latter, without a word, for cuda in jax 0.10.1
        asked = getattr(jax.config, "jax_platforms")  # noqa: B009, pyright does not know it
        jax.config.update("jax_platforms", "")
        present = sorted({device.platform for device in jax.local_devices()} | {"cpu"})
        raise ValueError(
            f"JAX_PLATFORMS={asked}: is not on this machine, accepted is {' or '.join(present)}"
        ) from None


def configure_training(settings: Any) -> None:
    """Give JAX a CPU device for each core, to spread seeds and replicates over, and a cache.

    At least two: for one device XLA compiles other programs, whose last digits may differ.
    JAX_NUM_CPU_DEVICES asks for another number. Small computations are made where they are asked
    for: put off, 32 of them can wait for XLA's threads, all of which wait to begin a larger one on
    several devices, for which there is no room before one of the 32 has ended (jax 0.10.1).
    """
    del settings
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", max(cores(), 2))
    require_devices()
    keep_compiled()


def compiler_flags(level: int) -> str:
    """XLA's flags to compile quickly for CPUs; no number changes with those beside the level.

    Its older emitter of loops needs half the time, and a program compiled in one part a tenth less
    than in 32. A version that does not know these two would end the process.
    """
    import jax

    flags = [f"--xla_backend_optimization_level={level}"]
    if jax.__version_info__ < (0, 10, 2):
        flags += ["--xla_cpu_use_fusion_emitters=false"]
        flags += ["--xla_cpu_parallel_codegen_split_count=1"]
    return " ".join(flags)


def configure_simulation(settings: Precise) -> None:
    """Set precision, devices and quick compiling: on two cores compiling is most of a short run.

    XLA's level 1 halves the time to compile and slows simulation by a tenth.
    """
    import jax

    accelerators = "jax_cuda12_plugin", "jax_cuda13_plugin", "libtpu"
    if "XLA_FLAGS" not in os.environ and not any(map(find_spec, accelerators)):
        os.environ["XLA_FLAGS"] = compiler_flags(level=1)
    jax.config.update("jax_enable_x64", settings.precision == "float64")
    configure_training(settings)
