"""What a person is told of index advice: how few of the indexes do nearly all, and what is one is called one."""

import json
from dataclasses import replace

import pytest

from perfkit.indexes.advise import Advice
from perfkit.indexes.drops import Drops
from perfkit.indexes.gather import Gathered
from perfkit.indexes.import_cost import ImportCosts
from perfkit.indexes.selection import ChosenIndex, Selection
from perfkit.indexes.verify import Verified
from perfkit.plan.tables import Tables
from perfkit.report.document import Document
from perfkit.report.documents.suggest import suggest_document
from perfkit.report.documents.suggest_statements import script
from perfkit.report.documents.suggest_view import SuggestView
from perfkit.report.formats import render
from tests.unit.indexes.candidate_tables import column, database, table
from tests.unit.indexes.exact_planner import index


def _advice(*benefits_ms: float) -> Advice:
    chosen = tuple(
        ChosenIndex(
            definition=index(f"column_{number}"),
            benefit_ms_per_minute=benefit_ms,
            write_ms_per_minute=0.0,
            size_bytes=8192,
            helps=(),
        )
        for number, benefit_ms in enumerate(benefits_ms)
    )
    selection = Selection(
        chosen=chosen,
        without_index=(),
        before_ms=1_000.0,
        after_ms=100.0,
        write_ms=0.0,
        size_bytes=8192 * len(chosen),
        candidates=9,
        questions=9,
        plans=9,
        complete=True,
    )
    return Advice(
        selection=selection,
        drops=Drops(drops=(), kept=()),
        gathered=Gathered(cases=(), candidates={}, unread={}),
        tables=Tables(tables={}),
        refused={
            index("virtual"): "not supported",
            index("name"): "no such class",
            index("title"): "no such class",
        },
    )


def _document(*benefits_ms: float, verified: Verified | None = None) -> Document:
    return suggest_document(_advice(*benefits_ms), SuggestView(search_ms=1.0), verified)


def _told(*benefits_ms: float, verified: Verified | None = None) -> str:
    return " ".join(render(_document(*benefits_ms, verified=verified), "text").split())


@pytest.mark.parametrize(
    ("benefits_ms", "told"),
    [
        ((960, 30, 5, 3, 2), "(90 % less). The first 2 save 99 % of that."),
        ((960, 20, 15, 3, 2), "(90 % less). Times"),
        ((500, 500, 500), "(90 % less). Times"),
    ],
)
def test_how_few_indexes_do_nearly_all_is_told_where_many_more_do_little(
    benefits_ms: tuple[float, ...], told: str
) -> None:
    assert told in _told(*benefits_ms)


def test_what_could_not_be_judged_is_told_by_reason_and_listed_with_it() -> None:
    told = _told(1.0)
    assert "1 candidate could not be judged: not supported" in told
    assert "2 candidates could not be judged: no such class" in told
    refused = json.loads(render(_document(1.0), "json"))["refused"]
    assert [(each["statement"], each["reason"]) for each in refused] == [
        ("CREATE INDEX ON public.gift USING btree (virtual)", "not supported"),
        ("CREATE INDEX ON public.gift USING btree (name)", "no such class"),
        ("CREATE INDEX ON public.gift USING btree (title)", "no such class"),
    ]


def test_an_index_beside_which_rows_could_not_be_written_comes_with_a_warning() -> None:
    advice = replace(
        _advice(1.0), tables=database(table("gift", 1e5, column("column_0", "text"), toast_pages=1))
    )
    doubt = "a row whose column_0 takes more than 2,704 bytes can then not be written"
    document = suggest_document(advice, SuggestView(search_ms=1.0))
    assert f"beware: {doubt}" in " ".join(render(document, "text").split())
    assert f"\n-- {doubt}" in script(advice)
    (index,) = json.loads(render(document, "json"))["create"]
    assert index["doubts"] == [f"{doubt}, and public.gift has long values"]


def test_a_table_whose_import_was_not_measured_is_told_with_the_reason() -> None:
    imports = ImportCosts(unmeasured={"public.draft": "it has no rows"})
    verified = Verified(kept=(), rejected=(), cases=(), helped={}, imports=imports)
    told = _told(1.0, verified=verified)
    assert "What importing into public.draft takes was not measured: it has no rows" in told
