"""Trends: what is measured over generations, of language models and others, and no theorem."""

from theory.claims import Claim

ZHU = "Zhu et al. 2025, arXiv 2412.14689"

CLAIMS = (
    Claim(
        id="lm.replace_grows",
        source="Shumailov et al. 2023, arXiv 2305.17493, section 4",
        statement="the held-out loss grows with every generation of full resampling",
        relation=">=",
        formula=lambda: 0.0,
        stated="any language model trained on its predecessor's text",
        needed="measured: nothing is proved",
        expected="holds on small models",
    ),
    Claim(
        id="lm.replace_worst",
        source=f"{ZHU}, section 4; Gerstgrasser et al. 2024, arXiv 2404.01413, table 2",
        statement="full resampling ends with a larger held-out loss than any other regime",
        relation=">=",
        formula=lambda: 0.0,
        stated="-",
        needed="measured: nothing is proved",
        expected="holds on small models",
    ),
    Claim(
        id="lm.edit_bounded",
        source=f"{ZHU}, theorem 2 and table 16",
        statement="under token-level editing the held-out loss does not grow by more than a slope",
        relation="<=",
        formula=lambda bounded_slope: bounded_slope,
        stated="-",
        needed="measured: nothing is proved",
        expected="holds on small models",
    ),
    Claim(
        id="shum2024.kept_human",
        source="Shumailov et al. 2023, arXiv 2305.17493, the runs that keep original data",
        statement="keeping a tenth of the human data loses less than full resampling",
        relation=">=",
        formula=lambda: 0.0,
        stated="10 % of the original data in every generation",
        needed="measured: nothing is proved",
        expected="holds for Gaussians and mixtures",
    ),
)
