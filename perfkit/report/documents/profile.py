"""The document of a profile: where a server's time went, by query and wait; who was in the way; what was counted."""

from collections.abc import Iterator, Mapping

from perfkit import units
from perfkit.profile.blockers import PREPARED_PID, Blocker
from perfkit.profile.doubts import Doubt, doubts
from perfkit.profile.model import By
from perfkit.profile.profile import Profile
from perfkit.profile.shares import Share
from perfkit.profile.stacks import functions, tree_of
from perfkit.profile.statements import Name
from perfkit.report.area import draw_stacked
from perfkit.report.chart import Chart, Point, Series
from perfkit.report.document import Block, Cell, Check, Document, Paragraph, Picture, State, Table, Tone
from perfkit.report.documents.profile_counters import counter_tables, database_lines
from perfkit.report.documents.profile_data import profile_data
from perfkit.report.documents.profile_words import name_cell
from perfkit.report.flame import draw_flame

SCHEMA = "perfkit.profile/1"
# What a query waits for is told from this share of its time on, and at most so many.
_WAIT_SHARE_LEAST = 0.05
_WAITS_SHOWN = 2


def profile_document(profile: Profile, *, by: By, top: int) -> Document:
    """Return the document of a profile whose first table has the `top` parts by what was asked for."""
    server, recording = profile.window.server, profile.window.recording
    place = f"{server.database}, PostgreSQL {server.version}" + (", a standby" if server.in_recovery else "")
    said = doubts(profile)
    return Document(
        schema=SCHEMA,
        title=(
            f"perfkit profile: {profile.load.sessions:.2f} active sessions on average"
            f" over {recording.seconds:.0f} s ({place})"
        ),
        blocks=tuple(_blocks(profile, said, by, top)),
        checks=tuple(_checks(profile, said)),
        data=profile_data(profile, said),
    )


def flame_svg(profile: Profile) -> str:
    """Return the flame graph of the application's process, which was seen at least once."""
    stacks = profile.window.stacks
    assert stacks is not None
    title = f"Process {stacks.pid} on the processor, {profile.window.recording.seconds:.0f} s"
    return draw_flame(title, tree_of(stacks))


def _blocks(profile: Profile, said: tuple[Doubt, ...], by: By, top: int) -> Iterator[Block]:
    if profile.load.sightings:
        yield Picture(title="", svg=_picture(profile))
        yield _shares(profile, by, top)
        if by is not By.WAIT:
            yield _shares(profile, By.WAIT, top)
    if profile.blockers:
        yield _blockers(profile, top)
    yield from counter_tables(profile, top)
    yield from _application(profile, top)
    yield Paragraph(_summary(profile))
    yield from database_lines(profile)
    for doubt in said:
        yield Paragraph(f"{doubt.text} Fix: {doubt.fix}" if doubt.fix else doubt.text, Tone.WARN)


def _summary(profile: Profile) -> str:
    load, samples = profile.load, profile.window.recording.samples
    took_ms = sum(sample.read_ms for sample in samples) / len(samples)
    low, high = load.interval
    own = "" if profile.own_ms is None else f", {units.format_ms(profile.own_ms)} of them on the server"
    return (
        f"{load.sessions:.2f} sessions were active on average ({low:.2f} to {high:.2f}), {load.most} at most, in"
        f" {units.format_count(len(samples))} samples that took {units.format_ms(took_ms)} each{own}."
        " Ranges are 95 % intervals."
    )


def _picture(profile: Profile) -> str:
    series = tuple(
        Series(name=name, points=tuple(Point(x=at_s, y=sessions) for at_s, sessions in points))
        for name, points in profile.over_time.items()
    )
    return draw_stacked(
        Chart(
            title="Active sessions by what they wait for",
            x_title="seconds",
            y_title="sessions",
            series=series,
        )
    )


def _shares(profile: Profile, by: By, top: int) -> Table:
    found = profile.shares[by]
    counted = profile.counts if by is By.QUERY else {}
    rows = [_share_row(share, by, _counted_cells(profile, share.name)) for share in found[:top]]
    if rest := found[top:]:
        share = sum(each.share for each in rest)
        sessions = sum(each.sessions for each in rest)
        more = (
            Cell(f"{units.format_count(len(rest))} more", Tone.FAINT),
            Cell(units.format_share(share), Tone.FAINT),
            Cell(f"{sessions:.2f}", Tone.FAINT),
        )
        rows.append((*more, *(Cell("") for _ in range(len(rows[0]) - len(more)))))
    headings: tuple[str, ...] = (str(by), "share (95 %)", "sessions")
    headings += () if by is By.WAIT else ("waits for",)
    headings += ("calls/s", "mean") if counted else ()
    rows = [row[: len(headings)] for row in rows]
    numeric = {1, 2} | ({4, 5} if counted else set())
    return Table(
        title=f"Active time by {by}", headings=headings, rows=tuple(rows), numeric=frozenset(numeric)
    )


