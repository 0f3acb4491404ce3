"""A pretrained decoder as the model of a learner: all, or low-rank updates of its matrices."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh
from jaxtyping import Array, Key

from collapse_sim.language.pretrained.config import DecoderConfig
from collapse_sim.language.pretrained.decoder import Decoder, Parameters
from collapse_sim.language.pretrained.load import Pretrained
from collapse_sim.language.pretrained.step import put_whole
from collapse_sim.pytree import pytree, static


@pytree
@dataclass(frozen=True, eq=False)
class FineTuned:
    """Models that begin with the parameters `base`: a `ModelConfig`, of which `base` is data.

    Of full fine-tuning the parameters are the decoder's own. With a rank they are the factors A
    and B of an update x A B beside every matrix but the embedding, B = 0 at first, and `base`
    stays: LoRA (Hu et al. 2021, arXiv 2106.09685), with alpha = rank.
    """

    base: Parameters
    config: DecoderConfig = static()

    @staticmethod
    def of(model: Pretrained, *, rank: int = 0, mesh: Mesh, dtype: Any = None) -> "FineTuned":
        """The model on the devices of a mesh, computing in `dtype`; rank 0: full fine-tuning.

        Raises ValueError for a rank that is no less than the width.
        """
        if not 0 <= rank < model.config.width:
            raise ValueError(f"rank={rank}: accepted are integers from 0 to {model.config.width}")
        config = replace(model.config, rank=rank, dtype=dtype or model.config.dtype)
        return FineTuned(put_whole(model.parameters, mesh), config)

    @property
    def vocabulary(self) -> int:
        return self.config.vocabulary

    @property
    def context(self) -> int:
        return self.config.context

    def initial(self, key: Key[Array, ""]) -> Parameters:
        """Parameters before the first step: the base's, or factors whose product is 0."""
        if not self.config.rank:
            return self.base
        made = nnx.state(Decoder(self.config, rngs=nnx.Rngs(params=key)), nnx.LoRAParam)
        return jax.tree.map(lambda x: x.astype(jnp.float32), made)

    def model(self, parameters: Parameters) -> Decoder:
        """The decoder with these parameters."""
        abstract = nnx.eval_shape(lambda: Decoder(self.config, rngs=nnx.Rngs(params=0)))
        if not self.config.rank:
            return nnx.merge(nnx.graphdef(abstract), parameters)
        return nnx.merge(nnx.graphdef(abstract), parameters, self.base)
