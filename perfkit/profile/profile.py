"""Profile: what a window showed, put together of samples, counters and the catalog."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from perfkit.profile.blockers import Blocker, blockers
from perfkit.profile.counters import Difference, Missing, NamedCounts, StatementCounts, StatementKey, plus
from perfkit.profile.model import By, Recording
from perfkit.profile.shares import Load, Share, key_of, load_of, over_time, shares
from perfkit.profile.stacks import Stacks
from perfkit.profile.statements import HIDDEN, Marks, Name, Names, name_of
from perfkit.profile.thresholds import PICTURE_POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What must be known of the server: the one row of profile_server.sql; `now_s` is its clock, as Unix time."""

    version: str
    version_num: int
    database: str
    role: str
    in_recovery: bool
    sees_all_sessions: bool
    tracks_activities: bool
    times_io: bool
    text_bytes_most: int
    now_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """All that was read of one window; `texts` are statements by query id, `own_ids` those that perfkit itself sent."""

    server: Server
    began_at: datetime
    recording: Recording
    counted: Difference
    texts: Mapping[int, str]
    own_ids: frozenset[int] = frozenset()
    stacks: Stacks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where the time of a window went."""

    window: Window
    load: Load
    shares: Mapping[By, tuple[Share, ...]]
    blockers: tuple[Blocker, ...]
    over_time: Mapping[str, tuple[tuple[float, float], ...]]
    statements: tuple[NamedCounts, ...] | Missing

    @property
    def hidden(self) -> int:
        """Return how many sessions were hidden from this role, at most."""
        return max((sample.hidden for sample in self.window.recording.samples), default=0)

    @property
    def own_ms(self) -> float | None:
        """Return what a sample cost the server, in milliseconds of execution; None where nobody counts."""
        counted, samples = self.window.counted.statements, len(self.window.recording.samples)
        if isinstance(counted, Missing) or not samples:
            return None
        own = [counts for (query_id, _), counts in counted.items() if query_id in self.window.own_ids]
        often = [counts for counts in own if counts.calls >= samples / 2]
        return sum(counts.total_ms for counts in often) / samples if often else None

    @property
    def counts(self) -> Mapping[Name, NamedCounts]:
        """Return what was counted of each statement, by its name."""
        return {} if isinstance(self.statements, Missing) else {each.name: each for each in self.statements}


def profile_of(window: Window, marks: Marks) -> Profile:
    """Return where the time of a window went, by queries of the catalog that `marks` recognises."""
    samples = window.recording.samples
    name = Names(marks, window.texts, window.server.text_bytes_most).of
    return Profile(
        window=window,
        load=load_of(window.recording),
        shares={by: shares(samples, key_of(by, name)) for by in By},
        blockers=blockers(samples, name, window.server.now_s),
        over_time=over_time(samples, PICTURE_POINTS),
        statements=_named(window, marks),
    )


def ids_of(recording: Recording, counted: Difference) -> frozenset[int]:
    """Return the query ids whose texts are wanted."""
    sampled = {s.query_id for sample in recording.samples for s in sample.sessions if s.query_id}
    if isinstance(counted.statements, Missing):
        return frozenset(sampled)
    return frozenset(sampled | {query_id for query_id, _ in counted.statements if query_id})


def _named(window: Window, marks: Marks) -> tuple[NamedCounts, ...] | Missing:
    """Return what was counted by names of statements, most time first; several query ids may be one of them."""
    counted = window.counted.statements
    if isinstance(counted, Missing):
        return counted
    together: dict[Name, StatementCounts] = {}
    names = _namer(window.texts, marks)
    for key, counts in counted.items():
        if key[0] not in window.own_ids:
            name = names(key)
            together[name] = plus(together[name], counts) if name in together else counts
    whole_ms = sum(counts.total_ms for counts in together.values())
    named = [
        NamedCounts(name=name, counts=counts, share=counts.total_ms / whole_ms if whole_ms else 0.0)
        for name, counts in together.items()
    ]
    return tuple(sorted(named, key=lambda each: (-each.counts.total_ms, each.name.text)))


def _namer(texts: Mapping[int, str], marks: Marks) -> Callable[[StatementKey], Name]:
    nothing = Marks({}, {}, {})

    def name(key: StatementKey) -> Name:
        query_id, is_here = key
        text = texts.get(query_id)
        return name_of(text, marks if is_here else nothing) if text else HIDDEN

    return name