def _counted_cells(profile: Profile, name: Name) -> tuple[Cell, ...]:
    """Return calls a second and the mean of a statement, as far as they were counted."""
    counted = profile.counts.get(name)
    if counted is None or not counted.counts.calls:
        return (Cell(""), Cell(""))
    rate = counted.counts.calls / profile.window.recording.seconds
    return (Cell(units.format_count(rate)), Cell(units.format_ms(counted.counts.mean_ms)))


def _share_row(share: Share, by: By, counted: tuple[Cell, ...]) -> tuple[Cell, ...]:
    low, high = (round(end * 100) for end in share.interval)
    cells = (
        name_cell(share.name) if by is By.QUERY else Cell(share.name.text),
        Cell(f"{units.format_share(share.share)} ({low}-{high})"),
        Cell(f"{share.sessions:.2f}"),
    )
    return cells if by is By.WAIT else (*cells, Cell(_parts(share.waits)), *counted)


def _parts(shares: Mapping[str, float]) -> str:
    told = [(name, share) for name, share in shares.items() if share >= _WAIT_SHARE_LEAST]
    shown = told[:_WAITS_SHOWN]
    if len(shown) == 1 and shown[0][1] > 1 - _WAIT_SHARE_LEAST:
        return shown[0][0]
    return ", ".join(f"{name} {units.format_share(share)}" for name, share in shown)


def _blockers(profile: Profile, top: int) -> Table:
    return Table(
        title="Who was in the way (roots of all waits for locks)",
        headings=("root blocker", "its statement", "state", "held up others", "together", "at once"),
        rows=tuple(_blocker_row(blocker) for blocker in profile.blockers[:top]),
        numeric=frozenset({3, 4, 5}),
    )


def _blocker_row(blocker: Blocker) -> tuple[Cell, ...]:
    age = blocker.transaction_s
    state = next(iter(blocker.states))
    return (
        Cell(blocker_name(blocker)),
        name_cell(blocker.name),
        Cell(f"{state}, transaction of {units.format_ms(age * 1000)}" if age is not None else state),
        Cell(units.format_ms(blocker.held_s * 1000)),
        Cell(f"{units.format_ms(blocker.waited_s * 1000)} ({units.format_share(blocker.share)})"),
        Cell(str(blocker.most_waiting)),
    )


def blocker_name(blocker: Blocker) -> str:
    """Return a blocker as a DBA finds it again: "pid 4711 (alice, psql)", "12 sessions (web)"."""
    if blocker.pids == (PREPARED_PID,):
        return "a prepared transaction"
    who = ", ".join(filter(None, (blocker.user, blocker.application)))
    many = f"{len(blocker.pids)} sessions" if len(blocker.pids) > 1 else f"pid {blocker.pids[0]}"
    return f"{many} ({who})" if who else many


def _application(profile: Profile, top: int) -> Iterator[Block]:
    stacks = profile.window.stacks
    if stacks is None or not stacks.total:
        return
    yield Table(
        title=f"Process {stacks.pid} on the processor ({units.format_count(stacks.total)} stacks)",
        headings=("function", "itself", "with what it calls"),
        rows=tuple(
            (
                Cell(each.name),
                Cell(units.format_share(each.own_share)),
                Cell(units.format_share(each.share)),
            )
            for each in functions(stacks)[:top]
        ),
        numeric=frozenset({1, 2}),
    )
    yield Picture(title="", svg=flame_svg(profile))


def _checks(profile: Profile, said: tuple[Doubt, ...]) -> Iterator[Check]:
    yield Check(id="active-sessions", group="profile", state=State.PASSED, message=_summary(profile))
    for blocker in profile.blockers:
        yield Check(
            id=f"blocker/{blocker_name(blocker)}",
            group="profile",
            state=State.WARNING,
            message=(
                f"{blocker_name(blocker)} held others up for {units.format_ms(blocker.held_s * 1000)},"
                f" {blocker.most_waiting} at once: {blocker.name.text}"
            ),
        )
    for number, doubt in enumerate(said, start=1):
        yield Check(
            id=f"doubt/{number}", group="profile", state=State.SKIPPED, message=doubt.text, detail=doubt.fix
        )
