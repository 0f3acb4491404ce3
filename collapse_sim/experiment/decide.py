"""A run: simulates processes until their claims are decided, and judges them."""

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Key, UInt32
from tqdm import tqdm

from collapse_sim.certify import FAMILY_ERROR, not_begun, require_measure
from collapse_sim.experiment.evidence import (
    AnyEvidence,
    Predicting,
    evidence,
    is_statistical,
    limit_evidence,
    long_arrays,
    require_claims,
    require_partners,
    undecidable,
)
from collapse_sim.experiment.process import Check, Process, Result
from collapse_sim.experiment.streaming import Streaming, progress
from collapse_sim.hosts import are_several
from collapse_sim.medians import Statistic
from collapse_sim.pytree import require_integer
from collapse_sim.replicates import EMPTY, SEEDS, Summary
from collapse_sim.run_directory import RunDirectory
from collapse_sim.terminal import tell
from collapse_sim.verdict import Verdict
from collapse_sim.workplace import OnHost, Workplace

JOBS = 3
"""Processes at a time: one compiles, on one core, while another runs."""

Decided = tuple[Result, list[Verdict]]


def decide(
    processes: Sequence[Process],
    ledger: Mapping[str, Predicting],
    *,
    seed: int = 0,
    run: RunDirectory | None = None,
    bar: tqdm | None = None,
    early_stop: bool = True,
    deadline: float = math.inf,
    family_error: float = FAMILY_ERROR,
    jobs: int | None = None,
    show: Callable[[list[Result]], object] = lambda results: None,
) -> tuple[list[Result], list[Verdict]]:
    """Results and verdicts, in the order of the processes.

    The chance that any verdict is wrong, `family_error`, is shared over the checks that a
    simulation decides. A process stops at the first look that decides its claims, unless told
    otherwise; and after the `deadline`, a monotonic time: what is not begun then has no result, and
    its claims are undecided. No number depends on `jobs`, how many processes are simulated at a
    time: three, or one where any runs on the host or on several hosts. (Beside one on the host they
    need jax_cpu_enable_async_dispatch=False, else JAX may wait for ever.) Checkpoints are kept in
    `run`, from which the same call goes on. Without a `bar` there is one of replicates. `show` is
    called with the results as soon as all are there, while steps may still be simulated.
    A joint check does not keep its processes going: it is judged by the replicates that they have.
    Raises ValueError for a seed outside [0, 2^32), and for checks that name a claim which is not in
    the ledger or a process which is not among these; FloatingPointError for a measure that is not
    finite.
    """
    require_integer("seed", seed, 0, SEEDS - 1)
    require_claims(processes, ledger)
    require_partners(processes)
    tests = sum(is_statistical(c, p, ledger) for p in processes for c in p.checks)
    error = family_error / max(tests, 1)
    # Made in one thread: each of several would compile what makes them.
    keys = [_key(np.uint32(seed), np.uint32(process.stream_number)) for process in processes]
    run_ = _Run(ledger, error, early_stop, keys)

    @contextmanager
    def streaming(total: int) -> Iterator[Streaming]:
        with progress(total) if bar is None else nullcontext(bar) as shown:
            yield Streaming(Workplace(run, shown), deadline)

    on_host = [isinstance(process.simulation, OnHost) for process in processes]
    jobs = jobs or (0 if any(on_host) else JOBS)
    counted = sum(p.replicates for p, host in zip(processes, on_host, strict=True) if not host)
    numbered = list(enumerate(processes))
    if deadline == math.inf and not any(on_host):  # else in the order in which they were given
        numbered.sort(key=lambda one: bool(one[1].step))  # `show` has time beside steps
    awaited = {i for i, process in enumerate(processes) if not process.step}
    found: dict[int, Decided] = {}
    # What a simulation on the host counts is its own affair.
    with streaming(counted) as place, streaming(0) if any(on_host) else nullcontext(place) as other:
        coming = _side_by_side(
            partial(run_.simulate, place), partial(run_.simulate, other), numbered, on_host, jobs
        )
        with closing(coming):
            for i, one in coming:
                found[i] = one
                if awaited == {i}:
                    results = [found[j][0] for j in sorted(found)]
                    show([result for result in results if _is_reported(result)])
                awaited.discard(i)
    decided = [found[i] for i in range(len(processes))]
    if run is not None and (arrays := long_arrays(processes)):
        run.write_arrays(arrays)
    results = [result for result, _ in decided if result.summary.count]
    named = {result.process.key: result for result in results}
    verdicts = [verdict for _, found in decided for verdict in found]
    for result in results:
        joint = [check for check in result.process.checks if check.joint]
        verdicts += [v for check in joint for v in run_.judge_joint(check, result.process, named)]
    return [result for result in results if _is_reported(result)], verdicts


