"""A model in one GGUF file: its config and tensors, dequantised, in the order used here."""

from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.language.pretrained import gguf_contents
from collapse_sim.language.pretrained.config import DecoderConfig, require_family
from collapse_sim.language.pretrained.rotary import scaled_frequencies
from collapse_sim.language.pretrained.stored import GGUF, GGUF_FUSED, Stored


class GGUFFile:
    """Metadata and tensors of a GGUF file.

    Raises ValueError, which begins with the file, for one that is none, is cut short, or holds
    another family; needs the `gguf` package.
    """

    def __init__(self, path: Path):
        gguf = _package()
        try:
            self._metadata, self._tensors = gguf_contents.read(Path(path), gguf)
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}: accepted is a GGUF file") from None
        except (ValueError, KeyError) as error:
            reason = (str(error).splitlines() or ["unreadable"])[0]
            raise ValueError(
                f"{path}: cut short, or no GGUF ({reason}): accepted are whole GGUF files"
            ) from None
        self.path = path
        self._dequantise = gguf.quants.dequantize
        self.family = require_family(
            f"{path}: general.architecture", self.value("general.architecture")
        )

    def value(self, name: str, *usual: Any) -> Any:
        """A value of the metadata; `usual` where it has none, else ValueError."""
        if name in self._metadata:
            return self._metadata[name]
        if usual:
            return usual[0]
        raise ValueError(f"{self.path}: no {name}: accepted are whole models")

    def config(self) -> DecoderConfig:
        """Sizes and choices: from the metadata, and from which tensors there are."""
        of = lambda name, *usual: self.value(f"{self.family}.{name}", *usual)  # noqa: E731
        is_gpt2 = self.family == "gpt2"
        width, heads = of("embedding_length"), of("attention.head_count")
        head_width = of("attention.key_length", width // heads)
        epsilon = "attention.layer_norm_epsilon" if is_gpt2 else "attention.layer_norm_rms_epsilon"
        return DecoderConfig(
            family=self.family,
            vocabulary=int(self._tensor("token_embd.weight").shape[-1]),
            context=of("context_length"),
            layers=of("block_count"),
            heads=heads,
            key_value_heads=of("attention.head_count_kv", heads),
            head_width=head_width,
            width=width,
            inner=of("feed_forward_length"),
            epsilon=of(epsilon),
            frequencies=None if is_gpt2 else self._frequencies(head_width),
            norm="layer" if is_gpt2 else "rms",
            activation="gelu_tanh" if is_gpt2 else "silu",
            gated=not is_gpt2,
            query_bias="blk.0.attn_q.bias" in self._tensors or is_gpt2,
            output_bias="blk.0.attn_output.bias" in self._tensors,
            network_bias="blk.0.ffn_down.bias" in self._tensors,
            tied="output.weight" not in self._tensors,
        )

    def _frequencies(self, head_width: int) -> tuple[float, ...]:
        prefix = f"{self.family}.rope"
        turned = self.value(f"{prefix}.dimension_count", head_width)
        kind = self.value(f"{prefix}.scaling.type", "none")
        scaling = {"rope_type": "default" if kind == "none" else kind}
        if f"{prefix}.scaling.factor" in self._metadata:
            scaling["factor"] = self.value(f"{prefix}.scaling.factor")
        base = self.value(f"{prefix}.freq_base", 10_000.0)
        try:
            frequencies = scaled_frequencies(turned, base, scaling)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None
        if "rope_freqs.weight" in self._tensors:  # llama3's scaling, as what divides each
            divisors = self.read("rope_freqs.weight").tolist()
            frequencies = tuple(f / by for f, by in zip(frequencies, divisors, strict=True))
        return frequencies

    def stored(self) -> Stored:
        return Stored(self.read, GGUF_FUSED if self.family == "gpt2" else GGUF)

    def _tensor(self, name: str) -> gguf_contents.StoredTensor:
        """A tensor as it is stored, its shape as (in, out)."""
        if name not in self._tensors:
            raise ValueError(f"{self.path}: no tensor {name}: accepted are whole models")
        return self._tensors[name]

    def read(self, name: str) -> np.ndarray:
        """A tensor in float32, matrices as (out, in)."""
        tensor = self._tensor(name)
        try:
            values = self._dequantise(tensor.data, tensor.tensor_type)
        except NotImplementedError:
            raise ValueError(
                f"{self.path}: {name} is quantised as {tensor.tensor_type.name}: accepted is what "
                "the gguf package dequantises"
            ) from None
        values = np.asarray(values, np.float32).reshape(tensor.shape[::-1])
        if self.family == "llama" and name.split(".")[-2] in ("attn_q", "attn_k"):
            heads = self.value("llama.attention.head_count")
            if "attn_k" in name:
                heads = self.value("llama.attention.head_count_kv", heads)
            return halves_apart(values, heads)
        return values


def halves_apart(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of each head with all first ones of its rotary pairs before all second ones.

    Llama's queries and keys are stored with the two rows of a pair side by side.
    """
    pairs = rows.reshape(heads, -1, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _package() -> Any:
    try:
        import gguf
    except ImportError:
        raise ValueError(
            "gguf is not installed: accepted is an environment with it, as "
            "`python -m pip install 'collapse-sim[pretrained]'` makes"
        ) from None
    return gguf
