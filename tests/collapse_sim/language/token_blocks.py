"""Blocks of tokens, and the counts of human text they are measured against."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

VOCABULARY = 9
TOKENS = np.array([[0, 1, 0, 1], [2, 2, 2, 5]])
HUMAN = np.array([500, 300, 150, 40, 9, 1, 0, 0, 0])

blocks = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int32, np.int64]),
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=4, max_side=8),
    elements=st.integers(0, VOCABULARY - 1),
)
blocks_of_large_ids = hnp.arrays(
    np.int64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=4, max_side=8),
    elements=st.sampled_from([0, 1, 2, 2**16, 2**31, 2**32 - 2, 2**32 - 1]),
)
human_counts = hnp.arrays(np.int64, VOCABULARY, elements=st.integers(0, 2000)).filter(np.any)
