"""Small plots of the page: the measurements of each process, against the claim."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from collapse_sim.verdict import Verdict

WIDTH, HEIGHT, LABELLED, MARGIN = 240, 22, 36, 8
"""Size of a plot without and with the numbers of its scale, and its margin, in CSS pixels."""

SIGNS = {"==": "=", "<=": "≤", ">=": "≥", "->": "→", "~": "distance"}
"""Signs of relations on the page."""

Span = tuple[float, float]


def number(value: float) -> str:
    """Four significant digits, so that both ends of a narrow interval differ."""
    return f"{value:.4g}".replace("inf", "∞").replace("-", "−")


def plots(verdicts: Sequence[Verdict]) -> list[Markup]:
    """SVG for each verdict, empty for one without numbers.

    All have one scale, the distance from the claimed number as a share of it; where zero is claimed
    there is no share, and these have a scale of their own, in the measure's unit. The claim is a
    line, what it allows a band, what was measured a bar.
    """
    made = [Markup("")] * len(verdicts)
    for relative in (True, False):
        members = [
            i for i, v in enumerate(verdicts) if _is_drawn(v) and bool(v.predicted) == relative
        ]
        spans = [measured(verdicts[i]) for i in members]
        if not spans:
            continue
        scale = _scale([*spans, *(_allowed(verdicts[i]) for i in members)])
        for i, span in zip(members, spans, strict=True):
            last = i == members[-1]
            made[i] = _drawn(verdicts[i], span, scale, relative=relative, labelled=last)
    return made


def _is_drawn(verdict: Verdict) -> bool:
    numbers = (verdict.predicted, *(verdict.interval or ()))
    return bool(verdict.interval) and all(x is not None and math.isfinite(x) for x in numbers)


def measured(verdict: Verdict) -> Span:
    """The interval as its distance from the claimed number: a share of it, unless that is zero."""
    assert verdict.predicted is not None and verdict.interval is not None
    unit = abs(verdict.predicted) or verdict.unit
    low, high = ((end - verdict.predicted) / unit for end in verdict.interval)
    return low, high


def _allowed(verdict: Verdict) -> Span:
    """Distances at which the claim holds; without end on the free side of a bound."""
    tolerance = verdict.tolerance or 0.0
    if verdict.relation == "~":
        return 0.0, tolerance
    low = -math.inf if verdict.relation == "<=" else -tolerance
    high = math.inf if verdict.relation == ">=" else tolerance
    return low, high


def _scale(spans: Sequence[Span]) -> Span:
    ends = [0.0, *(end for span in spans for end in span if math.isfinite(end))]
    least, most = min(ends), max(ends)
    room = 0.06 * (most - least) or 0.01
    return least - room, most + room


def _drawn(verdict: Verdict, span: Span, scale: Span, *, relative: bool, labelled: bool) -> Markup:
    def place(value: float) -> float:
        inside = min(max(value, scale[0]), scale[1])
        return MARGIN + (inside - scale[0]) / (scale[1] - scale[0]) * (WIDTH - 2 * MARGIN)

    low, high = (place(value) for value in _allowed(verdict))
    left, right, claim = place(span[0]), place(span[1]), place(0.0)
    height = LABELLED if labelled else HEIGHT
    parts = [
        Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">').format(
            WIDTH, height
        ),
        Markup("<title>{}</title>").format(_title(verdict, span, relative)),
        Markup('<rect class="allowed" x="{:.1f}" y="2" width="{:.1f}" height="18"/>').format(
            low, high - low
        ),
        Markup('<line class="axis" x1="{}" x2="{}" y1="11" y2="11"/>').format(
            MARGIN, WIDTH - MARGIN
        ),
        Markup('<rect class="measured" x="{:.1f}" y="7" width="{:.1f}" height="8"/>').format(
            left, max(right - left, 2.0)
        ),
        Markup('<line class="claimed" x1="{0:.1f}" x2="{0:.1f}" y1="1" y2="21"/>').format(claim),
    ]
    if labelled:
        parts += _labels(scale, claim, relative)
    return Markup("").join([*parts, Markup("</svg>")])


def _labels(scale: Span, claim: float, relative: bool) -> list[Markup]:
    """Numbers below both ends of the scale, and the claim's name where there is room for it."""
    text = Markup('<text x="{:.1f}" y="33" text-anchor="{}">{}</text>')
    ends = [(MARGIN, "start", scale[0]), (WIDTH - MARGIN, "end", scale[1])]
    found = [text.format(at, anchor, share(value, relative)) for at, anchor, value in ends]
    if 0.3 * WIDTH < claim < 0.7 * WIDTH:
        found.append(text.format(claim, "middle", "claim"))
    return found


def share(value: float, relative: bool) -> str:
    """A signed distance: of a share in per cent."""
    sign = "−" if value < 0 else "+"
    shown = 100 * abs(value) if relative else abs(value)
    digits = f"{shown:.0f}" if 100 <= shown < 1e5 else f"{shown:.2g}"
    return f"{sign}{digits} %" if relative else f"{sign}{digits}"


def _title(verdict: Verdict, span: Span, relative: bool) -> str:
    low, high = (number(end / verdict.unit) for end in verdict.interval or ())
    if verdict.relation == "~":
        return f"distance between the laws {low} to {high}, allowed is {verdict.tolerance}"
    assert verdict.predicted is not None
    claimed = f"{SIGNS[verdict.relation]} {number(verdict.predicted / verdict.unit)}"
    away = f", {share(span[0], True)} to {share(span[1], True)} from it" if relative else ""
    return f"claimed {claimed}; measured {low} to {high}{away}"
