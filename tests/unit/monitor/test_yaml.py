"""What is written as YAML is read as it was meant."""

import hypothesis.strategies as st
import yaml
from hypothesis import given

from perfkit.monitor.yaml import to_yaml

# Control characters stand in no configuration that perfkit writes.
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
)
LINES = st.lists(TEXT.filter(lambda line: line == line.strip() and line != ""), min_size=1, max_size=3).map(
    "\n".join
)
SCALARS = (
    TEXT | LINES | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False, width=16)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_a_document_is_read_back(document: dict[str, object]) -> None:
    assert yaml.safe_load(to_yaml(document, heading="a heading\nof two lines")) == document  # type: ignore[arg-type]


def test_words_that_yaml_takes_for_others_stay_text() -> None:
    words = [
        "no",
        "on",
        "1",
        "1.5",
        "",
        " a",
        "a ",
        "null",
        "~",
        "5m",
        "0x10",
        "- a",
        "a: b",
        "#",
        "'",
        '"',
        "it's \"",
        "2026-01-01",
        "1e3",
    ]
    assert yaml.safe_load(to_yaml({"words": words})) == {"words": words}
