"""Instruction pairs: read, split by prompt, and encoded with only the response scored."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language import instructions, standard_library
from collapse_sim.language.corpus import Document
from collapse_sim.language.instructions import (
    Pair,
    encode_pairs,
    read_pairs,
    split,
    standard_library_pairs,
)
from collapse_sim.language.tokenizer import BASE, decode, train_tokenizer

BYTES = train_tokenizer([Document("text", "")], BASE)

texts = st.text("ab é\n", min_size=1, max_size=6)
pairs_drawn = st.lists(st.builds(Pair, texts, texts, st.sampled_from("xyz")), max_size=30)


# The standard library


@pytest.fixture(scope="module")
def library() -> list[Pair]:
    return standard_library_pairs()


def test_python_has_thousands_of_pairs_in_three_domains(library):
    sizes = {name: sum(pair.domain == name for pair in library) for name in instructions.DOMAINS}
    assert sum(sizes.values()) == len(library) > 3000 and min(sizes.values()) > 400
    assert len({pair.prompt for pair in library}) == len(library)
    assert all(pair.response[-1] in ".!?" and pair.response[0].isupper() for pair in library)
    assert all("\n" not in pair.prompt + pair.response for pair in library)
    known = Pair(
        "contextlib: class closing(AbstractContextManager)",
        "Context to automatically close something at the end of a block.",
        "classes",
    )
    assert known in library


MODULE = '''\
"""The module has its own sentence."""

class Bag(list, metaclass=Meta):
    """Hold things in any order.

    And more.
    """

    async def take(self, n: int = 1, *, last=False) -> "Thing":
        """Take some of the things out."""
        def inner():
            """Say what is left inside."""

    def put(self, x):
        """Put a thing into the bag and do not
        look."""

    def bag_size(self):
        """The bag size."""

if True:
    def pop(bag):
        """pop(bag) -> thing.  Take one."""

    def push(bag):
        """Bag push: bag -> bag.  Push it."""

    def drop(bag):
        """Drop it."""

    def add(bag):
        """Is a thing added?"""

    def add(bag):
        """Add one more thing."""

    def silent(): return "A string that is no docstring."
'''


def test_definitions_are_told_by_their_signatures(monkeypatch):
    """First lines that are sentences of three words or more and say more than the name."""
    modules = [("a.b", MODULE), ("c", "def add(bag): 'Add a thing elsewhere.'")]
    monkeypatch.setattr(standard_library, "modules_below", lambda folder: modules)
    take = "async def take(self, n: int=1, *, last=False) -> 'Thing'"
    assert standard_library_pairs() == [
        Pair("a.b: class Bag(list, metaclass=Meta)", "Hold things in any order.", "classes"),
        Pair(f"a.b.Bag: {take}", "Take some of the things out.", "methods"),
        Pair("a.b.Bag.take: def inner()", "Say what is left inside.", "functions"),
        Pair("a.b: def add(bag)", "Is a thing added?", "functions"),
        Pair("c: def add(bag)", "Add a thing elsewhere.", "functions"),
    ]


# Files


@pytest.mark.parametrize("compressed", [False, True])
def test_pairs_are_read_with_their_domains(tmp_path, compressed):
    rows = [
        {"prompt": "a\u2028b", "response": " é\n", "domain": "x"},
        {"prompt": "a", "response": "b", "n": 1},
    ]
    content = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    file = tmp_path / ("some.pairs.jsonl" + ".gz" * compressed)
    file.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    pairs, note = read_pairs(str(file))
    assert pairs == [Pair("a\u2028b", " é\n", "x"), Pair("a", "b", "some.pairs")]
    assert note == f"--pairs {file.name}: 2 pairs, 8 characters"


GOOD = b'{"prompt": "a", "response": "b"}\n'
OBJECTS = "accepted are objects with `prompt` and `response`, non-empty strings"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", GOOD * 2 + b'{"prompt": "a"}', f"line 3 without response: {OBJECTS}"),
        ("a.jsonl", b'\n{"response": "a"}', f"line 2 without prompt: {OBJECTS}"),
        ("a.jsonl", b'{"prompt": " ", "response": "a"}', f"line 1 without prompt: {OBJECTS}"),
        ("a.jsonl", b'{"prompt": "a", "response": 1}', f"line 1 without response: {OBJECTS}"),
        (
            "a.jsonl",
            b'{"prompt": "a", "response": "\\ud800"}',
            f"line 1 without response: {OBJECTS}",
        ),
        ("a.jsonl", b'["prompt"]', f"line 1 without prompt: {OBJECTS}"),
        (
            "a.jsonl",
            b'{"prompt": "a", "response": "b", "domain": 7}',
            "line 1: domain=7: accepted are strings",
        ),
        ("a.jsonl", GOOD + b"{", "line 2 is not JSON at column 2: Expecting property name"),
        ("a.jsonl", GOOD + b"\xff", "line 2 is not UTF-8 at byte 33 of the file: accepted"),
        ("a.jsonl", GOOD + b"[" * 200_000, "line 2 is JSON nested too deeply: accepted is"),
        ("a.jsonl", b"\n" + b"9" * 5000, "line 2 is JSON with too long an integer: accepted are"),
        ("a.jsonl", b"\n", "empty: accepted are files that hold pairs"),
        ("a.jsonl.gz", GOOD, "Not a gzipped file"),
        ("a.txt", GOOD, instructions.ACCEPTED),
        ("missing.jsonl", None, f"no such file: {instructions.ACCEPTED}"),
    ],
)
def test_an_unusable_file_is_refused_in_one_line(tmp_path: Path, name, content, message):
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError) as refusal:
        read_pairs(str(file))
    assert str(refusal.value).startswith(f"--pairs {file}: " + message.replace("{file}", str(file)))
    assert "\n" not in str(refusal.value)


# The split


@given(pairs=pairs_drawn, held_out=st.floats(0.01, 0.99), order=st.randoms())
def test_no_prompt_and_no_response_is_on_both_sides(pairs, held_out, order):
    train, held = split(pairs, held_out)
    assert sorted(train + held, key=str) == sorted(pairs, key=str)
    assert not {pair.prompt for pair in train} & {pair.prompt for pair in held}
    assert not {pair.response for pair in train} & {pair.response for pair in held}
    assert train == [pair for pair in pairs if pair in train]
    alone = list({pair.prompt: pair for pair in pairs}.values())
    shuffled = list(alone)
    order.shuffle(shuffled)
    for first, second in zip(split(alone, held_out), split(shuffled, held_out), strict=True):
        assert set(first) == set(second)


@pytest.mark.parametrize("held_out", [0.01, 0.5, 0.9])
def test_links_lead_through_other_pairs(held_out):
    """a-1, b-1, b-2 and c-2 are one group, whatever lies between them; d-3 is another."""
    linked = [Pair("a", "1", "x"), Pair("b", "1", "x"), Pair("b", "2", "y"), Pair("c", "2", "x")]
    alone = Pair("d", "3", "x")
    for pairs in ([*linked, alone], [linked[3], alone, linked[0], linked[2], linked[1]]):
        train, held = split(pairs, held_out)
        assert {len(train), len(held)} == {1, 4} and [alone] in (train, held)


def test_the_share_is_met_in_every_domain(library):
    """Up to what groups add: they are split whole, and may have prompts of two domains."""
    held = split(library, 0.2)[1]
    for domain in instructions.DOMAINS:
        whole, part = (
            sum(len(pair.prompt) for pair in pairs if pair.domain == domain)
            for pairs in (library, held)
        )
        assert abs(part / whole - 0.2) < 0.01


@pytest.mark.parametrize("held_out", [0.0, 1.0])
def test_a_share_that_is_none_is_refused(held_out):
    with pytest.raises(ValueError, match=rf"^held_out={held_out}: accepted is \(0, 1\)"):
        split([Pair("a", "b", "c")], held_out)


# Blocks


def ids(text: str) -> list[int]:
    return BYTES.encode(text).ids


def test_a_pair_is_a_block_of_which_the_response_is_scored():
    first, long, second = Pair("ab", "cde", "x"), Pair("abcd", "efgh", "x"), Pair("a", "b<", "y")
    encoded = encode_pairs(BYTES, [first, long, second], 9)
    assert encoded.pairs == [first, second] and encoded.left_out == 1
    expected = [ids("ab\ncde") + [0, 0, 0], ids("a\nb<") + [0] * 5]
    np.testing.assert_array_equal(encoded.tokens, expected)
    scored = [[0, 0, 0, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0, 0, 0, 0]]
    np.testing.assert_array_equal(encoded.scored, np.array(scored, bool))
    blocks = encoded.blocks(3)
    np.testing.assert_array_equal(blocks.labels, [encoded.tokens] * 3)
    np.testing.assert_array_equal(blocks.scored, [encoded.scored] * 3)
    np.testing.assert_array_equal(blocks.given, [[3, 2]] * 3)


MERGED = train_tokenizer([Document("aab a b é\n" * 20 + "bab\na", "")], BASE + 7)


@given(pairs=pairs_drawn, time=st.integers(4, 20))
def test_blocks_hold_whole_pairs_and_nothing_else(pairs, time):
    """Also with merged tokens, of which none holds parts of prompt and response."""

    def length(pair):
        return sum(len(MERGED.encode(text).ids) for text in (pair.prompt + "\n", pair.response)) + 1

    fits = [pair for pair in pairs if length(pair) <= time]
    if not fits:
        with pytest.raises(ValueError, match=rf"^time={time}: the shortest of {len(pairs)} pairs"):
            encode_pairs(MERGED, pairs, time)
        return
    encoded = encode_pairs(MERGED, pairs, time)
    assert encoded.pairs == fits and encoded.left_out == len(pairs) - len(fits)
    for tokens, scored, pair in zip(encoded.tokens, encoded.scored, fits, strict=True):
        response = tokens[scored]
        start = int(np.argmax(scored))
        assert decode(MERGED, tokens[:start]) == pair.prompt + "\n"
        assert decode(MERGED, response) == pair.response
        assert response[-1] == 0 and (response[:-1] != 0).all()
        assert scored[start : start + len(response)].all()
        assert (tokens[start + len(response) :] == 0).all()
