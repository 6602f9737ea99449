"""Why an apply would not start is told once an owner, not once a table."""

from perfkit.apply.refusals import not_owned
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
