"""Trends: measurements over generations, of language models and others, without a theorem.

A run over seeds decides them for the median over seeds, on its one corpus, split and tokenizer.
"""

from theory.claims import claim
from theory.validate import require_positive

ZHU = "Zhu et al. 2025, arXiv 2412.14689"


@claim(
    "lm.replace_grows",
    "Shumailov et al. 2023, arXiv 2305.17493, section 4",
    relation=">=",
    provenance="read",
    says="the held-out loss grows with every generation of full resampling",
    stated="any language model trained on its predecessor's text",
    needed="measured: nothing is proved",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "lm.replace_worst",
    f"{ZHU}, section 4; Gerstgrasser et al. 2024, arXiv 2404.01413, table 2",
    relation=">=",
    provenance="recalled",
    says="full resampling ends with a larger held-out loss than any other regime",
    needed="measured: nothing is proved",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "shum2024.kept_human",
    "Shumailov et al. 2023, arXiv 2305.17493, the runs that keep original data",
    relation=">=",
    provenance="read",
    says="keeping a tenth of the human data loses less than full resampling",
    stated="10 % of the original data in every generation",
    needed="measured: nothing is proved",
    expected="holds for Gaussians, mixtures and an autoencoder",
    kind="trend",
)
@claim(
    "shum2024.vae",
    "Shumailov et al. 2023, arXiv 2305.17493, the variational autoencoder",
    relation="<=",
    provenance="recalled",
    says="full resampling narrows the codes of an autoencoder's pictures from fit to fit",
    stated="pictures of handwritten digits, seen by the first generation's encoder",
    needed="measured: nothing is proved; the slope of the log of their spread is decided",
    expected="holds on small pictures",
    kind="trend",
)
@claim(
    "zhu2025.fraction",
    f"{ZHU}, figure 2 and tables 1, 9, 11",
    relation=">=",
    provenance="read",
    says="at equal numbers of tokens the held-out loss rises with the synthetic share",
    stated="a generator other than the student",
    needed="measured: nothing is proved; 25 % is better than none in three printed rows",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "dohmatob2025.size",
    "Dohmatob et al. 2025, Strong Model Collapse, arXiv 2410.04840, abstract",
    relation=">=",
    provenance="recalled",
    says="larger models lose more to synthetic text: what a share of it costs rises with the "
    "logarithm of the number of parameters",
    stated="a regression on random projections, and language models; beyond the interpolation "
    "threshold a larger model may lose less",
    needed="measured: equal tokens for all sizes, each model trained on text of its own size",
    expected="undecided by six seeds on small models",
    kind="trend",
)
@claim(
    "lm.size_slope",
    "derived for the regression (zhu2025.eq7), asked here of tokens",
    relation=">=",
    says="the slope of the loss under full resampling rises with the logarithm of the number of "
    "parameters",
    stated="a regression: the slope is b, which rises with the number of columns",
    needed="measured on tokens: equal tokens for all sizes",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "zhu2025.training_loss",
    f"{ZHU}, figure 2",
    relation="<=",
    provenance="read",
    says="the loss on the training text falls with its share of synthetic text",
    needed="measured: nothing is proved; a generator of less entropy than human text",
    expected="holds at temperature 0.7, violated at 1 on small models",
    kind="trend",
)
@claim(
    "zhu2025.selection",
    f"{ZHU}, table 14",
    relation=">=",
    provenance="read",
    says="text selected from synthetic text trains a worse model than human text",
    stated="importance resampling, perplexity filter, density sampling",
    needed="measured: nothing is proved",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "zhu2025.ushape",
    f"{ZHU}, figure 5",
    relation=">=",
    provenance="read",
    says="the probabilities of human tokens have a U-shape: more of them lie in the last "
    "tenth of [0, 1] than in the one before, and most in the first",
    stated="a prior of half a billion parameters",
    needed="measured: nothing is proved; the last tenth is decided, minus the one before",
    expected="holds on small models, lower on the right",
    kind="trend",
)
@claim(
    "zhu2025.edited_share",
    f"{ZHU}, table 15",
    relation="<=",
    provenance="read",
    says="the share of tokens to be edited falls from pass to pass",
    stated="chained passes under one frozen prior",
    needed="measured; theory/language/token_rule.py has the law of one context",
    expected="holds on small models",
    kind="trend",
)
@claim(
    "zhu2025.edit_pretrain",
    f"{ZHU}, tables 2 and 3",
    relation="<=",
    provenance="read",
    says="pre-training on edited text gives a smaller held-out loss than on unedited",
    stated="human text edited once under a far larger prior",
    needed="measured: nothing is proved; printed are scores on tasks",
    expected="not shown on small models",
    kind="trend",
)
@claim(
    "zhu2025.edit_continual",
    f"{ZHU}, table 3",
    relation="<=",
    provenance="read",
    says="continued pre-training on edited text gives a smaller loss than on unedited",
    stated="as in pre-training, on the text of another domain",
    needed="measured: nothing is proved; printed are scores on tasks",
    expected="not shown on small models",
    kind="trend",
)
@claim(
    "zhu2025.edit_finetune",
    f"{ZHU}, table 4",
    relation="<=",
    provenance="read",
    says="fine-tuning on edited responses gives a smaller loss on human responses",
    stated="as in pre-training, responses of instruction pairs",
    needed="measured: nothing is proved; printed are scores on tasks",
    expected="not shown on small models",
    kind="trend",
)
def no_difference() -> float:
    """Zero, the value that a difference between two arms, or a slope, is compared with.

    >>> no_difference()
    0.0
    """
    return 0.0


@claim(
    "lm.edit_bounded",
    f"{ZHU}, theorem 2 and table 16",
    relation="<=",
    provenance="read",
    says="under token-level editing the held-out loss does not grow by more than a slope",
    needed="measured: nothing is proved",
    expected="holds where the model is sure of the edited tokens; violated where it is not",
    kind="trend",
)
def largest_slope(*, bounded_slope: float) -> float:
    """Growth of the held-out loss in each generation that still counts as none, in nats.

    >>> largest_slope(bounded_slope=0.03)
    0.03
    """
    return bounded_slope


@claim(
    "lm.edit_neither",
    f"derived: equality, where {ZHU}, tables 2 and 3, claims a gain",
    relation="<=",
    says="training on edited text changes the held-out loss by no more than a tolerance",
    needed="measured: nothing is proved; human text edited once, as large a model on each",
    expected="holds where few tokens change, as at the published threshold",
    kind="trend",
)
def loss_tolerance(*, loss_tolerance: float) -> float:
    """Difference of two held-out losses that still counts as none, in nats per token.

    >>> loss_tolerance(loss_tolerance=0.02)
    0.02
    """
    require_positive("loss_tolerance", loss_tolerance)
    return loss_tolerance


@claim(
    "zhu2025.coverage",
    f"{ZHU}, figures 3 and 10",
    relation="<=",
    provenance="read",
    says="less of the human text than of its own lies in the synthetic 98 % perplexities",
    stated="a judge that wrote neither text",
    needed="measured: nothing is proved; at temperature 1 a generator may add a tail",
    expected="depends on the temperature",
    kind="trend",
)
def covered_share() -> float:
    """Share of a text's own perplexities between its 1st and 99th percentile.

    >>> covered_share()
    0.98
    """
    return 0.98
