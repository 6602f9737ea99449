"""Verification keeps what is measured to help, and throws out what makes a case slower or is of no use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.errors import StatementError
from perfkit.indexes.change import Change, Removal
from perfkit.indexes.lookups import Lookup
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.verify import verify
from perfkit.syntax.index import IndexDefinition, IndexKey


def _index(column: str, *, unique: bool = False) -> IndexDefinition:
    return IndexDefinition(schema="s", table="t", keys=(IndexKey(text=column),), unique=unique)


A, B, C = map(_index, "abc")
OLD = Removal(schema="s", name="old", definition=_index("o"))
FOREIGN_KEY = Lookup(table="s.t", columns=("a",), referenced="s.p", referenced_columns=("id",))

Plans = Sequence[tuple[set[str], float]]


def _name(change: Change) -> str:
    return change.name if isinstance(change, Removal) else change.keys[0].text


@dataclass
class _Copy:
    """A copy whose planner uses what is in `plans`: for each case the first set of indexes that is there, with its ms."""

    plans: Mapping[str, Plans]
    there: set[str] = field(default_factory=lambda: {"old"})
    fields: Mapping[str, dict[str, object]] = field(default_factory=dict)
    refuses: frozenset[Change] = frozenset()

    def make(self, change: Change) -> frozenset[str]:
        if change in self.refuses:
            raise StatementError("it is too long", sqlstate="54000")
        self.there ^= {_name(change)}
        return frozenset({_name(change)})

    def take_back(self, change: Change) -> None:
        self.there ^= {_name(change)}

    def measure(self) -> list[MeasuredCase]:
        return [self._measured(case, plans) for case, plans in self.plans.items()]

    def _measured(self, case: str, plans: Plans) -> MeasuredCase:
        used, after = next((used, ms) for used, ms in plans if used <= self.there)
        used_before, before = next((used, ms) for used, ms in plans if used <= {"old"})
        return MeasuredCase(
            case_id=case,
            before_ms=before,
            after_ms=after,
            used_before=tuple(used_before),
            used=tuple(used),
            slower=after > before * 1.1,
            faster=after < before / 1.1,
            **{"weight": 1} | self.fields.get(case, {}),  # type: ignore[arg-type]  # fields by name
        )


def test_what_helps_is_kept() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)]})
    verified = verify([A], copy, copy.measure)
    assert verified.kept == (A,)
    assert (verified.before_ms, verified.after_ms) == (10.0, 1.0)


def test_the_culprit_of_a_slower_case_is_thrown_out_and_named() -> None:
    copy = _Copy(
        {"good": [({"a"}, 1.0), (set(), 10.0)], "bad": [({"a", "b"}, 50.0), ({"a"}, 9.0), (set(), 10.0)]}
    )
    verified = verify([A, B], copy, copy.measure)
    assert verified.kept == (A,)
    assert [each.change for each in verified.rejected] == [B]
    assert "bad is slower with it: 10.00 -> 50.00 ms" in verified.rejected[0].reason
    assert verified.slower == ()


def test_what_no_case_uses_or_none_is_faster_with_goes() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)], "two": [({"b"}, 9.9), (set(), 10.0)]})
    verified = verify([A, B, C], copy, copy.measure)
    assert verified.kept == (A,)
    reasons = {each.change: each.reason for each in verified.rejected}
    assert reasons[C] == "no case uses it"
    assert "no case is measured to be faster with it" in reasons[B]
    assert copy.there == {"a", "old"}


def test_what_is_there_instead_of_an_index_that_others_gain_by_is_measured_in_turn() -> None:
    plans: dict[str, Plans] = {
        "gains": [({"a"}, 10), ({"b"}, 20), (set(), 100)],
        "loses": [({"a"}, 300), (set(), 100)],
    }
    asked: list[tuple[frozenset[IndexDefinition], tuple[Change, ...]]] = []

    def instead(missed: frozenset[IndexDefinition], kept: Sequence[Change]) -> Sequence[Change]:
        asked.append((missed, tuple(kept)))
        return [B]

    copy = _Copy(plans)
    found = verify([A], copy, copy.measure, instead=instead)
    assert (found.kept, [each.change for each in found.rejected]) == ((B,), [A])
    assert found.helped == {B: ("gains",)}
    assert asked == [(frozenset({A}), ())]


def test_nobody_asks_for_another_index_where_none_gained_by_the_one_that_went() -> None:
    copy = _Copy({"loses": [({"a"}, 300), (set(), 100)]})
    assert verify([A], copy, copy.measure, instead=lambda *_: [B]).kept == ()


def test_one_that_went_is_not_made_again_and_others_are_asked_for_twice_at_most() -> None:
    plans: dict[str, Plans] = {
        "gains": [({"a"}, 10), ({"b"}, 10), ({"c"}, 10), (set(), 100)],
        "loses": [({"a"}, 300), ({"b"}, 300), ({"c"}, 300), (set(), 100)],
    }
    copy = _Copy(plans)
    choices = iter(([A, B], [C], [_index("d")]))
    found = verify([A], copy, copy.measure, instead=lambda *_: next(choices))
    assert [each.change for each in found.rejected] == [A, B, C]
    assert next(choices) == [_index("d")]


def test_it_ends_when_a_case_stays_slower_without_any_index() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)]})
    slow = MeasuredCase(case_id="busy", weight=1, before_ms=1, after_ms=5, slower=True, faster=False)
    verified = verify([A], copy, lambda: [*copy.measure(), slow])
    assert verified.kept == (A,)
    assert verified.slower == (slow,)


def test_a_drop_that_no_case_misses_is_kept_and_one_that_a_case_misses_is_taken_back() -> None:
    unmissed = _Copy({"one": [(set(), 10.0)]})
    assert verify([OLD], unmissed, unmissed.measure).dropped == (OLD,)
    missed = _Copy({"one": [({"old"}, 1.0), (set(), 10.0)]})
    verified = verify([OLD], missed, missed.measure)
    assert verified.kept == ()
    assert verified.rejected[0].reason == "one is slower without it: 1.00 -> 10.00 ms"
    assert missed.there == {"old"}


def test_a_drop_is_taken_back_before_the_index_that_is_used_for_want_of_it() -> None:
    copy = _Copy(
        {
            "one": [({"old"}, 1.0), ({"a"}, 5.0), (set(), 10.0)],
            "two": [({"a", "x"}, 0.0), ({"a"}, 1.0), (set(), 10.0)],
        }
    )
    verified = verify([A, OLD], copy, copy.measure)
    assert verified.kept == (A,)
    assert [each.change for each in verified.rejected] == [OLD]


def test_what_a_thrown_out_index_was_to_replace_stays() -> None:
    copy = _Copy({"one": [(set(), 10.0)]})
    replaced = Removal(schema="s", name="old", definition=_index("o"), instead=B.create())
    verified = verify([B, replaced], copy, copy.measure)
    assert verified.kept == ()
    assert verified.rejected[1].reason == "the index that was to replace it is thrown out"


def test_an_index_of_a_foreign_key_is_used_by_the_case_that_looks_rows_up_by_it() -> None:
    copy = _Copy({"purge": [({"a"}, 1.0), (set(), 10.0)]}, fields={"purge": {"lookups": (FOREIGN_KEY,)}})

    def measure() -> list[MeasuredCase]:
        """No plan shows what a trigger uses."""
        return [
            MeasuredCase(
                case_id="purge",
                weight=1,
                before_ms=each.before_ms,
                after_ms=each.after_ms,
                slower=each.slower,
                faster=each.faster,
                lookups=each.lookups,
            )
            for each in copy.measure()
        ]

    assert verify([A], copy, measure).kept == (A,)
    lost = Removal(schema="s", name="old", definition=A)
    copy.plans = {"purge": [({"old"}, 1.0), (set(), 10.0)]}
    copy.there = {"old"}
    assert verify([lost], copy, measure).rejected[0].change == lost


def test_an_index_that_writes_pay_more_for_than_reads_gain_goes() -> None:
    copy = _Copy(
        {"read": [({"a"}, 1.0), (set(), 10.0)], "import": [({"a", "x"}, 0.0), (set(), 100.0)]},
        fields={"import": {"written": ("s.t",)}},
    )

    def measure(cost_ms: float) -> list[MeasuredCase]:
        read, _ = copy.measure()
        slow = MeasuredCase(
            case_id="import", weight=1, before_ms=100, after_ms=100 + cost_ms, slower="a" in copy.there,
            faster=False, written=("s.t",),
        )  # fmt: skip
        return [read, slow]

    verified = verify([A], copy, lambda: measure(20.0))
    assert verified.kept == ()
    assert "import is slower with it" in verified.rejected[0].reason
    verified = verify([A], copy, lambda: measure(5.0))
    assert verified.kept == (A,)
    assert [case.case_id for case in verified.slower] == ["import"]


def test_what_cannot_be_made_is_thrown_out_with_the_server_s_words() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)]}, refuses=frozenset({B}))
    verified = verify([A, B], copy, copy.measure)
    assert verified.kept == (A,)
    assert verified.rejected[0].reason == "it could not be made: it is too long"


def test_after_a_change_is_taken_back_only_the_cases_that_it_touched_are_measured_again() -> None:
    copy = _Copy(
        {"good": [({"a"}, 1.0), (set(), 10.0)], "bad": [({"b"}, 50.0), (set(), 10.0)], "else": [(set(), 5.0)]}
    )
    asked: list[frozenset[str]] = []

    def again(cases: frozenset[str]) -> list[MeasuredCase]:
        asked.append(cases)
        return [each for each in copy.measure() if each.case_id in cases]

    verified = verify([A, B], copy, copy.measure, again)
    assert asked == [frozenset({"bad"})]
    assert verified.kept == (A,)
    assert {case.case_id: case.after_ms for case in verified.cases} == {"good": 1.0, "bad": 10.0, "else": 5.0}


def test_a_unique_index_keeps_a_rule_and_needs_no_case() -> None:
    rule = _index("r", unique=True)
    copy = _Copy({"one": [(set(), 10.0)]})
    assert verify([rule], copy, copy.measure).kept == (rule,)


def test_a_slower_case_that_nobody_feels_costs_no_index_that_gains_more() -> None:
    plans = {"page": [({"a"}, 1.0), (set(), 10.0)], "nothing": [({"a"}, 0.5), (set(), 0.2)]}
    copy = _Copy(plans)
    verified = verify([A], copy, copy.measure)
    assert verified.kept == (A,)
    assert [case.case_id for case in verified.slower] == ["nothing"]


def test_a_slower_case_that_is_called_so_often_that_all_lose_more_takes_its_index_along() -> None:
    plans = {"page": [({"a"}, 1.0), (set(), 10.0)], "often": [({"a"}, 0.5), (set(), 0.2)]}
    copy = _Copy(plans, fields={"often": {"weight": 100}})
    verified = verify([A], copy, copy.measure)
    assert verified.kept == ()
    assert "often is slower with it" in verified.rejected[0].reason


def test_an_index_that_is_read_in_vain_goes_when_all_that_it_touches_is_quicker_without_it() -> None:
    plans = {"page": [({"walk"}, 5.0), ({"b"}, 1.0), (set(), 10.0)], "first": [({"walk"}, 1.0), (set(), 2.0)]}
    walk, search = map(_index, ("walk", "b"))
    wasted: dict[str, dict[str, object]] = {"page": {"wasted": ("walk",)}}
    copy = _Copy(plans, fields=wasted)
    verified = verify([walk, search], copy, copy.measure)
    assert verified.kept == (search,)
    assert verified.rejected[0].reason == "page is quicker by what is there without it: 5.00 -> 1.00 ms"
    assert copy.there == {"b", "old"}
    copy = _Copy(plans, fields={"page": {"wasted": ("walk",)}, "first": {"weight": 10}})
    verified = verify([walk, search], copy, copy.measure)
    assert set(verified.kept) == {walk}
    assert copy.there == {"walk", "old"}
