"""Faults of synthetic text, in at most 80 columns."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.fraction.analysis import TEXTS, Analysis, Bigram
from experiments.plain_table import plain_table

SHOWN = 10
"""Commonest pairs of words, of the forty in analysis.json."""

QUANTILES = ("1 %", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %")

NAMES = {
    "distinct_1": "distinct tokens",
    "distinct_2": "distinct pairs of tokens",
    "distinct_3": "distinct triples of tokens",
    "compression_ratio": "compressed size",
    "unigram_concentration": "words in the fullest 1 % of buckets",
    "bigram_concentration": "pairs of words in the fullest 1 % of buckets",
    "low_density": "blocks of a density below 2",
}


def quantile_table(analysis: Analysis) -> Table:
    """Perplexities, importance weights and densities of both texts, tail to tail."""
    table = plain_table("Quantiles of blocks", [""], QUANTILES)
    rows = {
        "perplexity": analysis.perplexity,
        "importance": analysis.importance,
        "density": analysis.density,
    }
    for name, histograms in rows.items():
        for text, values in zip(TEXTS, histograms.quantiles, strict=True):
            table.add_row(f"{name}, {text}", *(f"{value:.3g}" for value in values))
    return table


def measure_table(analysis: Analysis) -> Table:
    """Table of the measures that are one number for each text, in per cent."""
    table = plain_table("Shares of the text", [""], TEXTS)
    for name, values in analysis.measures.items():
        table.add_row(NAMES[name], *(f"{100 * value:.2f} %" for value in values))
    return table


def bigram_table(analysis: Analysis) -> Table:
    """The commonest pairs of words of each text, with their count in both."""
    table = plain_table("Commonest pairs of words, and their counts")
    for name in TEXTS:
        table.add_column(f"of {name} text", no_wrap=True, max_width=20, overflow="ellipsis")
        for counted in TEXTS:
            table.add_column(counted, justify="right", no_wrap=True)
    pairs = [analysis.bigrams[name][:SHOWN] for name in TEXTS]
    for place in range(max(map(len, pairs))):
        cells = []
        for bigrams, order in zip(pairs, (1, -1), strict=True):
            cells += _cells(bigrams[place], order) if place < len(bigrams) else ["", "", ""]
        table.add_row(*cells)
    return table


def _cells(bigram: Bigram, order: int) -> list[Text | str]:
    """The words, which are no markup and may hold what no terminal should see; then the counts."""
    words = "".join(letter if letter.isprintable() else "\ufffd" for letter in bigram.words)
    return [Text(words), *map(str, (bigram.count, bigram.other)[::order])]


def coverage_lines(analysis: Analysis) -> str:
    """Lines on the share of each text in the other's range of perplexities."""
    lines = []
    for name, other in zip(TEXTS, TEXTS[::-1], strict=True):
        found = analysis.coverage[name]
        lines.append(
            f"{100 * found.value:.1f} % ({100 * found.low:.1f} - {100 * found.high:.1f}) of the "
            f"{name} blocks lie in the {other} 1-99 % of perplexity"
        )
    if len(analysis.coverage_by_judge) > 1:
        by_text = analysis.coverage_by_judge.T
        shown = (f"{100 * own.min():.1f} - {100 * own.max():.1f} %" for own in by_text)
        lines.append(f"the same under single judges, range over seeds: {', '.join(shown)}")
    return "\n".join(lines)


def print_analysis(console: Console | None, analysis: Analysis) -> None:
    """All tables, on the console given or on one of 80 columns."""
    console = console or Console(width=80, highlight=False)
    console.print(
        f"{analysis.documents} blocks and {analysis.tokens} tokens of either text\n",
        highlight=False,
    )
    for table in (quantile_table(analysis), measure_table(analysis), bigram_table(analysis)):
        console.print(table)
        console.print()
    console.print(coverage_lines(analysis), highlight=False)
    console.print(
        "Perplexity: under a judge that wrote neither text. Importance: log p_human / p_synthetic "
        "of a block's words and pairs of words, in nats. Density: among human blocks, 1 "
        "where they share no word. In brackets: the bootstrap's 95 % intervals over documents.",
        highlight=False,
    )
