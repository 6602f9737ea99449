"""A profile as JSON data."""

from collections.abc import Mapping
from typing import Any

from perfkit.profile.blockers import Blocker
from perfkit.profile.counters import Missing, NamedCounts
from perfkit.profile.doubts import Doubt
from perfkit.profile.profile import Profile
from perfkit.profile.shares import Share
from perfkit.profile.stacks import Stacks, functions
from perfkit.profile.statements import Name
from perfkit.report.data import to_data


def profile_data(profile: Profile, said: tuple[Doubt, ...]) -> dict[str, Any]:
    """Return all of a profile."""
    window, load = profile.window, profile.load
    recording, server = window.recording, window.server
    samples = recording.samples
    return {
        "server": {
            "version": server.version,
            "version_num": server.version_num,
            "database": server.database,
            "role": server.role,
            "in_recovery": server.in_recovery,
            "sees_all_sessions": server.sees_all_sessions,
        },
        "began_at": window.began_at,
        "wished_s": recording.wished_s,
        "seconds": recording.seconds,
        "ended_by": recording.ended_by,
        "rate": recording.rate,
        "samples": len(samples),
        "sample_ms": sum(sample.read_ms for sample in samples) / len(samples),
        "sample_server_ms": profile.own_ms,
        "failed_samples": dict(recording.failures),
        "hidden_sessions": profile.hidden,
        "sessions": load.sessions,
        "sessions_low": load.interval.low,
        "sessions_high": load.interval.high,
        "sessions_most": load.most,
        "session_s": load.session_s,
        "by": {str(by): [_share(share) for share in found] for by, found in profile.shares.items()},
        "over_time": [
            {"wait_class": name, "at_s": [x for x, _ in points], "sessions": [y for _, y in points]}
            for name, points in profile.over_time.items()
        ],
        "blockers": [_blocker(blocker) for blocker in profile.blockers],
        "statements": None
        if isinstance(profile.statements, Missing)
        else list(map(_counts, profile.statements)),
        "io": _io(profile),
        "counted": None if isinstance(window.counted.database, Missing) else to_data(window.counted.database),
        "application": _application(window.stacks) if window.stacks else None,
        "doubts": to_data(said),
    }


def _name(name: Name) -> dict[str, Any]:
    return {"name": name.text, "in_catalog": name.in_catalog}


def _share(share: Share) -> dict[str, Any]:
    return {
        **_name(share.name),
        "share": share.share,
        "share_low": share.interval.low,
        "share_high": share.interval.high,
        "sessions": share.sessions,
        "session_s": share.session_s,
        "sightings": share.sightings,
        "waits": dict(share.waits),
    }


def _blocker(blocker: Blocker) -> dict[str, Any]:
    return {
        "pids": list(blocker.pids),
        "user": blocker.user,
        "application": blocker.application,
        "database": blocker.database,
        "kind": blocker.kind,
        "statement": _name(blocker.name),
        "held_s": blocker.held_s,
        "waited_s": blocker.waited_s,
        "share": blocker.share,
        "most_waiting": blocker.most_waiting,
        "transaction_s": blocker.transaction_s,
        "states": dict(blocker.states),
        "victims": [{**_name(name), "share": share} for name, share in blocker.victims.items()],
    }


def _counts(named: NamedCounts) -> dict[str, Any]:
    counts = named.counts
    return {
        **_name(named.name),
        "share": named.share,
        "mean_ms": counts.mean_ms,
        "total_ms": counts.total_ms,
        **to_data(counts),
    }


def _io(profile: Profile) -> list[Mapping[str, Any]] | None:
    io = profile.window.counted.io
    if isinstance(io, Missing):
        return None
    return [
        {"process": process, "object": object_, "context": context, **to_data(counts)}
        for (process, object_, context), counts in sorted(io.items())
    ]


def _application(stacks: Stacks) -> dict[str, Any]:
    return {
        "pid": stacks.pid,
        "stacks": stacks.total,
        "problem": stacks.problem,
        "functions": to_data(functions(stacks)),
    }
