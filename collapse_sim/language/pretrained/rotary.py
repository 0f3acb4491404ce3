"""Rotary positions: how fast each pair of columns turns, and the scalings for long contexts."""

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

SCALINGS = ("default", "linear", "llama3")

NUMBERS = {
    "rope_theta",
    "factor",
    "low_freq_factor",
    "high_freq_factor",
    "original_max_position_embeddings",
}
LARGEST, WIDEST_HEAD = 1e30, 2**16
"""Of a file that is not damaged."""


def scaled_frequencies(head_width: int, base: Any, scaling: Mapping[str, Any]) -> tuple[float, ...]:
    """Radians a position for each pair: base^(-2i/head_width), scaled as `rope_type` says.

    `linear` divides all by `factor`. `llama3` divides the slow ones, whose wave is longer than
    the context of the first training, and blends in between (Dubey et al. 2024, arXiv 2407.21783).
    Raises ValueError for another type, for a `base` or a factor that is no positive number, and
    where one that it needs is missing.
    """
    if not 0 < head_width <= WIDEST_HEAD:
        raise ValueError(f"head_width={head_width}: accepted are integers from 1 to {WIDEST_HEAD}")
    _require_positive({"rope_theta": base, **scaling})
    plain = [base ** (-2 * i / head_width) for i in range(head_width // 2)]
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    if kind not in SCALINGS:
        raise ValueError(f"rope_type={kind}: accepted are {', '.join(SCALINGS)}")
    try:
        if kind == "llama3":
            return tuple(_llama3(frequency, scaling) for frequency in plain)
        factor = scaling["factor"] if kind == "linear" else 1.0
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing for rope_type={kind}") from None
    return tuple(frequency / factor for frequency in plain)


def _require_positive(values: Mapping[str, Any]) -> None:
    for name in NUMBERS & values.keys():
        value = values[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value < LARGEST:
            raise ValueError(f"{name}={value}: accepted are numbers from 0 to {LARGEST:g}")
    low, high = values.get("low_freq_factor", 0.0), values.get("high_freq_factor", math.inf)
    if low >= high:
        raise ValueError(f"low_freq_factor={low}: accepted are numbers below {high}")


def _llama3(frequency: float, scaling: Mapping[str, Any]) -> float:
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * frequency / (2 * math.pi)
    kept = min(max((turns - low) / (high - low), 0.0), 1.0)
    return (1 - kept) * frequency / scaling["factor"] + kept * frequency


def turns_of(
    frequencies: tuple[float, ...], time: int, positions: Int[Array, "batch time"] | None
) -> Float[Array | np.ndarray, "2 *batch time half"]:
    """Cosines and sines of every angle; constants of the program where positions count from 0."""
    if positions is None:
        angles = np.arange(time)[:, None] * np.array(frequencies)
        return np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    angles = positions[:, None, :, None] * jnp.array(frequencies, jnp.float32)
    return jnp.stack([jnp.cos(angles), jnp.sin(angles)])
