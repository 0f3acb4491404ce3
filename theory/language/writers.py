"""Writers of edits: the linear theory of token editing, asked of language models.

In the regression (theory/editing/frozen.py) edits by the first model keep twice the first error for
ever, edits by the latest model add to it without end, and full resampling adds as much every time.
A run over seeds decides the same of tokens, for the median over seeds.
"""

from theory.claims import claim
from theory.language.printed import EDITED_SHARE
from theory.language.trends import ZHU
from theory.validate import require_fraction


@claim(
    "lm.certainty",
    f"{ZHU}, table 15",
    relation="<=",
    provenance="read",
    says="a small model is as sure of a language made for it as the published prior is of its "
    "text: the shares of tokens of probability 0.99 and more differ by no more than a tolerance",
    stated="12.503 % of the tokens",
    needed="measured: a language whose probabilities have the published histogram",
    expected="holds",
    kind="trend",
)
def certainty_tolerance(*, certainty_tolerance: float) -> float:
    """Difference of two shares of tokens that still counts as none.

    >>> certainty_tolerance(certainty_tolerance=0.01)
    0.01
    """
    require_fraction("certainty_tolerance", certainty_tolerance)
    return certainty_tolerance


def published_sure_share() -> float:
    """Share of the tokens of which the published prior is sure, P > 0.99, in the first pass.

    >>> published_sure_share()
    0.12503
    """
    return round(EDITED_SHARE[0] / 100, 5)


@claim(
    "lm.edit_twice",
    f"{ZHU}, theorem 2 (a), on tokens",
    relation="<=",
    provenance="read",
    says="a model of edited text loses at most twice what the first model loses",
    stated="test error of a regression, edits written by the latest model",
    needed="measured on tokens; proved for a regression whose first model writes all edits",
    expected="holds on small models for a quarter of the tokens and few rounds",
    kind="trend",
)
def twice() -> float:
    """Ratio of the last divergence to the first one that the published bound allows.

    >>> twice()
    2.0
    """
    return 2.0


@claim(
    "lm.frozen_safer",
    "derived for the regression (ref.edit_frozen), asked here of tokens",
    relation=">=",
    says="edits by the latest model end with a larger loss than edits of the same tokens by "
    "the first",
    needed="measured on tokens; proved for a regression and masks blind to the noise",
    expected="holds for tokens chosen blindly; where the model is sure it writes what stood there",
    kind="trend",
)
@claim(
    "lm.frozen_levels",
    "derived for the regression (ref.edit_frozen), asked here of tokens",
    relation="<=",
    says="edits by the first model add less and less: less in the second half of the rounds "
    "than in the first",
    needed="measured on tokens; proved for a regression and masks blind to the noise",
    expected="holds for tokens chosen blindly",
    kind="trend",
)
@claim(
    "lm.replace_linear",
    f"{ZHU}, equation 7, on tokens",
    relation="<=",
    provenance="read",
    says="full resampling adds no more in the second half of the rounds than in the first: it "
    "grows linearly at most",
    stated="test error of a regression: exactly linear",
    needed="measured on tokens",
    expected="holds on small models",
    kind="trend",
)
def no_more() -> float:
    """Zero, the value that a difference between two arms, or two spans of one, is compared with.

    >>> no_more()
    0.0
    """
    return 0.0
