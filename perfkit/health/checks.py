"""All health checks, and the choice among them by name."""

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from perfkit.errors import UsageError
from perfkit.health import (
    durability,
    foreign_keys,
    indexes,
    replication,
    sessions,
    storage,
    superfluous_indexes,
    transactions,
)
from perfkit.health.model import HealthCheck

CHECKS: tuple[HealthCheck, ...] = (
    *sessions.CHECKS,
    *transactions.CHECKS,
    *replication.CHECKS,
    *durability.CHECKS,
    *indexes.CHECKS,
    *superfluous_indexes.CHECKS,
    *foreign_keys.CHECKS,
    *storage.CHECKS,
)


def choose(patterns: Sequence[str] = (), *, costly: bool = False) -> tuple[HealthCheck, ...]:
    """Return the checks whose id or family matches one of the patterns, or all; costly ones when asked for.

    A costly check is asked for by `costly`, or by its own name. Raises UsageError for a pattern that matches none.
    """
    if not patterns:
        return tuple(check for check in CHECKS if costly or not check.costly)
    chosen = {check.id for pattern in patterns for check in _matching(pattern, costly=costly)}
    return tuple(check for check in CHECKS if check.id in chosen)


def _matching(pattern: str, *, costly: bool) -> tuple[HealthCheck, ...]:
    found = tuple(
        check for check in CHECKS if fnmatchcase(check.id, pattern) or fnmatchcase(check.family.id, pattern)
    )
    if not found:
        names = [check.id for check in CHECKS] + sorted({check.family.id for check in CHECKS})
        close = get_close_matches(pattern, names, n=1)
        raise UsageError(
            f"no health check matches {pattern!r}",
            hint=f"did you mean {close[0]!r}?" if close else "`perfkit health --list` names them",
        )
    return tuple(check for check in found if costly or not check.costly or check.id == pattern)
