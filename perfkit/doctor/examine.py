"""Examines a server's answers and says, point by point, what perfkit can do there."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

OLDEST_MAJOR, NEWEST_MAJOR = 14, 18

Answers = Mapping[str, str | None]
"""The row of doctor.sql: booleans are 't' and 'f'."""


class PointState(StrEnum):
    """How a point stands: fine, worth knowing, in the way of some command, or in the way of measuring at all."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"
    BLOCKING = "blocking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point: what was found, and how to get what is missing ('' when nothing is)."""

    id: str
    state: PointState
    found: str
    fix: str = ""


def questions() -> str:
    """Return the SQL whose one row `examine` takes."""
    return files(__package__).joinpath("doctor.sql").read_text("utf-8")


def examine(answers: Answers, allowed: Collection[str] = ()) -> tuple[Point, ...]:
    """Return every point, in the order in which a DBA would ask; what the user allows, by its id, is in no way."""
    points = (point(answers) for point in _POINTS)
    return tuple(_waived(point) if point.id in allowed else point for point in points)


def _waived(point: Point) -> Point:
    if point.state is not PointState.BLOCKING:
        return point
    return Point(id=point.id, state=PointState.NOTE, found=f"{point.found}, which you allow")


def can_measure(points: tuple[Point, ...]) -> bool:
    """Tell whether no point is in the way of measuring."""
    return all(point.state is not PointState.BLOCKING for point in points)


def _version(answers: Answers) -> Point:
    major = int(answers["version"] or 0) // 10_000
    found = f"PostgreSQL {major}"
    if major < OLDEST_MAJOR:
        return Point(
            id="version",
            state=PointState.BLOCKING,
            found=found,
            fix=f"perfkit needs PostgreSQL {OLDEST_MAJOR} or later",
        )
    if major > NEWEST_MAJOR:
        return Point(
            id="version", state=PointState.NOTE, found=found, fix=f"perfkit is tested up to {NEWEST_MAJOR}"
        )
    return Point(id="version", state=PointState.OK, found=found)


def _role(answers: Answers) -> Point:
    if answers["is_superuser"] == "t":
        fix = "connect as an ordinary role (README has the script), or pass --allow-superuser"
        return Point(id="role", state=PointState.BLOCKING, found=f"{answers['role']} is a superuser", fix=fix)
    return Point(id="role", state=PointState.OK, found=f"{answers['role']}, an ordinary role")


def _place(answers: Answers) -> Point:
    if answers["in_recovery"] == "t":
        return Point(id="place", state=PointState.OK, found="a replica")
    if answers["is_local"] == "t":
        return Point(id="place", state=PointState.OK, found="a primary on this machine")
    fix = "connect to a replica, or pass --analyze-on-primary"
    return Point(id="place", state=PointState.BLOCKING, found="a primary on another machine", fix=fix)


def _reading(answers: Answers) -> Point:
    tables, unreadable = int(answers["tables"] or 0), int(answers["unreadable"] or 0)
    if not tables:
        fix = "name the database that holds the application's tables"
        return Point(
            id="reading",
            state=PointState.NOTE,
            found=f"database {answers['database']} has no tables",
            fix=fix,
        )
    if unreadable:
        found = f"{unreadable} of {tables} tables cannot be read: their queries fail and their statistics are hidden"
        return Point(
            id="reading",
            state=PointState.MISSING,
            found=found,
            fix=f"GRANT pg_read_all_data TO {_quoted(answers)}",
        )
    return Point(id="reading", state=PointState.OK, found=f"all {tables} tables can be read")


def _monitoring(answers: Answers) -> Point:
    if answers["is_monitor"] == "t":
        return Point(
            id="monitoring", state=PointState.OK, found="sees the activity and statements of all roles"
        )
    found = "sees only its own activity and statements"
    return Point(
        id="monitoring", state=PointState.MISSING, found=found, fix=f"GRANT pg_monitor TO {_quoted(answers)}"
    )


def _statements(answers: Answers) -> Point:
    if answers["statements_extension"] and answers["statements_track"]:
        return Point(
            id="pg_stat_statements", state=PointState.OK, found=f"version {answers['statements_extension']}"
        )
    if not answers["statements_available"]:
        fix = "install the server's contrib package, then as below"
        return Point(
            id="pg_stat_statements", state=PointState.MISSING, found="not installed on the server", fix=fix
        )
    steps = (
        []
        if answers["statements_track"]
        else ["shared_preload_libraries = 'pg_stat_statements' and a restart"]
    )
    steps += [] if answers["statements_extension"] else ["CREATE EXTENSION pg_stat_statements"]
    found = "not in use: real calls and times are unknown"
    return Point(id="pg_stat_statements", state=PointState.MISSING, found=found, fix=", then ".join(steps))


def _io_timing(answers: Answers) -> Point:
    if answers["track_io_timing"] == "on":
        return Point(id="track_io_timing", state=PointState.OK, found="on")
    found = "off: the time spent reading from disk is not told"
    return Point(
        id="track_io_timing",
        state=PointState.NOTE,
        found=found,
        fix="ALTER SYSTEM SET track_io_timing = on; SELECT pg_reload_conf()",
    )


def _statistics(answers: Answers) -> Point:
    never = int(answers["never_analyzed"] or 0)
    if answers["autovacuum"] != "on" or answers["track_counts"] != "on":
        found = "autovacuum does not run: statistics grow old unless someone runs ANALYZE"
        return Point(
            id="statistics",
            state=PointState.MISSING,
            found=found,
            fix="set autovacuum = on and track_counts = on",
        )
    if never:
        found = f"{never} tables were never analyzed: the planner guesses their size"
        return Point(id="statistics", state=PointState.MISSING, found=found, fix="ANALYZE them")
    return Point(id="statistics", state=PointState.OK, found="autovacuum is on and every table was analyzed")


def _quoted(answers: Answers) -> str:
    return '"' + (answers["role"] or "").replace('"', '""') + '"'


_POINTS: tuple[Callable[[Answers], Point], ...] = (
    _version,
    _role,
    _place,
    _reading,
    _monitoring,
    _statements,
    _io_timing,
    _statistics,
)
