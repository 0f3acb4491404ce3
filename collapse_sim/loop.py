"""The one loop: fit, generate, let the regime make the next data set."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from collapse_sim.design import static
from collapse_sim.learners import LinearLearner
from collapse_sim.masks import MaskPolicy, Policy
from collapse_sim.regimes import AccumulateSubsample, Edit, Generation, Mix, Regime, Replace

Trace = dict[str, Float[Array, " generations"]]
"""What one replicate yields: a value for each generation under each measure's name."""


def _looks_at_residuals(policy: Policy) -> bool:
    return not isinstance(policy, MaskPolicy) or policy.looks_at_residuals


def _require_compatible(learner: LinearLearner, regime: Regime) -> None:
    """Raises ValueError for a regime that this learner's data cannot follow."""
    statistics = learner.representation == "statistics"
    if isinstance(regime, Edit | Mix) and not learner.design.shared:
        raise ValueError(
            "labels of one design cannot be put beside the inputs of another: accepted for "
            "editing and mixing are shared designs"
        )
    if isinstance(regime, Replace) and regime.growing and not (statistics or learner.design.shared):
        raise ValueError("drawn rows cannot grow in number: accepted is representation=statistics")
    if isinstance(regime, AccumulateSubsample) and statistics:
        raise ValueError("statistics have no rows to draw from: accepted is representation=rows")
    if isinstance(regime, Edit) and statistics and _looks_at_residuals(regime.policy):
        raise ValueError("confidence masks look at residuals: accepted is representation=rows")


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Chain:
    """One replicate of one process: a learner trained again and again under a regime.

    Generation 1 is the fit on human data. `edited_fraction` of generation n is the share of its
    data that is not what generation n - 1 was trained on.
    """

    learner: LinearLearner
    regime: Regime
    generations: int = static()

    def __post_init__(self):
        if self.generations < 1:
            raise ValueError(f"generations={self.generations}: accepted are integers >= 1")
        _require_compatible(self.learner, self.regime)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        learner, regime = self.learner, self.regime
        # One split makes every key: the first row's are the human data's. Longer chains extend
        # shorter ones.
        keys = jax.random.split(key, (self.generations + 1, 3))
        human, truth = learner.human(keys[0, 0])

        def generation(state, step):
            data, memory, edited_fraction = state
            number, step_keys = step
            params = learner.fit(data)
            outputs = learner.measure(params, truth) | {"edited_fraction": edited_fraction}
            synthetic_key, human_key, regime_key = step_keys
            copies = regime.copies(number)
            seen = Generation(
                number=number,
                human=human,
                current=data,
                synthetic=partial(learner.generate, synthetic_key, params, human, copies),
                resample=partial(learner.resample, synthetic_key, params),
                fresh_human=partial(learner.generate, human_key, truth.weights, human, 1),
            )
            step = regime.step(regime_key, memory, seen)
            edited_fraction = jnp.asarray(step.edited_fraction, edited_fraction.dtype)
            return (step.data, step.memory, edited_fraction), outputs

        data, memory = regime.start(human, self.generations)
        state = (data, memory, jnp.zeros((), learner.dtype))
        numbers = jnp.arange(1, self.generations + 1)
        return jax.lax.scan(generation, state, (numbers, keys[1:]))[1]
