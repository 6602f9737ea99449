"""The JSON of the load bench: steps, latencies, the law, the pool."""

from perfkit.bench.load.bench import Level
from perfkit.bench.load.latencies import Latencies
from perfkit.bench.load.model import LoadResult
from perfkit.bench.load.saturation import Step
from perfkit.bench.load.scalability import Scalability

QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (0.999, "p99.9"))


def load_data(found: LoadResult) -> dict[str, object]:
    """Return what JSON says of a load beyond what it says of every bench."""
    return {
        "users_held": found.held,
        "within_ms": found.options.within_ms,
        "levels": [_level_data(level) for level in found.levels],
        "refused_users": list(found.refused_users),
        "connections_most": found.connections_most,
        "scalability": _law_data(found.law) if found.law else None,
        "saturation": {
            "limit": str(found.saturation.limit),
            "evidence": found.saturation.evidence,
        },
        "pool": _pool_data(found),
        "queries": {name: _latency_data(each) for name, each in found.by_query.items()},
        "not_called": dict(found.not_called),
    }


def _level_data(level: Level) -> dict[str, object]:
    return {
        "users": level.users,
        "calls_per_s": list(level.rates),
        "latency": _latency_data(level.latencies),
        "failed": level.failed,
        "runs": [_step_data(step) for step in level.steps],
    }


def _step_data(step: Step) -> dict[str, object]:
    seen = step.seen
    return {
        "seconds": step.run.seconds,
        "calls": step.run.calls.all.count,
        "late": step.run.calls.late,
        "errors": dict(step.run.errors) | dict(step.run.calls.failures),
        "client_share": step.client_share,
        "processor_share": step.processor_share,
        "running": seen.busy,
        "waiting": dict(seen.waiting),
        "sessions_most": seen.sessions_most,
        "server_memory_bytes": seen.memory_bytes,
        "blocks_read": seen.counters.blocks_read,
        "temporary_bytes": seen.counters.temporary_bytes,
        "deadlocks": seen.counters.deadlocks,
    }


def _latency_data(latencies: Latencies) -> dict[str, float]:
    return {
        "calls": latencies.count,
        "mean_ms": latencies.mean_ms,
        **{f"{name.replace('.', '_')}_ms": latencies.quantile_ms(q) for q, name in QUANTILES},
        "largest_ms": latencies.largest_ms,
    }


def _law_data(law: Scalability) -> dict[str, object]:
    peak = law.peak_users
    return {
        "rate_alone": law.rate_alone,
        "contention": law.contention,
        "coherency": law.coherency,
        "peak_users": None if peak == float("inf") else peak,
        "error": law.error,
    }


def _pool_data(found: LoadResult) -> dict[str, object] | None:
    pool = found.pool
    if pool is None:
        return None
    return {
        "size": pool.size,
        "holds": pool.holds,
        "best": pool.best,
        "best_share": pool.best_share,
        "half_share": pool.half_share,
        "twice_share": pool.twice_share,
        "others_share": pool.others_share,
        "levels": [_level_data(level) for level in pool.levels],
        "around": [_level_data(level) for level in pool.around],
        "scalability": _law_data(pool.law),
        "saturation": {"limit": str(pool.saturation.limit), "evidence": pool.saturation.evidence},
    }