def _is_reported(result: Result) -> bool:
    return bool(result.summary.count) and not result.process.step


Simulate = Callable[[int, Process], Decided]


def _side_by_side(
    simulate: Simulate,
    in_this_thread: Simulate,
    numbered: Sequence[tuple[int, Process]],
    on_host: list[bool],
    jobs: int,
) -> Generator[tuple[int, Decided]]:
    """Numbers, results and verdicts of all, in their order, some processes at a time.

    Those on the host run in this thread, so that Ctrl-C ends them at once, each after all that
    stand before it and beside those that stand behind it. If such a one has devices wait for one
    another, it stands last: XLA ends a process in which one waits for longer than 40 seconds.
    Without jobs all run in this thread, in their order, as on several hosts, which exchange what
    they make.
    """
    if are_several() or not jobs:
        for i, process in numbered:
            yield i, (in_this_thread if on_host[i] else simulate)(i, process)
        return
    threads = ThreadPoolExecutor(jobs)
    try:
        coming = {i: threads.submit(simulate, i, p) for i, p in numbered if not on_host[i]}
        for i, process in numbered:
            yield i, in_this_thread(i, process) if on_host[i] else coming[i].result()
    finally:
        threads.shutdown(cancel_futures=True)


@jax.jit
def _key(seed: UInt32[Array, ""], number: UInt32[Array, ""]) -> Key[Array, ""]:
    return jax.random.fold_in(jax.random.key(seed), number)


