"""Pretrained models by name or from files: config, parameters, tokenizer and digest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int32
from tokenizers import Tokenizer

from collapse_sim.language.pretrained import config as configs
from collapse_sim.language.pretrained import places, smollm2, text_tokens
from collapse_sim.language.pretrained.config import DecoderConfig
from collapse_sim.language.pretrained.decoder import Decoder, Parameters, decoder_of
from collapse_sim.language.pretrained.gguf_file import GGUFFile
from collapse_sim.language.pretrained.safetensors import SafeTensors, read_object
from collapse_sim.language.pretrained.stored import GPT2, OF_FOLDERS, Stored
from collapse_sim.linalg import DType


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A pretrained model; `score(model.parameters, tokens, lengths, config=model.config)`."""

    config: DecoderConfig
    parameters: Parameters
    tokenizer: Tokenizer
    digest: str
    """SHA-256 of the files it was read from."""

    def decoder(self) -> Decoder:
        return decoder_of(self.config, self.parameters)

    def encode(self, texts: Sequence[str]) -> list[Int32[np.ndarray, " tokens"]]:
        """The tokens of each text, none added at either end."""
        return text_tokens.encode(self.tokenizer, texts)


def load(source: str | Path, *, dtype: DType = jnp.float32) -> Pretrained:
    """The model of a name or place, its parameters in `dtype`.

    Accepted are `smollm2`, whose weights `collapse-sim model smollm2` installs, a `.gguf` file, a
    folder as Hugging Face has them, the `model` of a run of this package, and OWNER/NAME on
    Hugging Face's hub. Raises ValueError, in one line, for whatever is missing, cut short or not of
    a family that is computed here.
    """
    if source == smollm2.NAME:
        return _of_gguf(smollm2.weights(), dtype, smollm2.DIGEST)
    path = Path(source)
    if path.is_dir():
        return _of_folder(path, dtype)
    if path.suffix.lower() == ".gguf":
        return _of_gguf(path, dtype)
    if places.is_on_hub(str(source)):
        return _of_folder(places.from_hub(str(source)), dtype)
    raise ValueError(f"model={source}: {places.ACCEPTED}")


def _of_gguf(path: Path, dtype: DType, expected: str | None = None) -> Pretrained:
    file = GGUFFile(path)
    found = digest([path])
    if expected not in (None, found):
        raise ValueError(f"{path}: SHA-256 {found}: accepted is {expected}")
    config = file.config().on(dtype)
    tokenizer = text_tokens.of_gguf(file)
    text_tokens.require_vocabulary(str(path), tokenizer, config.vocabulary)
    return Pretrained(config, _parameters(path, file.stored(), config), tokenizer, found)


def _of_folder(folder: Path, dtype: DType) -> Pretrained:
    described, words = folder / "config.json", folder / "tokenizer.json"
    values = read_object(described)
    try:
        config = configs.of_json(values).on(dtype)
    except ValueError as error:
        raise ValueError(f"{described}: {error}") from None
    tensors = SafeTensors(folder)
    tokenizer = text_tokens.of_json(words)
    text_tokens.require_vocabulary(str(words), tokenizer, config.vocabulary)
    names = OF_FOLDERS[config.family]
    if config.family == "gpt2" and "wte.weight" in tensors:  # as first published
        names = {key: (parts[0].removeprefix("transformer."),) for key, parts in GPT2.items()}
    stored = Stored(tensors.read, names, transposed=config.family not in ("gpt2", configs.OWN))
    parameters = _parameters(folder, stored, config)
    return Pretrained(config, parameters, tokenizer, digest([described, *tensors.files, words]))


def _parameters(place: Path, stored: Stored, config: DecoderConfig) -> Parameters:
    try:
        return stored.parameters(config)
    except ValueError as error:
        told = str(error)
        raise ValueError(told if told.startswith(str(place)) else f"{place}: {told}") from None


def digest(files: Sequence[Path]) -> str:
    """SHA-256 of a file; of several, that of theirs, one after the other."""
    each = []
    for file in files:
        with file.open("rb") as stream:
            each.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()
