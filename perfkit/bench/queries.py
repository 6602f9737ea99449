"""What analyzing the whole catalog leaves for the targets: the mean time of a query, weighted by calls."""

from perfkit import stats
from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id
from perfkit.measure.model import Analysis


def result_of(analysis: Analysis, environment: Environment) -> BenchResult:
    """Return the means of an analysis of which at least one case ran, a sample for each run of the cases."""
    runs = [(result.runs.execution_ms, result.weight) for result in analysis.results if result.runs]
    weights = [weight for _, weight in runs]
    rounds = min(len(times) for times, _ in runs)
    means = tuple(
        stats.weighted_mean([times[number] for times, _ in runs], weights) for number in range(rounds)
    )
    return BenchResult(
        bench="queries",
        at=analysis.measured_at,
        environment=environment,
        options={"cases": str(len(runs)), "plan_mode": analysis.plan_mode},
        figures=by_id(Figure(id="mean_ms", unit="ms", kind=Kind.TIME, samples=means)),
    )
