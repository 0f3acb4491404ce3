"""Formulas as MathML, made when the pages are built: no script, no font and no network.

Browsers draw MathML themselves (Chromium from version 109 on, Firefox, Safari).
"""

import re
import unicodedata

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

STYLED = re.compile(r'<(m[in]) mathvariant="(double-struck|bold)">(\w)<')
"""A letter that browsers do not draw in the style asked for: it has a sign of its own."""

RELATION = re.compile("<mi>(&#x02AAF;|&#x02AB0;)</mi>")
"""Signs of order between matrices, which the converter takes for letters."""

STYLES = {"double-struck": "DOUBLE-STRUCK CAPITAL", "bold": "BOLD DIGIT"}

OWN_SIGNS = {"R": "ℝ", "C": "ℂ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "Z": "ℤ"}

TAG = re.compile(r"\\tag\{([^}]*)\}")


def formula(node: nodes.Element, display: str) -> str:
    """MathML of a formula, `inline` or as a `block`; one that cannot be read is a warning."""
    try:
        made = convert(TAG.sub("", node.astext()), display=display)
        made = RELATION.sub(r"<mo>\1</mo>", made)
        return STYLED.sub(lambda found: f"<{found[1]}>{_sign(found[2], found[3])}<", made)
    except Exception as error:  # latex2mathml has many kinds
        LOGGER.warning("formula %r: %r", node.astext(), error, location=node)
        return ""


def _sign(style: str, letter: str) -> str:
    if style == "double-struck" and letter in OWN_SIGNS:
        return OWN_SIGNS[letter]
    name = unicodedata.name(letter).rpartition(" ")[2]
    return unicodedata.lookup(f"MATHEMATICAL {STYLES[style]} {name}")


def visit_inline(self, node: nodes.math) -> None:
    self.body.append(formula(node, "inline"))
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    """A formula on a line of its own, with its number where it has one."""
    numbers = TAG.findall(node.astext())
    number = "".join(f'<span class="eqno">({tag})</span>' for tag in numbers)
    self.body.append(f'<div class="formula">{number}{formula(node, "block")}</div>\n')
    raise nodes.SkipNode


def displayed(app: Sphinx, doctree: nodes.document) -> None:
    """Split paragraphs at displayed formulas: HTML has no block inside a paragraph."""
    del app
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if any(isinstance(child, nodes.math_block) for child in paragraph):
            parts: list[nodes.Node] = []
            for child in paragraph.children:
                if isinstance(child, nodes.math_block):
                    parts.append(child)
                elif parts and isinstance(parts[-1], nodes.paragraph):
                    parts[-1] += child
                else:
                    parts.append(nodes.paragraph("", "", child))
            paragraph.replace_self([part for part in parts if part.astext().strip()])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", displayed)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
