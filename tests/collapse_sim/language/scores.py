"""What a model says of every token, in one program: else each operation is compiled alone."""

import jax

from collapse_sim.language import head


@jax.jit
def scores(config, parameters, tokens):
    return head.log_probabilities(config.model(parameters), tokens)
