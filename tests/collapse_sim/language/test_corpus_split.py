"""Documents split and taken by their hashes, and their digest."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language.corpus import Document, digest, split, take
from tests.collapse_sim.language.documents import characters, domains

documents_drawn = st.lists(
    st.builds(Document, st.text("abc é\n", min_size=1), st.sampled_from(["a", "b", "c"])),
    max_size=40,
    unique_by=lambda document: document.text,
)


def test_the_digest_depends_on_texts_domains_and_order():
    one, two = Document("a", "x"), Document("b", "x")
    corpora = [
        [one, two],
        [two, one],
        [one],
        [Document("ab", "x")],
        [Document("a", "y"), two],
        [Document("", "ax"), two],
        [],
    ]
    assert len({digest(documents) for documents in corpora}) == len(corpora)
    assert digest([Document("a", "x"), Document("b", "x")]) == digest([one, two])
    # printf '[["x", "a"]]' | sha256sum
    assert digest([one]).startswith("f5de8a52075f1e64")


@given(documents=documents_drawn, held_out=st.floats(0.01, 0.99))
def test_a_split_is_a_partition_with_both_sides_in_every_domain(documents, held_out):
    train, held = split(documents, held_out)
    assert sorted(train + held, key=documents.index) == documents
    assert train == [document for document in documents if document in train]
    assert held == [document for document in documents if document in held]
    for domain, texts in domains(documents).items():
        sides = [sum(document.domain == domain for document in side) for side in (train, held)]
        assert min(sides) >= 1 if len(texts) >= 2 else sides == [1, 0]


@given(documents=documents_drawn, held_out=st.floats(0.01, 0.99), order=st.randoms())
def test_a_split_ignores_the_order_and_the_other_domains(documents, held_out, order):
    held = set(split(documents, held_out)[1])
    shuffled = list(documents)
    order.shuffle(shuffled)
    assert set(split(shuffled, held_out)[1]) == held
    alone = [document for document in documents if document.domain == "a"]
    assert set(split(alone, held_out)[1]) == {d for d in held if d.domain == "a"}


def test_the_share_of_characters_is_met_and_more_documents_move_few():
    documents = [Document(f"{number} " + "x" * (number % 50), "a") for number in range(1000)]
    _, held = split(documents, 0.2)
    assert 0 <= characters(held) - 0.2 * characters(documents) < 60
    _, of_fewer = split(documents[:900], 0.2)
    stayed = set(of_fewer) & set(held)
    # Independent choices would have 36 of 180 in common.
    assert len(stayed) > 0.85 * len(of_fewer)


def test_the_python_corpus_is_split_by_characters_in_every_domain(python_documents):
    train, held = split(python_documents, 0.1)
    assert not {document.text for document in train} & {document.text for document in held}
    for domain, texts in domains(held).items():
        share = sum(map(len, texts)) / characters(
            document for document in python_documents if document.domain == domain
        )
        assert 0.1 <= share < 0.25


def test_no_duplicate_of_a_held_out_text_is_trained_on():
    documents = [Document(str(number % 7), "ab"[number % 2]) for number in range(40)]
    train, held = split(documents, 0.5)
    texts = [document.text for document in train + held]
    assert sorted(texts) == sorted({str(number) for number in range(7)})
    assert train and held


@pytest.mark.parametrize("held_out", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(held_out):
    with pytest.raises(ValueError) as refusal:
        split([Document("a", "x")], held_out)
    assert str(refusal.value) == f"held_out={held_out}: accepted is (0, 1)"


@given(documents=documents_drawn, wanted=st.integers(0, 300))
def test_as_many_characters_are_taken_as_there_are(documents, wanted):
    taken = take(documents, wanted)
    assert characters(taken) == min(wanted, characters(documents))
    texts = domains(documents)
    whole = set(documents)
    cut = [document for document in taken if document not in whole]
    assert len({document.domain for document in cut}) == len(cut), "one for each domain"
    for document in cut:
        assert any(text.startswith(document.text) for text in texts[document.domain])
    if wanted >= characters(documents):
        assert set(taken) == whole and len(taken) == len(documents)
    assert take(documents[::-1], wanted) == taken


@given(documents=documents_drawn, wanted=st.integers(0, 300))
def test_domains_are_taken_in_equal_parts(documents, wanted):
    parts = {name: 0 for name in domains(documents)}
    for document in take(documents, wanted):
        parts[document.domain] += len(document.text)
    largest = max(parts.values(), default=0)
    for domain, texts in domains(documents).items():
        assert parts[domain] >= min(largest - len(parts), sum(map(len, texts)))


def test_the_smallest_hashes_are_held_out_and_taken():
    documents = [Document(f"text {number:02}", "a") for number in range(40)]
    ordered = sorted(documents, key=lambda d: hashlib.sha256(d.text.encode()).digest())
    assert take(documents, 5 * len("text 00")) == ordered[:5]
    assert set(split(documents, 0.25)[1]) == set(ordered[:10])


def test_every_beginning_of_what_is_taken_is_balanced():
    documents = [Document(f"{n:02} {domain}.", domain) for n in range(30) for domain in "ab"]
    taken = take(documents, 200)
    assert [document.domain for document in taken] == ["a", "b"] * 20
    longer = take(documents, 250)
    assert longer[:40] == taken


def test_duplicates_take_no_room_and_none_is_cut_into_another_text():
    documents = [Document(f"text {number:02}", "a") for number in range(40)]
    wanted = 10 * len("text 00") - 3
    taken = take(documents * 2, wanted)
    assert taken == take(documents, wanted) and len(taken) == 10
    again = take(documents * 2, wanted, repeated=True)
    assert characters(again) == wanted and len(set(again)) < len(again)
