r"""Formulas of the ledger in plain signs for a terminal: `$\hat w_n \le \sigma$` is ŵ_n ≤ σ."""

import re
import unicodedata

_NAMES = """alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ kappa κ
lambda λ mu μ pi π rho ρ sigma σ tau τ phi φ varphi φ chi χ psi ψ Delta Δ Phi Φ Psi Ψ Sigma Σ sum Σ
prod Π le ≤ ge ≥ ne ≠ to → infty ∞ sim ~ approx ≈ asymp ≍ propto ∝ ll ≪ gg ≫ preceq ≼ in ∈ mid |
cdot · lVert ‖ rVert ‖ top ᵀ dagger ⁺"""

SYMBOLS = dict(re.findall(r"(\w+)\s(\S+)", _NAMES)) | {"mathbb": "", "mathrm": "", "text": ""}
"""Commands that are one sign, or none; ln, max and other words stand as they are."""

_ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304"}
_ONE = r"\d+|\w(\^\w)?"
"""A number, or a letter with its power."""

_SCRIPT = r"-?(\d+|[^\W\d_]+)|[*+∞]"
"""A number or a word, with a sign or without."""

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)


def plain(text: str) -> str:
    r"""Text with its formulas, between dollars, in plain signs.

    >>> plain(r"the mean is $\frac{\sigma^2 d}{T - d - 1} \to 0$")
    'the mean is (σ^2 d)/(T - d - 1) → 0'
    >>> plain(r"$\sqrt{E\,\mathrm{tr} A^{-2}}$ and $\frac1k$")
    '√(E tr A^-2) and 1/k'
    """
    parts = text.split("$")
    parts[1::2] = [_Reader(formula).read() for formula in parts[1::2]]
    return "".join(parts)


class _Reader:
    """Reader of one formula, token by token."""

    def __init__(self, formula: str):
        self.tokens = _TOKEN.findall(formula)

    def read(self) -> str:
        """Read on to the closing brace or the end."""
        said = ""
        while self.tokens and self.tokens[0] != "}":
            said += self.next()
        return re.sub("‖ (.*?) ‖", r"‖\1‖", re.sub(" {2,}", " ", said))

    def next(self) -> str:
        """Read the next sign, group or command with its arguments."""
        token = self.tokens.pop(0)
        if token == "{":
            inner = self.read()
            del self.tokens[:1]
            return inner
        if token in "_^":
            mark = self.next()
            return (
                mark if mark in ("ᵀ", "⁺") else token + _bracketed(mark, r"-?(\d+|[^\W\d_]+)|[*+∞]")
            )
        if not token.startswith("\\"):
            return token
        return self.command(token[1:])

    def command(self, name: str) -> str:
        if name == "frac":
            above = _bracketed(self.argument(), r"[\w^]+")
            return f"{above}/{_bracketed(self.argument(), _ONE)}"
        if name == "sqrt":
            return f"√{_bracketed(self.argument(), _ONE)}"
        if name in _ACCENTS:
            return unicodedata.normalize("NFC", self.argument() + _ACCENTS[name])
        if name in (",", ";", " "):
            return " "
        if name in SYMBOLS:
            return SYMBOLS[name]
        return name if not name.isalpha() or not self._letter_follows() else f"{name} "

    def argument(self) -> str:
        """Read the next group or sign, after any blanks."""
        while self.tokens[:1] == [" "]:
            self.tokens.pop(0)
        return self.next() if self.tokens else ""

    def _letter_follows(self) -> bool:
        return bool(self.tokens) and re.match(r"[^\W_]|\\", self.tokens[0]) is not None


def _bracketed(text: str, whole: str) -> str:
    """Put brackets around a text, unless it is one symbol: unless it matches the pattern
    `whole`."""
    return text if re.fullmatch(whole, text) else f"({text})"
