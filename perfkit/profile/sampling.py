"""Sampling: look at the sessions again and again, at random moments, no more than the server can bear."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from perfkit.errors import StatementError
from perfkit.profile.model import ActivityReader, Recording, Sample, Seen, Session
from perfkit.profile.thresholds import OWN_SHARE_MOST

INTERRUPTED = "it was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long is sampled, and how often at most."""

    seconds: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What sampling takes from outside: a clock in seconds, a wait that returns True when it is to stop, and chance."""

    clock: Callable[[], float]
    wait: Callable[[float], bool]
    chance: Random
    progress: Callable[[float], None] = lambda _done_s: None


def record(reader: ActivityReader, pace: Pace, around: Surroundings) -> Recording:
    """Return the samples of a window, as many as were taken until it ended, was interrupted, or the server was lost.

    The window is cut into slots and each is looked into at a random moment, so that work that comes at regular times is
    seen as often as it is there. A slot grows where looking takes more than its share of it.
    """
    began = around.clock()
    samples: list[Sample] = []
    failures: Counter[str] = Counter()
    known: dict[Session, Session] = {}
    slot_began, slot_s, ended_by = began, 1 / pace.rate, ""
    while not ended_by and (left_s := began + pace.seconds - slot_began) > 0:
        slot_s = min(slot_s, left_s)
        moment = slot_began + slot_s * around.chance.random()
        if around.wait(max(0.0, moment - around.clock())):
            ended_by = INTERRUPTED
            break
        looked = around.clock()
        seen, problem = _look(reader)
        now = around.clock()
        slot_end = max(slot_began + slot_s, now)
        if seen:
            sample = _sample(seen, known)
            samples.append(
                replace(
                    sample,
                    at_s=looked - began,
                    seconds=slot_end - slot_began,
                    read_ms=(now - looked) * 1000,
                )
            )
        else:
            failures[problem] += 1
            ended_by = f"the connection was lost: {problem}" if reader.is_lost else ""
        around.progress(min(now - began, pace.seconds))
        slot_began, slot_s = slot_end, max(1 / pace.rate, (now - looked) / OWN_SHARE_MOST)
    return Recording(
        samples=tuple(samples),
        wished_s=pace.seconds,
        rate=pace.rate,
        failures=dict(failures),
        ended_by=ended_by,
    )


def _look(reader: ActivityReader) -> tuple[Seen | None, str]:
    try:
        return reader.activity(), ""
    except StatementError as error:
        return None, error.message


def _sample(seen: Seen, known: dict[Session, Session]) -> Sample:
    """Return a sample that holds what is the same as before once, so that an hour of a busy server fits the memory."""
    sessions = tuple(known.setdefault(session, session) for session in seen.sessions)
    return Sample(at_s=0.0, seconds=0.0, sessions=sessions, hidden=seen.hidden)
