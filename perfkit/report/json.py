"""The JSON format: one document, its first key "schema", for programs."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from perfkit.report.document import Document
from perfkit.report.options import RenderOptions


def render(document: Document, options: RenderOptions) -> str:  # noqa: ARG001 - every format has this face
    """Return `document.data` after the schema, keys in the order given, ending in a newline.

    The text is pure ASCII, so that it is the same in every encoding. Raises ValueError for NaN and infinity, which
    JSON does not have, and for a datetime without a zone; TypeError for a value of an unknown type.
    """
    data = {"schema": document.schema} | {k: v for k, v in document.data.items() if k != "schema"}
    return json.dumps(data, indent=2, allow_nan=False, default=_plain) + "\n"


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
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
