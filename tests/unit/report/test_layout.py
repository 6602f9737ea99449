import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.report import layout
from perfkit.report.layout import chopped, one_line, padded, share_out, visible, width_of, wrapped

ANY_TEXT = st.text(st.characters())


@given(ANY_TEXT)
def test_visible_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if c != "\n" and (ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F)]
    shown.encode()
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("\ud83d", "\\ud83d"),
        ("\U000e0041", "\\U000e0041"),
        ("Zoë 班 محمد 👩‍👩‍👧", "Zoë 班 محمد 👩‍👩‍👧"),
    ],
)
def test_hidden_characters_are_written_out_and_letters_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT, st.integers(8, 60))
def test_wrapping_loses_no_word_and_keeps_the_width_where_words_allow(text: str, width_columns: int) -> None:
    line = one_line(text)
    lines = wrapped(line, width_columns, hanging="    ")
    assert "".join("".join(lines).split()) == "".join(line.split())
    assert all(width_of(part) <= width_columns or len(layout._WORD.findall(part)) <= 1 for part in lines)


def test_a_quoted_string_is_not_broken_but_an_apostrophe_quotes_nothing() -> None:
    statement = "CREATE INDEX ON person (name) WHERE status = 'is still a member of it'"
    assert "'is still a member of it'" in [line.strip() for line in wrapped(statement, 48, hanging="  ")]
    prose = "the role doesn't own the table and it can't read the statistics of it"
    assert max(map(len, wrapped(prose, 30))) <= 30


@given(ANY_TEXT, st.integers(4, 40))
def test_a_chopped_cell_fits_its_column(text: str, width_columns: int) -> None:
    assert all(width_of(line) <= width_columns for line in chopped(one_line(text), width_columns))


def test_a_long_name_is_broken_behind_a_separator() -> None:
    assert chopped("directory_by_class/largest", 20) == ["directory_by_class/", "largest"]


@pytest.mark.parametrize("name", ["Ann", "班级校友录", "محمد", "e\u0301", "한글", "👍"])
def test_names_of_every_script_are_padded_to_the_same_width(name: str) -> None:
    assert width_of(padded(name, 20)) == 20
    assert padded(name, 20, right=True).endswith(name)


@given(st.lists(st.integers(0, 1000)), st.integers(-10, 5000))
def test_shares_are_never_more_than_wanted_nor_than_available(wanted: list[int], available: int) -> None:
    granted = share_out(wanted, available)
    assert all(share <= want for share, want in zip(granted, wanted, strict=True))
    assert sum(granted) <= max(available, 0)
    if sum(wanted) <= available:
        assert granted == wanted


def test_the_greedy_share_what_the_modest_leave() -> None:
    assert share_out([100, 5, 80], 65) == [30, 5, 30]
