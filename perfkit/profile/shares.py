"""Shares: which part of all active time belongs to a query, a wait, an application and so on."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from perfkit.profile.confidence import Interval, mean_interval, share_interval
from perfkit.profile.model import By, Recording, Sample, Session
from perfkit.profile.statements import Name

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a part takes of all active time: seconds of sessions, how many sessions that is on average, which share.

    `sightings` is how often a session was seen at it; `waits` are what its time went to, as shares of its own, most first.
    """

    name: Name
    session_s: float
    sessions: float
    share: float
    interval: Interval
    sightings: int
    waits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Average active sessions over the window, and their time."""

    sessions: float
    interval: Interval
    session_s: float
    sightings: int
    most: int


def load_of(recording: Recording) -> Load:
    """Return how many sessions were active on average; 0 of no sample."""
    counts = [len(sample.active) for sample in recording.samples]
    weights = [sample.seconds for sample in recording.samples]
    session_s = math.fsum(count * weight for count, weight in zip(counts, weights, strict=True))
    return Load(
        sessions=session_s / recording.seconds if recording.seconds else 0.0,
        interval=mean_interval(counts, weights),
        session_s=session_s,
        sightings=sum(counts),
        most=max(counts, default=0),
    )


def key_of(by: By, name: Callable[[Session], Name]) -> Callable[[Session], Name]:
    """Return what tells to which part a session belongs."""
    keys: dict[By, Callable[[Session], Name]] = {
        By.QUERY: name,
        By.WAIT: lambda session: Name(session.wait),
        By.APPLICATION: lambda session: Name(session.application or _of_itself(session)),
        By.USER: lambda session: Name(session.user or _of_itself(session)),
        By.DATABASE: lambda session: Name(session.database or "(no database)"),
        By.CLIENT: lambda session: Name(session.client or "(this machine)"),
    }
    return keys[by]


def _of_itself(session: Session) -> str:
    """Return what stands for a name that is not set: a worker of the server's says what it is."""
    return "(not set)" if session.kind in {"", "client backend"} else f"({session.kind})"


def shares(samples: Sequence[Sample], key: Callable[[Session], Name]) -> tuple[Share, ...]:
    """Return the parts of all active time, the largest first."""
    seconds: dict[Name, list[float]] = defaultdict(lambda: [0.0] * len(samples))
    waits: dict[Name, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    sightings: Counter[Name] = Counter()
    wholes = [0.0] * len(samples)
    for number, sample in enumerate(samples):
        for session in sample.active:
            name = key(session)
            seconds[name][number] += sample.seconds
            waits[name][session.wait] += sample.seconds
            sightings[name] += 1
            wholes[number] += sample.seconds
    whole, window_s = math.fsum(wholes), math.fsum(sample.seconds for sample in samples)
    found = []
    for name, parts in seconds.items():
        session_s = math.fsum(parts)
        found.append(
            Share(
                name=name,
                session_s=session_s,
                sessions=session_s / window_s,
                share=session_s / whole,
                interval=share_interval(parts, wholes, sightings.total()),
                sightings=sightings[name],
                waits=parts_of(waits[name]),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.session_s, each.name.text)))


def parts_of(seconds: Mapping[_Key, float]) -> dict[_Key, float]:
    """Return each key's share of all seconds, the largest first."""
    whole = math.fsum(seconds.values())
    return {key: each / whole for key, each in sorted(seconds.items(), key=lambda item: -item[1])}


def over_time(samples: Sequence[Sample], points: int) -> Mapping[str, tuple[tuple[float, float], ...]]:
    """Return average active sessions by class of wait, at most `points` moments (seconds) each, the largest class first.

    Every class has every moment, so that they can be drawn one upon another.
    """
    size = max(1, math.ceil(len(samples) / points))
    groups = [samples[start : start + size] for start in range(0, len(samples), size)]
    classes = Counter(session.wait_class for sample in samples for session in sample.active)
    return {
        name: tuple((_middle(group), _average(group, name)) for group in groups)
        for name, _ in classes.most_common()
    }


def _middle(group: Sequence[Sample]) -> float:
    return (group[0].at_s + group[-1].at_s) / 2


def _average(group: Sequence[Sample], wait_class: str) -> float:
    busy = math.fsum(
        sample.seconds * sum(session.wait_class == wait_class for session in sample.active)
        for sample in group
    )
    return busy / math.fsum(sample.seconds for sample in group)
