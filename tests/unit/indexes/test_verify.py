"""Verification keeps what is measured to help, and throws out what makes a case slower or is of no use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.indexes.verify import MeasuredCase, verify
from perfkit.syntax.index import IndexDefinition, IndexKey


def _index(column: str) -> IndexDefinition:
    return IndexDefinition(schema="s", table="t", keys=(IndexKey(text=column),))


A, B, C = map(_index, "abc")


@dataclass
class _Copy:
    """A copy whose planner uses what is in `plans`: for each case the first set of indexes that is there, with its ms."""

    plans: Mapping[str, Sequence[tuple[set[str], float]]]
    built: set[str] = field(default_factory=set)

    def create(self, definition: IndexDefinition) -> frozenset[str]:
        self.built.add(definition.keys[0].text)
        return frozenset({definition.keys[0].text})

    def drop(self, definition: IndexDefinition) -> None:
        self.built.remove(definition.keys[0].text)

    def measure(self) -> list[MeasuredCase]:
        found = []
        for case, plans in self.plans.items():
            used, after = next((used, ms) for used, ms in plans if used <= self.built)
            before = next(ms for used, ms in plans if not used)
            found.append(
                MeasuredCase(
                    case_id=case,
                    weight=1,
                    before_ms=before,
                    after_ms=after,
                    used=frozenset(used),
                    slower=after > before * 1.1,
                    faster=after < before / 1.1,
                )
            )
        return found


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
    assert [each.definition for each in verified.rejected] == [B]
    assert "bad is slower with it: 10.00 -> 50.00 ms" in verified.rejected[0].reason
    assert verified.slower == ()


def test_what_no_case_uses_or_none_is_faster_with_goes() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)], "two": [({"b"}, 9.9), (set(), 10.0)]})
    verified = verify([A, B, C], copy, copy.measure)
    assert verified.kept == (A,)
    reasons = {each.definition: each.reason for each in verified.rejected}
    assert reasons[C] == "no case uses it"
    assert "no case is measured to be faster with it" in reasons[B]
    assert copy.built == {"a"}


def test_it_ends_when_a_case_stays_slower_without_any_index() -> None:
    copy = _Copy({"one": [({"a"}, 1.0), (set(), 10.0)]})
    slow = MeasuredCase(
        case_id="busy", weight=1, before_ms=1, after_ms=5, used=frozenset(), slower=True, faster=False
    )
    verified = verify([A], copy, lambda: [*copy.measure(), slow])
    assert verified.kept == (A,)
    assert verified.slower == (slow,)
