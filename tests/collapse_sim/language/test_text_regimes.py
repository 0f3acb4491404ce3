"""Regimes over text: which blocks are kept, added or drawn anew."""

import jax
import numpy as np
import pytest

from collapse_sim.language.blocks import Blocks
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    Generation,
    HumanOnly,
    KeepHuman,
    Replace,
)

ORDER = jax.random.split(jax.random.key(2), 2)
DRAWS = jax.random.split(jax.random.key(3), 2)


def text(*shape: int, start: int = 0) -> Blocks:
    """Tokens that are all different."""
    return Blocks(start + np.arange(np.prod(shape), dtype=np.int32).reshape(shape))


def seen(number: int, human: Blocks, current: Blocks, synthetic: Blocks) -> Generation:
    def never(*_):
        raise AssertionError("this regime asks for nothing else")

    return Generation(number, human, current, lambda: synthetic, never, never)


HUMAN, CURRENT, SYNTHETIC = (text(2, 10, 3, start=start) for start in (0, 1000, 2000))


def test_full_resampling_keeps_nothing_and_the_control_everything():
    generation = seen(1, HUMAN, CURRENT, SYNTHETIC)
    assert Replace().step(DRAWS, None, generation).data is SYNTHETIC
    assert HumanOnly().step(DRAWS, None, generation).data is HUMAN


@pytest.mark.parametrize(("share", "blocks"), [(0.0, 0), (0.1, 1), (0.25, 2), (0.5, 5), (1.0, 10)])
def test_keeping_human_text_keeps_its_share_of_the_first_text(share, blocks):
    regime = KeepHuman(share)
    data, memory = regime.start(HUMAN, 4)
    assert data is HUMAN
    step = regime.step(DRAWS, memory, seen(2, HUMAN, CURRENT, SYNTHETIC))
    labels = np.asarray(step.data.labels)
    kept = (labels == HUMAN.labels).all(axis=2)
    new = (labels == SYNTHETIC.labels).all(axis=2)
    np.testing.assert_array_equal(kept, ~new)  # whole blocks, and none of the last generation
    np.testing.assert_array_equal(kept.sum(axis=1), [blocks, blocks])
    assert step.edited_fraction == 1 - blocks / 10


def test_other_blocks_are_kept_by_other_seeds_and_keys():
    regime, generation = KeepHuman(0.5), seen(1, HUMAN, CURRENT, SYNTHETIC)
    first, second = (
        np.asarray(regime.step(keys, None, generation).data.labels) for keys in (DRAWS, ORDER)
    )
    kept = first[:, :, 0] < 1000
    assert (kept[0] != kept[1]).any()
    assert (first != second).any()
    again = np.asarray(regime.step(DRAWS, None, generation).data.labels)
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_human_shares_are_shares(share):
    with pytest.raises(ValueError, match=rf"human_share={share}: accepted is \[0, 1\]"):
        KeepHuman(share)


def test_accumulation_adds_each_text_to_those_before_it():
    regime = Accumulate()
    data, memory = regime.start(HUMAN, 3)
    expected = np.asarray(HUMAN.labels)
    np.testing.assert_array_equal(data.labels, expected)
    for number, batch in enumerate((CURRENT, SYNTHETIC), start=1):
        step = regime.step(DRAWS, memory, seen(number, HUMAN, data, batch))
        expected = np.concatenate([expected, batch.labels], axis=1)
        np.testing.assert_array_equal(step.data.labels, expected)
        assert step.edited_fraction == number / (number + 1)
        data, memory = step.data, step.memory


def test_a_subsample_has_the_human_texts_size_and_no_block_twice():
    regime = AccumulateSubsample()
    data, memory = regime.start(HUMAN, 3)
    np.testing.assert_array_equal(data.labels, HUMAN.labels)
    for number, batch in enumerate((CURRENT, SYNTHETIC), start=1):
        step = regime.step(DRAWS, memory, seen(number, HUMAN, data, batch))
        memory, data = step.memory, step.data
        assert memory.size == 10 * (number + 1) and data.size == 10
        pool = np.asarray(memory.labels)
        for own, chosen in zip(pool, np.asarray(data.labels), strict=True):
            places = [int(np.argmax((own == block).all(axis=1))) for block in chosen]
            np.testing.assert_array_equal(own[places], chosen)  # every block is one of the pool
            assert len(set(places)) == 10
    sources = np.asarray(data.labels)[:, :, 0] // 1000
    assert {0, 1, 2} == set(sources.ravel().tolist())


def test_a_subsample_is_uniform():
    """Each of 30 blocks 200 times of 600 or nearly: 5 standard deviations, chance 2e-5 for all."""
    pool = text(2, 30, 1)
    keys = jax.random.split(jax.random.key(9), 300)
    counts = np.zeros(30)
    for key in keys:
        chosen = np.asarray(pool.subsample(jax.random.split(key, 2), 30, 10).labels)[..., 0]
        counts += np.bincount(chosen.ravel() % 30, minlength=30)
    assert counts.sum() == 6000
    assert (np.abs(counts - 200) < 5 * np.sqrt(600 * 2 / 9)).all()
