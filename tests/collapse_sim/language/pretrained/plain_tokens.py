"""llama.cpp's rule for GGUF's byte-level pairs, character by character, with no regular expression.

Written from the rule and not from the package: the truth for the tokenizers rebuilt from metadata.
"""

import unicodedata


def is_number(character: str) -> bool:
    return unicodedata.category(character)[0] == "N"


def is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L"


def is_space(character: str) -> bool:
    return character in "\t\n\v\f\r\x85" or unicodedata.category(character)[0] == "Z"


def is_other(character: str) -> bool:
    return not (is_number(character) or is_letter(character) or is_space(character))


def special_first(text: str, special: list[str]) -> list[tuple[bool, str]]:
    out, at, begun = [], 0, 0
    while at < len(text):
        found = max((s for s in special if text.startswith(s, at)), key=len, default="")
        if found:
            out += [(False, text[begun:at]), (True, found)]
            begun = at + len(found)
        at += max(len(found), 1)
    return [*out, (False, text[begun:])]


def digits_apart(text: str) -> list[str]:
    out, begun = [], 0
    for at, character in enumerate(text):
        if is_number(character):
            out += [text[begun:at], character]
            begun = at + 1
    return [piece for piece in [*out, text[begun:]] if piece]


def gpt2_pieces(text: str) -> list[str]:
    """'s|'t|'re|'ve|'m|'ll|'d| ?letters| ?numbers| ?others|spaces that none but a space follows."""
    out, at = [], 0
    while at < len(text):
        end = at
        for ending in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"):
            if text.startswith(ending, at):
                end = at + len(ending)
                break
        begin = at + (text[at] == " ")
        for kind in (is_letter, is_number, is_other):
            if end == at and begin < len(text) and kind(text[begin]):
                end = begin
                while end < len(text) and kind(text[end]):
                    end += 1
        if end == at:
            while end < len(text) and is_space(text[end]):
                end += 1
            if end < len(text) and end - at > 1:
                end -= 1
        out.append(text[at:end])
        at = end
    return out


def byte_alphabet() -> list[str]:
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte if byte in shown else 256 + hidden.index(byte)) for byte in range(256)]


def merged(piece: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    alphabet = byte_alphabet()
    parts = [alphabet[byte] for byte in piece.encode()]
    while len(parts) > 1:
        pairs = list(zip(parts, parts[1:], strict=False))
        best = min(range(len(pairs)), key=lambda at: (ranks.get(pairs[at], len(ranks)), at))
        if pairs[best] not in ranks:
            break
        parts[best : best + 2] = ["".join(pairs[best])]
    return parts


def encode(text, tokens: list[str], merges: list[str], special: list[str], cut: str) -> list[int]:
    number = {token: at for at, token in enumerate(tokens)}
    ranks = {tuple(merge.split(" ", 1)): rank for rank, merge in enumerate(merges)}
    ids = []
    for is_special, part in special_first(text, special):
        if is_special:
            ids.append(number[part])
            continue
        for run in digits_apart(part) if cut == "smollm" else [part]:
            for piece in gpt2_pieces(run):
                ids += [number[token] for token in merged(piece, ranks)]
    return ids
