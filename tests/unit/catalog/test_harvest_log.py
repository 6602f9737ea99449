"""Calls in a server's log, as csvlog, stderr and auto_explain write them."""

import csv
from collections import Counter
from collections.abc import Iterable

from perfkit.catalog.harvest.log import read_log
from perfkit.catalog.harvest.thresholds import REMEMBERED_TEXTS
from perfkit.syntax.counted import fingerprint, measurable

STATEMENT = "SELECT a FROM t WHERE b = $1 AND c = $2"
NAMES = {1: "b", 2: "c"}


def _cases(lines: Iterable[str], *, is_csv: bool = False) -> list[dict[str, str | None]]:
    mark = fingerprint(STATEMENT)
    logged = read_log(lines, [mark], lambda text: fingerprint(measurable(text)), is_csv=is_csv)
    return logged.cases(STATEMENT, NAMES, mark)


def test_parameters_and_constants_are_read_from_stderr_lines() -> None:
    lines = [
        "2026-01-01 [1] LOG:  duration: 0.1 ms  execute <unnamed>: SELECT a FROM t WHERE b = $1\n",
        "\t AND c = $2\n",
        "2026-01-01 [1] DETAIL:  Parameters: $1 = '7', $2 = 'O''Hara, x'\n",
        "2026-01-01 [1] LOG:  statement: SELECT a FROM t WHERE b = 8 AND c = 'y';\n",
        "2026-01-01 [1] ERROR:  something else\n",
        "2026-01-01 [1] LOG:  statement: SELECT a FROM t WHERE b = 8 AND c = 'y'\n",
        "2026-01-01 [1] LOG:  checkpoint starting: time\n",
        "2026-01-01 [1] LOG:  execute s1: SELECT a FROM t WHERE b = $1 AND c = $2\n",
        "2026-01-01 [1] DETAIL:  parameters: $1 = '9', $2 = NULL\n",
    ]
    assert _cases(lines) == [{"b": "8", "c": "y"}, {"b": "7", "c": "O'Hara, x"}, {"b": "9", "c": None}]


def test_a_csv_log_is_read_with_its_details() -> None:
    start = "2026-01-01,u,d,1,h,s,1,SELECT,2026-01-01,3/4,0,LOG,00000,"
    lines = [
        f'{start}"execute s: SELECT a FROM t WHERE b = $1 AND c = $2","Parameters: $1 = \'1\', $2 = \'x ""y""\'",,,\n',
        f'{start}"statement: SELECT z FROM t",,,,\n',
        "a broken line\n",
    ]
    assert _cases(lines, is_csv=True) == [{"b": "1", "c": 'x "y"'}]


def test_what_auto_explain_logs_is_read_but_not_what_perfkit_measures() -> None:
    plan = "LOG:  duration: 0.1 ms  plan:\n\tQuery Text: {}\n\tQuery Parameters: $1 = '5', $2 = 'q'\n\tSeq Scan on t\n"
    own = plan.format(f"PREPARE perfkit(int, text) AS {STATEMENT}")
    lines = (plan.format(STATEMENT) + own).splitlines(keepends=True)
    assert _cases(lines) == [{"b": "5", "c": "q"}]


def test_a_call_whose_values_are_not_logged_gives_no_case() -> None:
    assert _cases([f"LOG:  execute s: {STATEMENT}\n"]) == []


def test_a_statement_of_any_length_is_read() -> None:
    csv.field_size_limit(131_072)  # Python's own
    start = "2026-01-01,u,d,1,h,s,1,SELECT,2026-01-01,3/4,0,LOG,00000,"
    long = "x" * 200_000
    lines = [
        f"{start}\"statement: SELECT '{long}'\",,,,\n",
        f"{start}\"statement: SELECT a FROM t WHERE b = 1 AND c = '{long}'\",,,,\n",
    ]
    assert _cases(lines, is_csv=True) == [{"b": "1", "c": long}]


def test_a_text_that_comes_again_is_known_and_one_that_came_long_ago_is_not_kept() -> None:
    asked: Counter[str] = Counter()

    def mark_of(text: str) -> str:
        asked[text] += 1
        return ""

    texts = ["SELECT 'first'", "SELECT 'first'", *(f"SELECT {n}" for n in range(REMEMBERED_TEXTS))]
    lines = [f"LOG:  statement: {text}\n" for text in [*texts, "SELECT 'first'"]]
    read_log(lines, [], mark_of, is_csv=False)
    assert asked.pop("SELECT 'first'") == 2
    assert set(asked.values()) == {1}
