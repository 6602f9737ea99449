"""Doubts: what makes a profile incomplete or unsure, and what helps."""

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.names import quote_name
from perfkit.profile.counters import Missing
from perfkit.profile.model import By
from perfkit.profile.profile import Profile
from perfkit.profile.thresholds import SAMPLES_LEAST, SHARE_WIDTH_MOST
from perfkit.units import format_count, format_ms, format_share

# So much less than was wished for is said.
_RATE_KEPT = 0.8


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is to be known, and what helps, '' where nothing does."""

    text: str
    fix: str = ""


def doubts(profile: Profile) -> tuple[Doubt, ...]:
    """Return what a reader must know who takes the profile for the truth."""
    found = [*_of_window(profile), *_of_rights(profile), *_of_confidence(profile), *_of_counters(profile)]
    stacks = profile.window.stacks
    if stacks and stacks.problem:
        found.append(Doubt(f"The application's stacks are incomplete: {stacks.problem}."))
    return tuple(found)


def _of_window(profile: Profile) -> Iterator[Doubt]:
    recording = profile.window.recording
    if recording.ended_by:
        yield Doubt(
            f"The window is {recording.seconds:.1f} s instead of {recording.wished_s:g}: {recording.ended_by}."
        )
    for message, count in recording.failures.items():
        yield Doubt(f"{format_count(count)} looks at the sessions failed: {message}.")
    kept = len(recording.samples) / recording.seconds / recording.rate if recording.seconds else 1.0
    if kept < _RATE_KEPT and len(recording.samples) > 1:
        mean_ms = sum(sample.read_ms for sample in recording.samples) / len(recording.samples)
        yield Doubt(
            f"{kept * recording.rate:.1f} samples a second instead of {recording.rate:g}, as one takes {format_ms(mean_ms)}."
        )


def _of_rights(profile: Profile) -> Iterator[Doubt]:
    server = profile.window.server
    if not server.tracks_activities:
        yield Doubt("track_activities is off: the server does not say what sessions do.", "turn it on")
    if profile.hidden:
        yield Doubt(
            f"{format_count(profile.hidden)} sessions of other roles are hidden from {server.role}, and count for nothing here.",
            f"GRANT pg_read_all_stats TO {quote_name(server.role)}",
        )


def _of_confidence(profile: Profile) -> Iterator[Doubt]:
    samples = len(profile.window.recording.samples)
    largest = next(iter(profile.shares[By.QUERY]), None)
    if largest is None:
        return
    width = largest.interval.high - largest.interval.low
    if width > SHARE_WIDTH_MOST or samples < SAMPLES_LEAST:
        yield Doubt(
            f"The window tells little: {format_count(samples)} samples, and the largest share lies between"
            f" {format_share(largest.interval.low)} and {format_share(largest.interval.high)}.",
            "sample longer (--seconds)",
        )


def _of_counters(profile: Profile) -> Iterator[Doubt]:
    counted = profile.window.counted
    for what, counters in (
        ("statements", counted.statements),
        ("I/O", counted.io),
        ("the database", counted.database),
    ):
        if isinstance(counters, Missing):
            yield Doubt(f"No counters of {what}: {counters.reason}.", counters.fix)
    for note in counted.notes:
        yield Doubt(f"{note[0].upper()}{note[1:]}.")
