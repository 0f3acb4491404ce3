"""`cs.edit` as the function of a batch, in engines that people already run."""

import pytest

import collapse_sim as cs
from collapse_sim.language.pretrained.edited import Rejected
from tests.collapse_sim.language.pretrained import tiny

ROWS = [{"id": str(n), "text": "the lazy dog the brown fox " * (1 + n % 5)} for n in range(24)]
ROWS += [{"id": "empty", "text": ""}]
BATCH = 7


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Of `cs.edit`: a tiny model, and a rule by which it changes most tokens."""
    place = tmp_path_factory.mktemp("tiny")
    model = tiny.write_folder(place / "model", tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    rule = cs.EditRule("revise-below", threshold=0.9)
    return {"model": str(model), "rule": rule, "max_length": 32, "batch_tokens": 64}


def assert_edited_as_alone(rows, arguments):
    texts, ids = [row["text"] for row in ROWS], [row["id"] for row in ROWS]
    alone = cs.edit(texts, ids=ids, **arguments)
    assert [row["id"] for row in rows] == ids
    for row, old, result in zip(rows, texts, alone, strict=True):
        if isinstance(result, Rejected):
            assert row["text"] == old and row["edit_rejected"] == result.reason
            assert row["edit_tokens"] == row["edit_log_probability"] == 0
        else:
            assert row["text"] == result.text != old and row["edit_rejected"] == ""
            assert row["edit_changed"] == result.changed > 0
    assert alone[0].text != alone[5].text  # the same text: ids decide


def test_batches_of_a_data_set(arguments, tmp_path):
    datasets = pytest.importorskip("datasets", reason="needs datasets, of the extra `hub`")
    source = datasets.Dataset.from_list(ROWS)
    found = source.map(
        cs.edit, batched=True, batch_size=BATCH, fn_kwargs=arguments, load_from_cache_file=False
    )
    assert_edited_as_alone(list(found), arguments)


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning", "ignore::DeprecationWarning:ray")
def test_batches_of_ray(arguments):
    ray = pytest.importorskip("ray", reason="needs ray, of the extra `ray`")
    ray.init(
        num_cpus=1,
        object_store_memory=80_000_000,
        include_dashboard=False,
        ignore_reinit_error=True,
    )
    try:
        found = ray.data.from_items(ROWS).map_batches(
            cs.edit, fn_kwargs=arguments, batch_size=BATCH
        )
        assert_edited_as_alone(found.take_all(), arguments)
    finally:
        ray.shutdown()
