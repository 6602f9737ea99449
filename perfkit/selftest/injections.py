"""The changes that the self-test makes to a copy of its database, and what the gate must say of each."""

from dataclasses import dataclass

from perfkit.baseline.verdict import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A change by SQL `commands`, each a statement of its own; HEAD stands for the changed database's name.

    `must_fail` tells what the gate must do. `causes` are those that may be named for it, none when nothing may be found.
    A change is undone by copying the database anew.
    """

    name: str
    summary: str
    commands: tuple[str, ...]
    must_fail: bool
    causes: tuple[Cause, ...]


INJECTIONS = (
    Injection(
        name="nothing",
        summary="nothing is changed",
        commands=(),
        must_fail=False,
        causes=(),
    ),
    Injection(
        name="index-dropped",
        summary="an index is dropped",
        commands=("DROP INDEX members_by_year",),
        must_fail=True,
        causes=(Cause.INDEX_LOST,),
    ),
    Injection(
        name="join-method-disabled",
        summary="nested loops are disabled for the database",
        commands=("ALTER DATABASE HEAD SET enable_nestloop = off",),
        must_fail=True,
        causes=(Cause.SETTINGS_CHANGED,),
    ),
    Injection(
        name="function-slower",
        summary="a function takes twice as long",
        commands=(
            """
            CREATE OR REPLACE FUNCTION score(member int, steps int DEFAULT 100) RETURNS bigint
            STABLE LANGUAGE plpgsql AS $$
            DECLARE
                total bigint := 0;
            BEGIN
                FOR step IN 1..2 * steps LOOP
                    total := total + (member + step) % 7;
                END LOOP;
                RETURN total;
            END
            $$
            """,
        ),
        must_fail=True,
        causes=(Cause.FUNCTION_CHANGED,),
    ),
    Injection(
        name="statistics-lost",
        summary="a column's statistics are lost",
        commands=(
            """
            DELETE FROM pg_statistic USING pg_attribute
            WHERE starelid = attrelid AND staattnum = attnum
            AND attrelid = 'members'::regclass AND attname = 'kind'
            """,
        ),
        must_fail=True,
        causes=(Cause.STATISTICS_LOST,),
    ),
    Injection(
        name="data-grown",
        summary="the tables have 1.5 times and 3 times the rows",
        commands=(
            # As later classes, in order: were they of the same years, the order of the rows would leave class_list between
            # two plans of one cost.
            """
            INSERT INTO members SELECT member_id + 200000, grad_year + 75, card + 1400000, kind, name
            FROM members WHERE member_id % 2 = 0 ORDER BY member_id
            """,
            """
            INSERT INTO gifts SELECT gift_id + again * 100000, member_id, amount, given_on
            FROM gifts, generate_series(1, 2) AS again
            """,
            "VACUUM (ANALYZE) members, gifts",
        ),
        must_fail=True,
        causes=(Cause.DATA_GREW,),
    ),
    Injection(
        name="column-rewritten",
        summary="a column gets another type, which its index no longer serves",
        commands=(
            "ALTER TABLE members ALTER card TYPE bigint",
            "VACUUM (ANALYZE) members",
        ),
        must_fail=True,
        causes=(Cause.COLUMN_CHANGED, Cause.INDEX_LOST),
    ),
    Injection(
        name="index-added",
        summary="an index is added",
        commands=("CREATE INDEX gifts_by_day ON gifts (given_on)",),
        must_fail=False,
        causes=(Cause.IMPROVED,),
    ),
)
