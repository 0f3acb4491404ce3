"""Figure of a run of experiments/token_editing.py: probabilities, passes, and models of the text.

Bars reach from the smallest seed to the largest. Of a pretrained prior a panel shows contexts that
move, and bars of what is no model are 95 % intervals over documents. The figure that the study
leaves in its run directory.
"""

from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves
from paper_figs.differences import Difference, draw_differences
from paper_figs.edited_share import draw_shares
from paper_figs.editing_runs import HERE, TEMPERED, is_pretrained, key_point, run_name
from paper_figs.moved_contexts import draw_moved
from paper_figs.panels import new_panels
from paper_figs.token_probabilities import draw_deciles

SUFFIX = " - unedited"

BELOW = style.MARKS["edit below"]
"""Mark of edits of the tokens that the prior found improbable."""

TITLE = ("Edited minus unedited: below 0 it helps", "nats per token (bars: all seeds)")


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    differences, moved = read_differences(run), is_pretrained(run)
    page = new_panels(3 + moved + bool(differences), width=width)
    deciles, eligible, *others = page.axes
    draw_deciles(deciles, run)
    if moved:
        draw_moved(others.pop(0), run)
    if differences:  # in the left column, and panels with names at their right in the other
        draw_differences(others.pop(-1 if moved else 0), differences, *TITLE)
    (changed,) = others
    shares = {eligible: "eligible", changed: "changed"}
    ends = {ax: draw_shares(ax, run, measure) for ax, measure in shares.items()}
    return page.finish([key_point(run)], run_name(run), ends)


def read_differences(run: RunDirectory) -> list[Difference]:
    """Edited minus unedited by stage and measure, with the range of the seeds."""
    measures = dict.fromkeys(map(str, run.chains()["measure"]))
    found = [(measure, curve) for measure in measures for curve in read_curves(run, measure)]
    pairs = [pair for pair in found if pair[1].regime.endswith(SUFFIX)]
    stages = list(dict.fromkeys(curve.family for _, curve in pairs))
    pairs.sort(key=lambda pair: stages.index(pair[1].family))
    return [_difference(measure, curve) for measure, curve in pairs]


def _difference(measure: str, curve: Curve) -> Difference:
    other, mark = _rule(curve.regime.removesuffix(SUFFIX))
    ends = float(curve.mean[0]), float(curve.low[0]), float(curve.high[0])
    return Difference(f"{curve.family}{other}:\n{measure}", *ends, mark)


def _rule(arm: str) -> tuple[str, style.Mark]:
    """Words for how an arm's rule differs from the run's own, and its mark."""
    if arm.startswith("below-"):
        return f", P ≤ {arm.removeprefix('below-')} edited", BELOW
    if arm.startswith("edited beta "):
        return f", β = {arm.removeprefix('edited beta ')}", TEMPERED
    if arm.startswith("P >= "):
        return f", P ≥ {arm.removeprefix('P >= ')}", HERE
    return "", HERE
