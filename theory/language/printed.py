"""Numbers printed in the papers on language models, to stand beside measured ones.

They are of models a thousand times larger, so only their shape can be compared. All but the last
are of Zhu et al. 2025 (arXiv 2412.14689).
"""

SYNTHETIC_FRACTION = {
    "GPT-2 124M, 22 domains of the Pile": {0: 20.99, 25: 22.06, 50: 23.48, 75: 27.60, 100: 51.93},
    "OLMo 237M, Wikitext-103": {0: 187.36, 25: 185.5, 50: 260.08, 75: 367.46, 100: 1605.73},
}
"""Table 1 (first half) and its companion: perplexity by synthetic text in per cent."""

SELECTIONS = {"importance": 1309.5, "perplexity": 738.4, "density": 1188.4, "none": 1605.73}
"""Table 14: perplexity on Wikitext-103 after training on a selection of a million synthetic
documents; without selection as in SYNTHETIC_FRACTION. Human text gives 187.36."""

PROBABILITY_DECILES = (34.7, 8.1, 5.4, 4.4, 3.8, 3.6, 3.7, 4.0, 5.2, 27.1)
"""Figure 5: per cent of the human tokens by their probability under the prior, 0 to 1."""

EDITED_SHARE = (12.503, 11.762, 11.076)
"""Table 15: per cent of tokens of probability above 0.99 in passes one to three."""

THRESHOLDS = {">= 0.99": 38.69, ">= 0.999": 38.48, "<= 0.1": 35.72, "<= 0.01": 37.46}
"""Table 5: average score of tasks in biomedicine, by which tokens are edited."""

SAMPLERS = {"top-k 8": 64.5, "top-k 64": 63.8, "top-p": 63.8, "rejection": 64.5}
"""Tables 7 and 8: score on PubMedQA, by how replacements are drawn."""

STAGES = {
    "pretrain": {"OLMo 1B": (32.75, 33.11)},
    "continual": {
        "OLMo 1B, biomedicine": (38.83, 40.89),
        "OLMo 1B, finance": (47.92, 50.21),
        "OLMo 1B, mathematics": (16.26, 16.59),
        "Llama 3 8B, biomedicine": (56.04, 56.48),
        "Llama 3 8B, finance": (71.40, 72.24),
    },
}
"""Average scores on tasks, of unedited and of edited text; fine-tuning gains 0.25 to 0.47."""

NO_ORIGINAL_DATA = (20.0, 28.0)
"""Shumailov et al. 2023 (arXiv 2305.17493): perplexity lost in nine generations without any."""
