"""Names of the families, and the words of --help for each; `experiments.recursion.NAME` holds it.

This is the list: nothing else names a family. Nothing is imported here, so that --help is quick.
"""

from typing import NamedTuple


class Listed(NamedTuple):
    """Words of --help, and whether the family is part of --family all."""

    about: str = ""
    in_all: bool = False


FAMILIES = {
    "gaussian": Listed(in_all=True),
    "categorical": Listed("words of a text", in_all=True),
    "mixture": Listed("EM", in_all=True),
    "kde": Listed("kernel density", in_all=True),
    "sources": Listed("the three sources of error one by one"),
    "selection": Listed("verifiers, and where accumulation fails", in_all=True),
    "forgetting": Listed("time until a type, a tail or a spread is gone"),
    "contamination": Listed("training on data that are part human, part synthetic"),
    "estimates": Listed("intervals, extrapolated fits, curation and other uses of synthetic data"),
    "corpora": Listed(
        "words: human tokens kept, tokens added, several models, smoothing, new words"
    ),
    "regressions": Listed("logistic and Poisson"),
    "vae": Listed("a variational autoencoder of pictures: --images"),
    "table": Listed("a Gaussian and a Gaussian copula of the columns of --data"),
    "ridge": Listed("regression with a penalty or by minimum norm, on mixed and shifted rows"),
}

ALL = tuple(name for name, listed in FAMILIES.items() if listed.in_all)


def described() -> str:
    """All families in a sentence or two, for --help."""
    in_all, alone = (
        ", ".join(
            f"{name} ({listed.about})" if listed.about else name
            for name, listed in FAMILIES.items()
            if listed.in_all is chosen
        )
        for chosen in (True, False)
    )
    return f"{in_all}. Not in all: {alone}."
