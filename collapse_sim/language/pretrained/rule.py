"""Rule of an edit: the tokens that it redraws, and the law of their successors.

Token-level editing as published redraws every token whose probability is at least 0.99 from the
model's own law, in the context of the original text (Zhu et al. 2025, arXiv 2412.14689, equation
2). Its authors' public script differs: see `authors_script`.
"""

import math
from dataclasses import dataclass

STRATEGIES = {
    "revise-above": "redraw each token whose probability is at least `threshold`",
    "revise-above-drop-below": "the same, and delete each of probability at most `drop_below`",
    "filter": "redraw none, and delete each token of probability at most `drop_below`",
    "revise-below": "redraw each token whose probability is at most `threshold`",
    "context-only": "redraw whatever token stands where the likeliest has at least `threshold`",
}
"""What each strategy does. Only the last leaves the law of a perfect model's text unchanged."""

SAMPLERS = {
    "full": "every token",
    "top-k": "the `top_k` likeliest tokens",
    "top-p": "the fewest tokens that together have the probability `top_p`",
    "rejection": "every token but the one that stands there",
}
"""Among what each sampler draws, in proportion to the model's probabilities."""


@dataclass(frozen=True)
class EditRule:
    """Tokens that are redrawn or deleted, and the law of the draws.

    The default is the paper's text, with draws from the whole vocabulary. Raises ValueError for
    values that are not accepted.
    """

    strategy: str = "revise-above"
    """One of STRATEGIES."""
    threshold: float = 0.99
    drop_below: float = 0.001
    temperature: float = 1.0
    """Replacements have probabilities in proportion to the model's to the power 1 / temperature."""
    sampler: str = "full"
    """One of SAMPLERS."""
    top_k: int = 8
    top_p: float = 0.95
    strict: bool = False
    """Whether a probability equal to a threshold is left alone."""

    def __post_init__(self):
        for name, accepted in (("strategy", STRATEGIES), ("sampler", SAMPLERS)):
            if getattr(self, name) not in accepted:
                raise ValueError(
                    f"{name}={getattr(self, name)}: accepted are {', '.join(accepted)}"
                )
        for name in ("threshold", "drop_below"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)}: accepted is [0, 1]")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature={self.temperature}: accepted are finite numbers > 0")
        if not isinstance(self.top_k, int) or self.top_k < 1:
            raise ValueError(f"top_k={self.top_k}: accepted are integers >= 1")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p={self.top_p}: accepted is (0, 1]")

    @property
    def revises(self) -> bool:
        """Tell whether some token may be redrawn."""
        return self.strategy != "filter"

    @property
    def drops(self) -> bool:
        """Tell whether some token may be deleted."""
        return self.strategy in ("revise-above-drop-below", "filter")


AUTHORS_STRATEGIES = {
    "up_revise": ("revise-above", 1.5),
    "low_drop_up_revise": ("revise-above-drop-below", 1.0),
    "filtering": ("filter", 1.0),
}
"""Of the authors' public script by its names: the strategy here, and its temperature."""


def authors_script(name: str | None = None) -> EditRule:
    """The authors' public script, which differs from the paper's text.

    Of its three strategies one has a temperature of 1.5 and two delete every token of probability
    below 0.001. Without a name both are done at once, which none of them does. All inequalities are
    strict, and the candidates are the 8 likeliest tokens. Raises ValueError for another name.
    """
    if name is None:
        strategy, temperature = "revise-above-drop-below", 1.5
    elif name in AUTHORS_STRATEGIES:
        strategy, temperature = AUTHORS_STRATEGIES[name]
    else:
        raise ValueError(f"name={name}: accepted are {', '.join(AUTHORS_STRATEGIES)}")
    return EditRule(
        strategy, temperature=temperature, sampler="top-k", threshold=0.99, top_k=8, strict=True
    )
