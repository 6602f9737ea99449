"""The JSON format: one document, its first key "schema", for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from json import JSONEncoder
from pathlib import PurePath
from typing import Any

from perfkit.errors import UsageError
from perfkit.report.data import to_data
from perfkit.report.document import Document
from perfkit.report.options import RenderOptions

_TOKENS_A_PIECE = 4_096  # some 50 kB


def render(document: Document, options: RenderOptions) -> str:  # noqa: ARG001 - every format has this face
    """Return what `pieces` gives as one text."""
    return "".join(pieces(document))


def pieces(document: Document) -> Iterator[str]:
    """Yield `document.data` after the schema, keys in the order given, ending in a newline.

    In pieces, as the plans of a long catalog make more text than should be held at once. The text is pure ASCII, so that
    it is the same in every encoding. Raises ValueError for NaN and infinity, which JSON does not have, and for a datetime
    without a zone; TypeError for a value of an unknown type; UsageError for a plan nested too deeply.
    """
    data = {"schema": document.schema} | {k: v for k, v in document.data.items() if k != "schema"}
    tokens = JSONEncoder(indent=2, allow_nan=False, default=_plain).iterencode(data)
    try:
        while piece := "".join(islice(tokens, _TOKENS_A_PIECE)):
            yield piece
    except RecursionError:
        raise UsageError("the plan nests too deeply for JSON", hint="choose --format text") from None
    yield "\n"


def _plain(value: object) -> Any:
    """Return what JSON can hold of a value that it does not know."""
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise ValueError(f"{value!r} has no time zone")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return to_data(value)
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
