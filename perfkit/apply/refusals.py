"""Why an apply would not start, each reason with what to do about it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit import units
from perfkit.apply.space import Size, sure_bytes
from perfkit.apply.state import Blocker, Table
from perfkit.apply.thresholds import NAMES_SHOWN


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an apply does not start, and what to do about it."""

    message: str
    hint: str = ""


def long_transactions(blockers: Sequence[Blocker]) -> Iterator[Refusal]:
    """Yield a refusal for each transaction that a concurrent build would wait for."""
    for blocker in blockers:
        end = f"SELECT pg_terminate_backend({blocker.pid})" if blocker.pid else "ROLLBACK PREPARED"
        yield Refusal(
            f"{blocker.told} has a transaction open for {blocker.age_s:.0f} s, which a concurrent build waits for",
            f"wait until it is over, or end it: {end}; with --wait it starts, and waits",
        )


def no_room(sizes: Sequence[Size], free_bytes: int | None) -> Iterator[Refusal]:
    """Yield a refusal when the indexes surely do not fit; where the room is unknown, nobody is refused."""
    needed_bytes = sure_bytes(sizes)
    if free_bytes is not None and needed_bytes > free_bytes:
        needed, free = units.format_bytes(needed_bytes), units.format_bytes(free_bytes)
        yield Refusal(f"about {needed} of disk are needed to build, and {free} are free", "make room first")


def not_owned(tables: Iterable[Table]) -> Iterator[Refusal]:
    """Yield a refusal for each owner of tables that this role does not own."""
    owners: dict[str, dict[str, None]] = {}
    for table in tables:
        if not table.is_owned:
            owners.setdefault(table.owner, {})[table.name.sql] = None
    for owner, names in owners.items():
        which = units.listed([*names], NAMES_SHOWN, noun="table")
        belongs, its = ("belongs", "its") if len(names) == 1 else ("belong", "their")
        yield Refusal(
            f"{which} {belongs} to {owner}, and only {its} owner may change {its} indexes",
            f"connect as {owner}, or as a member of that role",
        )


def no_place(schema: str) -> Refusal:
    """Return the refusal where this role may not create an index in a schema."""
    return Refusal(
        f"this role may not create anything in schema {schema}",
        f'have it granted: GRANT CREATE ON SCHEMA "{schema}" TO …',
    )