@dataclass(frozen=True, eq=False)
class _Run:
    """State that all processes of a run share."""

    ledger: Mapping[str, Predicting]
    error: float
    early_stop: bool
    keys: Sequence[Key[Array, ""]]
    """Of each process."""
    decided: list[Verdict] = field(default_factory=list)
    """Verdicts so far, to be counted beside the bar."""
    ended: list[str] = field(default_factory=list)
    """Names of the processes that were simulated so far."""

    def simulate(self, streaming: Streaming, index: int, process: Process) -> Decided:
        """A process until its claims are decided, and their verdicts."""
        checks = [check for check in process.checks if not check.joint]
        found = [self._evidence(check, process) for check in checks]

        def is_decided(summary: Summary) -> bool:
            if not self.early_stop and not process.step:
                return False
            summary = _reported(summary, process)
            own = (of for of in found if not isinstance(of, Verdict))
            return all(of.judge(summary, self.error).verdict != "undecided" for of in own)

        bar = streaming.place.bar
        try:
            summary = streaming.simulate(
                f"{index:02d}-{process.key}",
                self.keys[index],
                process.simulation,
                process.targets,
                is_decided,
                chunk=process.chunk,
                shown=process.key,
            )
        except FloatingPointError as error:
            raise FloatingPointError(f"{process.key}: {error}") from None
        bar.update(process.replicates - summary.count)
        summary = _reported(summary, process)
        verdicts = [of if isinstance(of, Verdict) else self._judge(of, summary) for of in found]
        self.decided.extend(verdict for verdict in verdicts if verdict.verdict != "undecided")
        decided = f"{len(self.decided)} decided"
        bar.set_postfix_str(decided)
        if summary.count:  # none where no time was left to begin it
            self.ended.append(process.key)
            ended = f"{len(self.ended)} of {len(self.keys)}"
            tell(bar, f"{ended}: {process.key}, {summary.count:,} replicates; {decided}")
        return Result(process, summary), verdicts

    def _judge(self, of: AnyEvidence, summary: Summary) -> Verdict:
        return of.judge(summary, self.error) if summary.count else not_begun(of, self.error)

    def judge_joint(
        self, check: Check, process: Process, named: Mapping[str, Result]
    ) -> Iterator[Verdict]:
        """The verdict on several processes; none where one of them was not simulated."""
        partners = process.partners(check)
        if check.less:
            of, other = self._evidence(check, process), named.get(partners[0])
            assert not isinstance(of, Verdict)
            if other is not None:
                less = difference(named[process.key].summary, other.summary, check.measure)
                yield of.judge(less, self.error)
            return
        rungs = [named[key] for key in partners if key in named]
        if process.about == "median":
            if len(rungs) == len(partners):
                of = self._evidence(check, process)
                assert not isinstance(of, Verdict)
                beside = side_by_side([r.summary for r in rungs], check.measure, check.of_each)
                yield of.judge(beside, self.error)
            return
        whole = all(rung.summary.count >= rung.process.replicates for rung in rungs)
        if len(rungs) == len(partners) and whole:  # a rung is looked at once
            summaries = [rung.summary for rung in rungs]
            limit = limit_evidence(check, [rung.process for rung in rungs], self.ledger)
            note = f"limit; {limit.deviations(summaries, self.error)}"
            yield replace(limit.judge(summaries, self.error), note=note)

    def _evidence(self, check: Check, process: Process) -> AnyEvidence | Verdict:
        if not is_statistical(check, process, self.ledger):
            return undecidable(check, process, self.ledger[check.claim])
        return evidence(check, process, self.ledger, self.error)


def _reported(summary: Summary, process: Process) -> Summary:
    """The measures that are kept, in their own units."""
    if process.measures and summary.count:
        names = (*process.measures, "edited_fraction")
        kept = {name: require_measure(summary.moments, name) for name in names}
        summary = replace(summary, moments=kept)
    scale = {name: f for name, f in process.scale.items() if name in summary.moments}
    return summary.scaled(scale)


def difference(first: Summary, second: Summary, measure: str) -> Summary:
    """The measure of the first less that of the second, by the replicates kept of both."""
    count = min(len(first.sample[measure]), len(second.sample[measure]))
    values = first.sample[measure][:count] - second.sample[measure][:count]
    return EMPTY.add({measure: values})


def side_by_side(
    summaries: Sequence[Summary], measure: str, of_each: Statistic | None = None
) -> Summary:
    """A statistic of the measure in each, else its last value, as if these were generations."""
    number = of_each or (lambda values: values[:, -1])
    values = [number(summary.sample[measure]) for summary in summaries]
    return EMPTY.add({measure: np.stack(values, axis=1)})


def chain_rows(results: Sequence[Result]) -> Iterator[tuple]:
    """One row for each process, measure and generation, in the order of CHAIN_COLUMNS."""
    for result in results:
        process, summary = result.process, result.summary
        edited = summary.moments["edited_fraction"].mean
        for measure, moments in summary.moments.items():
            if measure == "edited_fraction":
                continue
            quantiles = np.quantile(summary.sample[measure], (0.05, 0.5, 0.95), axis=0)
            closed = result.closed(measure)
            own = process.intervals.get(measure)
            for n in range(len(moments.mean)):
                yield (
                    process.family, process.regime, process.mask, process.variant, measure, n + 1,
                    moments.count, float(moments.mean[n]), float(moments.standard_error[n]),
                    *(float(q[n]) for q in quantiles),
                    *(own or (float(moments.least[n]), float(moments.largest[n]))),
                    float(edited[n]),
                    float("nan") if closed is None else float(closed[n]),
                    "" if closed is None else process.closed_kind,
                )  # fmt: skip
