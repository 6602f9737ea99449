"""The injected changes: what is done to the changed side, which case must be seen, and what its cause may be called."""

from dataclasses import dataclass

_FUNCTION = """CREATE OR REPLACE FUNCTION bench.weigh(number bigint) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS
$$DECLARE total numeric := 0; BEGIN FOR step IN 1..{steps} LOOP total := total + number % step; END LOOP; RETURN total; END$$"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One change. `sql` runs on the changed database, `{database}` being its name; without any, the changed queries run.

    `case` is the one that must be seen, as one of `causes`; a change for the better has none and must pass.
    """

    name: str
    case: str
    causes: tuple[str, ...]
    sql: tuple[str, ...] = ()
    needs_jit: bool = False


def _dropped(index: str, case: str, *others: str) -> Injection:
    sql = tuple(f"DROP INDEX alumni.{name}" for name in (index, *others))
    return Injection(name=f"dropped index {index}", case=case, causes=("index-lost",), sql=sql)


def _setting(text: str, case: str, *causes: str, needs_jit: bool = False) -> Injection:
    assignments = tuple(f"ALTER DATABASE {{database}} SET {each.strip()}" for each in text.split(","))
    return Injection(
        name=text, case=case, causes=("settings-changed", *causes), sql=assignments, needs_jit=needs_jit
    )


def _function(percent: int, case: str = "weigh/typical") -> Injection:
    return Injection(
        name=f"function {percent} % slower ({case.partition('/')[0]})",
        case=case,
        causes=("function-changed",),
        sql=(_FUNCTION.format(steps=20 + 20 * percent // 100),),
    )


def _rewritten(what: str, case: str) -> Injection:
    return Injection(name=f"query: {what}", case=case, causes=("sql-changed",))


_FORGET = "DELETE FROM pg_statistic WHERE starelid = 'alumni.{table}'::regclass"
_MORE_GIFTS = """INSERT INTO alumni.gifts (person_id, fund_id, campaign_id, amount, currency, received_on, method, note)
SELECT person_id, fund_id, campaign_id, amount, currency, received_on, method, note FROM alumni.gifts WHERE gift_id % 10 < {tenths}"""
_QUIET = "ALTER TABLE alumni.gifts DISABLE TRIGGER USER"

INJECTIONS = (
    _dropped("gifts_person_idx", "gifts_of_person/typical", "gifts_donor_idx"),
    _dropped("people_class_idx", "class_size/typical"),
    _dropped("people_name_idx", "by_name/typical"),
    _dropped("people_search_idx", "search/typical"),
    _dropped("people_tags_idx", "tagged/rare"),
    _dropped("employment_person_idx", "careers/typical"),
    _dropped("degrees_person_idx", "degrees_of/typical", "degrees_person_year_idx"),
    _dropped("gifts_received_idx", "gifts_of_week/typical"),
    _setting("enable_hashjoin = off", "big_join/default"),
    _setting("enable_nestloop = off", "careers/typical"),
    _setting("enable_indexscan = off, enable_bitmapscan = off, enable_indexonlyscan = off", "small_join/typical"),
    _setting("enable_hashagg = off", "giving_by_fund/default", "spill-appeared"),
    _setting("work_mem = '64kB'", "big_sort/default", "spill-appeared"),
    _setting("work_mem = '72kB'", "big_join/default", "spill-appeared"),
    _setting("work_mem = '128MB'", "big_sort/default"),
    _setting("max_parallel_workers_per_gather = 0", "scan_gifts/default", "parallel-lost"),
    _setting("random_page_cost = 1000", "small_join/typical"),
    _setting("jit = on, jit_above_cost = 0, jit_optimize_above_cost = 0, jit_inline_above_cost = 0", "scan_employment/default",
             "jit-appeared", needs_jit=True),
    Injection(
        name="lost statistics of people",
        case="active_giving/default",
        causes=("statistics-lost",),
        sql=(_FORGET.format(table="people"),),
    ),
    Injection(
        name="lost statistics of gifts",
        case="giving_by_school/default",
        causes=("statistics-lost",),
        sql=(_FORGET.format(table="gifts"), _FORGET.format(table="people")),
    ),
    Injection(
        name="1.3 x the gifts",
        case="scan_gifts/default",
        causes=("data-grew",),
        sql=(_QUIET, _MORE_GIFTS.format(tenths=3), "VACUUM (ANALYZE) alumni.gifts"),
    ),
    Injection(
        name="1.2 x the gifts",
        case="scan_gifts/default",
        causes=("data-grew",),
        sql=(_QUIET, _MORE_GIFTS.format(tenths=2), "VACUUM (ANALYZE) alumni.gifts"),
    ),
    Injection(
        name="2 x the gifts",
        case="giving_by_fund/default",
        causes=("data-grew",),
        sql=(_QUIET, _MORE_GIFTS.format(tenths=10), "VACUUM (ANALYZE) alumni.gifts"),
    ),
    Injection(
        name="bloat: every gift updated twice",
        case="scan_gifts/default",
        causes=("bloat", "vacuum-needed"),
        sql=(_QUIET, "UPDATE alumni.gifts SET note = note", "UPDATE alumni.gifts SET note = note",
             "VACUUM (ANALYZE) alumni.gifts"),
    ),
    Injection(
        name="bloat: jobs at a fill factor of 20",
        case="scan_employment/default",
        causes=("bloat",),
        sql=("ALTER TABLE alumni.employment SET (fillfactor = 20)", "VACUUM (FULL, ANALYZE) alumni.employment"),
    ),
    Injection(
        name="bloat: jobs at a fill factor of 80",
        case="scan_employment/default",
        causes=("bloat",),
        sql=("ALTER TABLE alumni.employment SET (fillfactor = 80)", "VACUUM (FULL, ANALYZE) alumni.employment"),
    ),
    Injection(
        name="column type: person_id to numeric",
        case="big_join/default",
        causes=("column-changed",),
        sql=("DROP MATERIALIZED VIEW IF EXISTS alumni.giving_by_year CASCADE",
             "ALTER TABLE alumni.gifts DROP CONSTRAINT gifts_person_id_fkey",
             "ALTER TABLE alumni.gifts ALTER person_id TYPE numeric", "VACUUM (ANALYZE) alumni.gifts"),
    ),
    _function(10),
    _function(20),
    _function(25),
    _function(30),
    _function(50),
    _function(100),
    _function(20, "weigh_few/typical"),
    _function(30, "weigh_few/typical"),
    _function(50, "weigh_few/typical"),
    _rewritten("a cast that defeats an index", "gift_by_id/typical"),
    _rewritten("an added OR", "gifts_of_person/typical"),
    _rewritten("a function around a column", "by_name/typical"),
    _rewritten("OFFSET in place of a key", "newest_gifts/typical"),
    _rewritten("a cast of a date", "gifts_of_week/typical"),
    _rewritten("a correlated subquery", "totals_of_few/typical"),
    _rewritten("arithmetic on a column", "class_size/typical"),
    Injection(name="for the better: nothing at all", case="weigh/typical", causes=()),
    Injection(
        name="for the better: a new index",
        case="scan_employment/default",
        causes=(),
        sql=("CREATE INDEX employment_title_idx ON alumni.employment USING gin (title public.gin_trgm_ops)",
             "VACUUM (ANALYZE) alumni.employment"),
    ),
    Injection(name="for the better: a faster function", case="weigh/typical", causes=(),
              sql=(_FUNCTION.format(steps=10),)),
)  # fmt: skip
