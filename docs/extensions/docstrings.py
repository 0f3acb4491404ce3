"""Docstrings and signatures as people read them."""

import re
from typing import Any

from sphinx.application import Sphinx

KNOWN = r"jaxtyping|jaxlib\._jax|jax|numpy|typing|collections\.abc|pathlib|collapse_sim(?:\.\w+)*"

SHORTER = [
    (re.compile(rf"\b(?:{KNOWN})\.(?=[A-Z])"), ""),
    (re.compile(r"\bnumpy\.ndarray"), "ndarray"),
    (re.compile(r"(?<=[\[ ])~"), ""),
]
"""What is left out of a signature: modules of types."""

PART = re.compile(r"`([^`\n]+)`|\$([^$\n]+)\$|([*|_\\])")
"""A name, a formula, or a sign that means something in reStructuredText alone."""


def signature(app: Sphinx, what: str, name: str, obj: Any, options: Any, says: str, returns: str):
    """A signature whose types have no modules: `Float[Array, 'rows columns']`."""
    del app, what, name, obj, options
    return _short(says), _short(returns)


def _short(text: str | None) -> str | None:
    for long, short in SHORTER if text else ():
        text = long.sub(short, text)
    return text


def docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Plain text as reStructuredText: `names`, formulas between dollars, and nothing else."""
    del app, what, name, obj, options
    lines[:] = [line if line.startswith(">>>") else PART.sub(_marked, line) for line in lines]


def _marked(part: re.Match[str]) -> str:
    name, formula, sign = part.groups()
    return f"``{name}``" if name else f":math:`{formula}`" if formula else f"\\{sign}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
