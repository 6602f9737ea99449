"""Why an apply would not start is told once an owner, not once a table; for want of room only where that is sure."""

import pytest

from perfkit.apply.refusals import no_room, not_owned
from perfkit.apply.space import Size, room_notes
from perfkit.apply.state import Name, Table


def _table(name: str, owner: str, *, is_owned: bool = False) -> Table:
    return Table(
        name=Name("app", name),
        kind="r",
        parent=None,
        owner=owner,
        is_owned=is_owned,
        may_create=True,
        rows=1,
        size_bytes=8192,
        indexes=(),
    )


def test_the_tables_of_an_owner_are_told_together_and_once() -> None:
    tables = [_table(name, "office") for name in ("a", "b", "a", "c", "d", "e")]
    found = list(not_owned([*tables, _table("x", "shop"), _table("mine", "me", is_owned=True)]))
    assert [(refusal.message, refusal.hint) for refusal in found] == [
        (
            "app.a, app.b, app.c and 2 more tables belong to office, and only their owner may change their indexes",
            "connect as office, or as a member of that role",
        ),
        (
            "app.x belongs to shop, and only its owner may change its indexes",
            "connect as shop, or as a member of that role",
        ),
    ]


def test_what_this_role_owns_is_no_reason() -> None:
    assert not list(not_owned([_table("mine", "me", is_owned=True)]))


@pytest.mark.parametrize(
    ("free_bytes", "refused", "noted"),
    [(399, True, False), (400, False, True), (2349, False, True), (2350, False, False), (None, False, False)],
)
def test_only_what_surely_does_not_fit_is_refused(
    free_bytes: int | None, *, refused: bool, noted: bool
) -> None:
    """One index after the other is built, so that the largest alone is sorted beside them."""
    sizes = [Size(100, 100), Size(150, 150), Size(1050, 0)]
    assert bool(list(no_room(sizes, free_bytes))) is refused
    assert bool(list(room_notes(sizes, free_bytes))) is noted
