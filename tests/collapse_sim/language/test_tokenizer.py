"""Byte-level tokens: exact for every text, deterministic, packed, capped, and by domain."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collapse_sim.language.corpus import Document, digest, split
from collapse_sim.language.tokenizer import (
    END_OF_TEXT,
    decode,
    encode,
    load,
    pack,
    save,
    token_bytes,
    tokenize,
    train_tokenizer,
)

WORDS = "the cat sat on the mat and the dog ate that cat's hat at ten past two"


def write(count: int, domain: str, words: int = 60) -> list[Document]:
    """Distinct documents of random words."""
    random = np.random.default_rng(sum(domain.encode()))
    drawn = random.choice(WORDS.split(), (count, words))
    return [Document(f"{domain} {n}: {' '.join(row)}", domain) for n, row in enumerate(drawn)]


TEXTS = write(20, "a") + write(10, "b")
TOKENIZER = train_tokenizer(TEXTS, 300)
OTHER_TOKENIZER = train_tokenizer(write(3, "c"), 260)


def roundtrip(tokenizer, text: str) -> np.ndarray:
    """Checked tokens of a text, without the end."""
    (tokens,) = encode(tokenizer, [Document(text, "x")])
    assert tokens.dtype == np.int32
    assert tokens[-1] == 0 and (tokens[:-1] > 0).all()
    assert decode(tokenizer, tokens) == text
    table = token_bytes(tokenizer)
    assert b"".join(table[token] for token in tokens) == text.encode()
    return tokens[:-1]


# Training


@pytest.mark.parametrize("vocabulary", [257, 258, 300])
def test_a_vocabulary_has_exactly_the_size_asked_for(vocabulary):
    tokenizer = train_tokenizer(TEXTS, vocabulary)
    assert tokenizer.get_vocab_size() == vocabulary
    assert sorted(tokenizer.get_vocab().values()) == list(range(vocabulary))
    assert tokenizer.token_to_id(END_OF_TEXT) == 0
    assert sorted(token_bytes(tokenizer)[1:257]) == [bytes([byte]) for byte in range(256)]
    assert len(json.loads(save(tokenizer))["model"]["merges"]) == vocabulary - 257


def test_training_is_deterministic_and_depends_on_the_text():
    assert save(train_tokenizer(TEXTS, 300)) == save(TOKENIZER)
    assert save(train_tokenizer(TEXTS[1:], 300)) != save(TOKENIZER)


def test_merges_are_learned_from_the_text_and_not_across_words():
    tokenizer = train_tokenizer([Document("abab abab", "x")], 260)
    assert token_bytes(tokenizer)[257:] == [b"ab", b"abab", b" abab"]
    assert roundtrip(tokenizer, "abab abab").tolist() == [258, 259]


@pytest.mark.parametrize("vocabulary", [256, 0, -1])
def test_fewer_entries_than_bytes_are_refused(vocabulary):
    with pytest.raises(ValueError) as refusal:
        train_tokenizer(TEXTS, vocabulary)
    assert str(refusal.value) == (
        f"vocabulary={vocabulary}: accepted are integers >= 257, 256 bytes and the end of text"
    )


@pytest.mark.parametrize(("text", "most"), [("abab abab", 260), ("a", 257), ("", 257)])
def test_more_merges_than_the_corpus_has_are_refused(text, most):
    documents = [Document(text, "x")]
    with pytest.raises(ValueError) as refusal:
        train_tokenizer(documents, 1000)
    assert str(refusal.value) == f"vocabulary=1000: accepted are at most {most} for this corpus"
    assert train_tokenizer(documents, most).get_vocab_size() == most


# Encoding


@given(st.text())
@example("the cat\r\n\n\t  sat \x00\x7f\u00ad\ufeff\u2028é\U0001f600e\u0301")
@example(f"{END_OF_TEXT}the{END_OF_TEXT}{END_OF_TEXT} cat")
@pytest.mark.parametrize("tokenizer", [TOKENIZER, OTHER_TOKENIZER, load(save(TOKENIZER))])
def test_every_text_is_decoded_byte_for_byte(tokenizer, text):
    roundtrip(tokenizer, text)


def test_a_text_that_names_the_end_of_text_does_not_end():
    for tokenizer in (TOKENIZER, load(save(TOKENIZER))):
        tokenizer.encode_special_tokens = False  # the library's default, after loading too
        assert roundtrip(tokenizer, END_OF_TEXT).size > 1


def test_documents_are_encoded_one_by_one_in_order():
    together = encode(TOKENIZER, TEXTS)
    assert len(together) == len(TEXTS)
    for document, tokens in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(tokens[:-1], roundtrip(TOKENIZER, document.text))
    assert encode(TOKENIZER, []) == []


def test_merges_make_a_text_shorter():
    assert roundtrip(TOKENIZER, TEXTS[0].text).size < 0.7 * len(TEXTS[0].text)


def test_tokens_that_are_no_text_are_decoded_with_replacements():
    table = token_bytes(TOKENIZER)
    tokens = np.array([table.index(b"a"), table.index(b"\xff"), 0, table.index(b"b")])
    assert decode(TOKENIZER, tokens) == "a\ufffdb"


def test_a_saved_tokenizer_encodes_alike():
    again = load(save(TOKENIZER))
    assert save(again) == save(TOKENIZER)
    for one, two in zip(encode(again, TEXTS), encode(TOKENIZER, TEXTS), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not JSON", "tokenizer: expected"),
        ("{}", "tokenizer: Model missing"),
        (save(TOKENIZER).replace(END_OF_TEXT, "<end>"), "tokenizer: accepted are those written"),
    ],
)
def test_what_is_no_tokenizer_is_refused(text, message):
    with pytest.raises(ValueError) as refusal:
        load(text)
    assert str(refusal.value).startswith(message)
    assert str(refusal.value).endswith(
        "accepted are those written here, with <|endoftext|> as entry 0"
    )


# Packing


@given(st.lists(st.lists(st.integers(0, 9), max_size=7)), st.integers(1, 9))
def test_blocks_are_the_tokens_in_a_row(lists, time):
    encoded = [np.array(tokens, np.int32) for tokens in lists]
    flat = [token for tokens in lists for token in tokens]
    if len(flat) < time:
        with pytest.raises(ValueError) as refusal:
            pack(encoded, time)
        assert str(refusal.value) == (
            f"corpus has {len(flat)} tokens: accepted are at least {time}, one block of them"
        )
    else:
        blocks = pack(encoded, time)
        assert blocks.dtype == np.int32 and blocks.shape == (len(flat) // time, time)
        assert blocks.ravel().tolist() == flat[: blocks.size]


def test_blocks_of_no_tokens_are_refused():
    with pytest.raises(ValueError, match=r"^time=0: accepted are integers >= 1$"):
        pack([np.arange(3, dtype=np.int32)], 0)


# Corpora


def counts(documents, encoded) -> dict[str, int]:
    return {
        "documents": len(documents),
        "characters": sum(len(document.text) for document in documents),
        "tokens": sum(map(len, encoded)),
    }


def test_a_corpus_is_split_before_the_tokenizer_sees_it():
    corpus = tokenize(TEXTS, vocabulary=300, time=16, held_out=0.2)
    train, held = split(TEXTS, 0.2)
    tokenizer = train_tokenizer(train, 300)
    assert save(corpus.tokenizer) == save(tokenizer) != save(TOKENIZER)
    assert corpus.vocabulary == 300
    np.testing.assert_array_equal(corpus.train, pack(encode(tokenizer, train), 16))
    assert sorted(corpus.held_out) == ["a", "b"]
    sides = {"train": train, "held_out": held}
    for domain in "ab":
        for side, documents in sides.items():
            of_domain = [document for document in documents if document.domain == domain]
            encoded = encode(tokenizer, of_domain)
            assert corpus.sources[side][domain] == counts(of_domain, encoded)
            if side == "held_out":
                np.testing.assert_array_equal(corpus.held_out[domain], pack(encoded, 16))
    assert corpus.sources["digests"] == {side: digest(sides[side]) for side in sides}
    assert json.loads(json.dumps(corpus.sources)) == corpus.sources


def test_a_cap_keeps_blocks_spaced_evenly_from_all_domains():
    everything = tokenize(TEXTS, vocabulary=300, time=16, tokenizer=TOKENIZER)
    blocks = [block.tobytes() for block in everything.train]
    capped = tokenize(TEXTS, vocabulary=300, time=16, tokens=167, tokenizer=TOKENIZER)
    assert capped.train.shape == (10, 16)
    places = [blocks.index(block.tobytes()) for block in capped.train]
    assert places[0] == 0 and set(np.diff(places)) <= {len(blocks) // 10, len(blocks) // 10 + 1}
    assert places[-1] >= 0.9 * len(blocks) - 1
    text = decode(TOKENIZER, capped.train.ravel())
    assert "a 1" in text and "b " in text
    assert capped.sources == everything.sources
    uncapped = tokenize(TEXTS, vocabulary=300, time=16, tokens=10**9, tokenizer=TOKENIZER)
    np.testing.assert_array_equal(uncapped.train, everything.train)


def test_domains_with_less_than_a_block_held_out_are_pooled():
    short = [document for name in "xyz" for document in write(4, name, words=10)]
    _, held = split(TEXTS + short)
    of_short = encode(TOKENIZER, [document for document in held if document.domain in "xyz"])
    sizes = [len(tokens) for tokens in of_short]
    corpus = tokenize(TEXTS + short, vocabulary=300, time=max(sizes) + 1, tokenizer=TOKENIZER)
    assert sorted(corpus.held_out) == ["a", "b", "other"]
    np.testing.assert_array_equal(corpus.held_out["other"], pack(of_short, max(sizes) + 1))
    assert set("xyz") < set(corpus.sources["held_out"])
    all_of_it = tokenize(TEXTS + short, vocabulary=300, time=sum(sizes), tokenizer=TOKENIZER)
    assert all_of_it.held_out["other"].shape == (1, sum(sizes))
    too_long = tokenize(TEXTS + short, vocabulary=300, time=sum(sizes) + 1, tokenizer=TOKENIZER)
    assert sorted(too_long.held_out) == ["a", "b"]


def test_a_domain_that_is_called_other_takes_the_pool_in():
    documents = TEXTS + write(10, "other") + write(4, "x", words=10)
    _, held = split(documents)
    small = [document for document in held if document.domain == "x"]
    large = [document for document in held if document.domain == "other"]
    (size,) = map(len, encode(TOKENIZER, small))
    corpus = tokenize(documents, vocabulary=300, time=size + 1, tokenizer=TOKENIZER)
    expected = pack(encode(TOKENIZER, large + small), size + 1)
    np.testing.assert_array_equal(corpus.held_out["other"], expected)


@pytest.mark.parametrize(
    ("documents", "options", "message"),
    [
        (TEXTS, {"tokens": 15}, "tokens=15: accepted are integers >= time = 16"),
        (TEXTS, {"time": 0}, "time=0: accepted are integers >= 1"),
        (TEXTS, {"held_out": 1.0}, r"held_out=1\.0: accepted is \(0, 1\)$"),
        (TEXTS, {"vocabulary": 256}, "vocabulary=256: accepted are integers >= 257, 256 bytes"),
        (TEXTS, {"vocabulary": 9999}, "vocabulary=9999: accepted are at most "),
        (
            TEXTS,
            {"vocabulary": 301, "tokenizer": TOKENIZER},
            "vocabulary=301: accepted is 300, as in the given tokenizer",
        ),
        (
            TEXTS,
            {"time": 10**6},
            r"corpus has \d+ tokens: accepted are at least 1000000, one block",
        ),
        (
            TEXTS[:1],
            {"vocabulary": 260},
            r"held_out=0\.1: 0 tokens of 0 documents are held out: accepted are corpora with at "
            "least 16, from domains of at least two documents$",
        ),
        (
            TEXTS,
            {"time": 1000, "held_out": 0.001},
            r"held_out=0\.001: \d+ tokens of 2 documents are held out: accepted .* at least 1000,",
        ),
    ],
)
def test_an_unusable_corpus_is_refused_in_one_line(documents, options, message):
    with pytest.raises(ValueError, match=f"^{message}") as refusal:
        tokenize(documents, **{"vocabulary": 300, "time": 16} | options)
    assert "\n" not in str(refusal.value)
