"""The machine that a benchmark runs on: its processor, and how fast it multiplies matrices."""

import platform
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.devices import cores

SIZE = 2048
ROUNDS = 5


def processor() -> str:
    """Name, family and model of the processor, and the widest vectors it is known to have."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", text, re.MULTILINE))
    if "model name" not in found:
        return platform.machine()
    name = re.sub(r"\((R|TM)\)| CPU| @.*", "", found["model name"])
    flags = found.get("flags", "").split()
    widest = next((flag for flag in ("avx512f", "avx2", "avx") if flag in flags), "")
    return f"{name} (family {found['cpu family']}, model {found['model']}; {widest})"


def peak(product: Callable[[], object]) -> float:
    """Most GFLOP a second of a product of two square matrices, over the rounds."""
    product()
    best = np.inf
    for _ in range(ROUNDS):
        start = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - start)
    return 2e-9 * SIZE**3 / best


def numpy_peak(dtype: type) -> float:
    """GFLOP a second of NumPy's product, with a thread for each core."""
    a = np.ones((SIZE, SIZE), dtype)
    return peak(lambda: a @ a)


def jax_peak() -> float:
    """GFLOP a second of JAX's product in float32, at the precision of the default."""
    a = jnp.ones((SIZE, SIZE), jnp.float32)
    product = jax.jit(lambda a: a @ a)
    return peak(lambda: product(a).block_until_ready())


@dataclass(frozen=True)
class Machine:
    """What a measurement depends on beside the code."""

    processor: str = field(default_factory=processor)
    cores: int = field(default_factory=cores)
    versions: str = field(
        default_factory=lambda: (
            f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}"
        )
    )
    peaks: dict[str, float] = field(
        default_factory=lambda: {
            "NumPy float64": numpy_peak(np.float64),
            "NumPy float32": numpy_peak(np.float32),
            "JAX float32": jax_peak(),
        }
    )
    """Matrix products, GFLOP a second."""

    def head(self) -> list[str]:
        peaks = ", ".join(f"{side} {gflops:,.0f}" for side, gflops in self.peaks.items())
        return [
            f"{self.cores} cores of an {self.processor}",
            self.versions,
            f"matrix products, GFLOP a second: {peaks}",
        ]

    def record(self) -> dict[str, object]:
        return asdict(self)
