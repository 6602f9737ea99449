"""Shares, intervals, blockers and counters of samples that are made by hand."""

from random import Random

import pytest

from perfkit.errors import StatementError
from perfkit.profile.blockers import PREPARED_PID, blockers
from perfkit.profile.confidence import share_interval, wilson_interval
from perfkit.profile.counters import Counted, DatabaseCounts, Missing, StatementCounts, difference
from perfkit.profile.model import By, Recording, Sample, Seen, Session
from perfkit.profile.sampling import INTERRUPTED, Pace, Surroundings, record
from perfkit.profile.shares import key_of, load_of, over_time, shares
from perfkit.profile.stacks import Stacks, functions, read_stacks, tree_of
from perfkit.profile.statements import Name


def name(session: Session) -> Name:
    return Name(session.text)


def samples(*sessions: Session, count: int = 40, seconds: float = 0.1) -> tuple[Sample, ...]:
    return tuple(Sample(at_s=n * seconds, seconds=seconds, sessions=sessions) for n in range(count))


def waiting(pid: int, *blocked_by: int) -> Session:
    return Session(
        pid=pid, wait_type="Lock", wait_event="tuple", blocked_by=blocked_by, text="w", application="web"
    )


def idle(pid: int) -> Session:
    return Session(
        pid=pid, state="idle in transaction", text="r", application="root", transaction_began_s=90.0
    )


def test_time_is_shared_by_seconds_and_those_in_the_way_take_none() -> None:
    seen = (
        Sample(at_s=0, seconds=1, sessions=(Session(pid=1, text="a"), idle(9))),
        Sample(
            at_s=1,
            seconds=3,
            sessions=(Session(pid=2, text="b", wait_type="IO", wait_event="DataFileRead"),),
        ),
    )
    first, second = shares(seen, key_of(By.QUERY, name))
    assert (first.name.text, first.share, first.waits) == ("b", 0.75, {"IO:DataFileRead": 1.0})
    assert (second.name.text, second.share, second.waits) == ("a", 0.25, {"CPU": 1.0})
    assert load_of(Recording(samples=seen, wished_s=4, rate=1, failures={})).sessions == 1.0
    assert over_time(seen, 80)["CPU"] == ((0, 1.0), (1, 0.0))


def test_the_root_of_a_chain_has_all_the_waiting() -> None:
    (blocker,) = blockers(samples(idle(1), waiting(2, 1), waiting(3, 2, 1)), name, began_s=100.0)
    assert (blocker.pids, blocker.most_waiting, blocker.share) == ((1,), 2, 1.0)
    assert [blocker.held_s, blocker.waited_s] == pytest.approx([4, 8])
    assert blocker.transaction_s == pytest.approx(13.9)


def test_two_roots_share_who_waits_for_both_and_a_circle_ends() -> None:
    prepared, session = blockers(samples(waiting(5, PREPARED_PID, 1), idle(1)), name, began_s=100.0)
    assert {prepared.pids, session.pids} == {(PREPARED_PID,), (1,)}
    assert prepared.waited_s == pytest.approx(session.waited_s) == pytest.approx(2)
    (deadlock,) = blockers(samples(waiting(6, 7), waiting(7, 6)), name, began_s=100.0)
    assert deadlock.waited_s == pytest.approx(8)


def test_time_in_one_stretch_is_less_sure_than_time_spread_evenly() -> None:
    stretch = share_interval([1.0] * 50 + [0.0] * 50, [1.0] * 100, 100)
    spread = share_interval([1.0, 0.0] * 50, [1.0] * 100, 100)
    assert stretch.high - stretch.low > 1.5 * (spread.high - spread.low)
    # Brown, Cai and DasGupta (2001): Wilson's interval of 10 of 20.
    assert list(wilson_interval(0.5, 20)) == pytest.approx([0.2993, 0.7007], abs=1e-4)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_intervals_hold_the_truth_nearly_as_often_as_they_say(share: float) -> None:
    chance, held = Random(4), 0
    for _ in range(300):
        parts = [float(chance.random() < share) for _ in range(200)]
        low, high = share_interval(parts, [1.0] * 200, 200)
        held += low <= share <= high
    assert held >= 0.92 * 300


def counted(statements: dict[tuple[int, bool], StatementCounts]) -> Counted:
    return Counted(statements=statements, io=Missing(reason="none"), database=DatabaseCounts(rollbacks=5))


def test_what_was_thrown_out_and_came_again_counts_from_there() -> None:
    before = counted({(1, True): StatementCounts(calls=10), (2, True): StatementCounts(calls=5)})
    after = counted({(1, True): StatementCounts(calls=3), (2, True): StatementCounts(calls=5)})
    found = difference(before, after, own_rollbacks=9)
    assert found.statements == {(1, True): StatementCounts(calls=3)}
    assert found.database == DatabaseCounts()


class Slow:
    """A server whose every look takes some time, or fails."""

    is_lost = False

    def __init__(self, took_s: float) -> None:
        self.now_s, self.took_s, self.looks = 0.0, took_s, 0

    def activity(self) -> Seen:
        self.now_s += self.took_s
        self.looks += 1
        if self.looks == 3:
            raise StatementError("canceled")
        return Seen(sessions=(Session(pid=1),))

    def wait(self, seconds: float) -> bool:
        self.now_s += seconds
        return self.looks >= 500

    def around(self) -> Surroundings:
        return Surroundings(clock=lambda: self.now_s, wait=self.wait, chance=Random(1))


def test_a_slow_server_is_looked_at_less_often_and_a_failed_look_is_counted() -> None:
    slow = Slow(took_s=0.5)
    recording = record(slow, Pace(seconds=60, rate=10), slow.around())
    # Half a second may be a fifth of the time: every 2.5 s.
    assert 20 <= len(recording.samples) <= 28
    assert recording.failures == {"canceled": 1}
    assert 50 < recording.seconds <= 62


def test_an_interrupt_keeps_what_was_seen() -> None:
    quick = Slow(took_s=0.001)
    recording = record(quick, Pace(seconds=1000, rate=10), quick.around())
    assert (len(recording.samples), recording.ended_by) == (499, INTERRUPTED)


def test_stacks_become_functions_and_a_tree() -> None:
    stacks = Stacks(pid=7, counts=read_stacks(["a;b;b 3", "a;c 1", "half a li", ""]))
    shares_of = {each.name: (each.own_share, each.share) for each in functions(stacks)}
    assert shares_of == {"b": (0.75, 0.75), "c": (0.25, 0.25), "a": (0.0, 1.0)}
    root = tree_of(stacks)
    assert (root.count, [call.name for call in root.calls[0].calls]) == (4, ["b", "c"])
