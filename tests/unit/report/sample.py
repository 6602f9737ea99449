"""A document such as `perfkit analyze` makes, with the worst text that a database may hold in it."""

from datetime import UTC, datetime

from perfkit.report.document import (
    Cell,
    Check,
    Code,
    Document,
    Item,
    Listing,
    Paragraph,
    State,
    Table,
    Tone,
)

HOSTILE = "\x1b[31m<b>`x`|\\ [bold]y[/bold] ::error::z %0A $1 @octocat #12\u202e</b>"

_RANKED = Table(
    title="Slowest cases",
    headings=("case", "median", "p95", "budget", "buffers", "rows", "worst finding"),
    rows=(
        (
            Cell("directory_by_class/largest"),
            Cell("1.52 s", Tone.BAD),
            Cell("1.71 s", Tone.BAD),
            Cell("50 ms"),
            Cell("118,204"),
            Cell("834"),
            Cell("Seq Scan on alumni.person removes 99 % of 1,204,112 rows", Tone.BAD),
        ),
        (
            Cell("giving_lybunt/班级校友录"),
            Cell("182 ms", Tone.WARN),
            Cell("240 ms", Tone.WARN),
            Cell("200 ms"),
            Cell("9,120"),
            Cell("12.5"),
            Cell("rows mis-estimated 412 x in Hash Join", Tone.WARN),
        ),
        (
            Cell("profile_by_name/محمد"),
            Cell("0.04 ms", Tone.GOOD),
            Cell("0.06 ms", Tone.GOOD),
            Cell("20 ms"),
            Cell("4"),
            Cell("1"),
            Cell(""),
        ),
        (
            Cell(f"search/{HOSTILE}"),
            Cell("12.3 ms"),
            Cell("13.0 ms"),
            Cell("100 ms"),
            Cell("77"),
            Cell("20"),
            Cell("second\nline"),
        ),
    ),
    numeric=frozenset({1, 2, 3, 4, 5}),
)

_FINDINGS = Listing(
    title="Findings",
    items=(
        Item(
            heading="directory_by_class/largest   1.52 s, budget 50 ms",
            tone=Tone.BAD,
            lines=(
                Paragraph(
                    "error    Seq Scan on alumni.person removes 99 % of 1,204,112 rows that it reads,"
                    " 96 % of the case's time (scan-filter-loss)",
                    Tone.BAD,
                ),
                Paragraph(
                    "fix      CREATE INDEX CONCURRENTLY person_grad_year_last_name_idx ON alumni.person"
                    " (grad_year, last_name) INCLUDE (first_name) WHERE status = 'is still a member';"
                ),
                Paragraph("warning  Sort spills 41.2 MB to disk (spill)", Tone.WARN),
                Paragraph("fix      SET work_mem = '64MB';  -- for this role only"),
                Paragraph("2 more findings are in the JSON", Tone.FAINT),
            ),
        ),
        Item(
            heading=f"search/{HOSTILE}",
            tone=Tone.WARN,
            lines=(Paragraph(f"warning  {HOSTILE}\nforged heading", Tone.WARN),),
        ),
    ),
)

SAMPLE = Document(
    schema="perfkit.analyze/1",
    title="Analyze: 4 cases of 4 queries on alumni@db.example.org",
    blocks=(
        Paragraph(
            "5 samples a case, custom plans, one warm-up; read-only, every statement rolled back.", Tone.FAINT
        ),
        _RANKED,
        _FINDINGS,
        Code(
            title=f"Plan of {HOSTILE}", text="Limit  (rows=20)\n\t->  Seq Scan\n```` fence\x00 </details>\n"
        ),
        Paragraph("Mean over the workload: 143 ms, target 100 ms: missed by 43 %.", Tone.BAD),
        Paragraph("Within budget: 2 of 4 cases.", Tone.WARN),
    ),
    checks=(
        Check(
            id="directory_by_class/largest",
            group="directory_by_class",
            state=State.FAILED,
            message="p95 1.71 s is over the budget of 50 ms",
            detail="Seq Scan on alumni.person\nremoves 99 % of 1,204,112 rows",
            path="/srv/app/queries/directory.sql",
            line=12,
            seconds=7.6,
        ),
        Check(
            id="giving_lybunt/班级校友录",
            group="giving_lybunt",
            state=State.WARNING,
            message="rows mis-estimated 412 x",
            path="queries/giving, 2026: all.sql",
            line=3,
        ),
        Check(
            id="profile_by_name/محمد", group="profile_by_name", state=State.PASSED, message="", seconds=0.0002
        ),
        Check(
            id=f"search/{HOSTILE}",
            group=HOSTILE,
            state=State.ERROR,
            message=f"{HOSTILE}\r\n::error::forged",
            detail="\x00\ufffe\ud800]]>",
        ),
        Check(
            id="profile_update/typical",
            group="directory_by_class",
            state=State.SKIPPED,
            message="it writes; give --allow-writes",
        ),
    ),
    data={
        "started_at": datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
        "mean_ms": 143.0,
        "cases": [{"case": f"search/{HOSTILE}", "median_ms": 12.3, "buffers": 77, "error": None}],
        "note": "\ud800 é 班",
    },
)
