"""Keys of the language runs: none serves two parts of a run."""

import jax
import numpy as np

from experiments.transformer.world import ROLES, root_key


def test_parts_of_a_run_share_no_key():
    """The oracle's text was once drawn with the keys from which the first seeds' were made."""
    keys = [jax.random.key(3)]
    for role in ROLES:
        root = root_key(3, role)
        keys += [root, *jax.random.split(root, 8)]
    words = np.asarray([jax.random.key_data(key) for key in keys])
    assert len(np.unique(words, axis=0)) == 1 + 9 * len(ROLES)
