"""The table [api] of the settings files: where an application answers, and what its users ask for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from perfkit.errors import SettingsError

NAME = "api"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_URL = re.compile(r"https?://[^/\s]+")
_URL_PARTS = re.compile(r"(https?://)(.*@)?([^?]*)(\?.*)?")
_PATH = re.compile(r"/[\x21-\x7e]*")
_PARAMETER = re.compile(r"\{(\w+)\}")
_VARIABLE = re.compile(r"\$(\w+)")
# RFC 9110, 5.6.2 and 5.5; what is no such header would be two, or none.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEndpoint:
    """What users ask for: a path whose `{name}`s are filled from `values`, or from the rows of `draw`.

    `weight` is how often, beside the others; a `simple` one is held against api_target; `body` is sent as JSON;
    `place` is where it stands, "perfkit.toml:7", '' for one that stands in no file.
    """

    name: str
    path: str
    weight: float = 1.0
    simple: bool = True
    method: str = "GET"
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    draw: str = ""
    body: str = ""
    place: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names in braces, in order."""
        return tuple(_PARAMETER.findall(self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiHeader:
    """A header of every request, its value as it is written, and where: secrets belong into the environment."""

    name: str
    text: str = field(repr=False)
    place: str

    def value(self, environ: Mapping[str, str]) -> str:
        """Return the value with variables in place of their names; SettingsError when one is not set."""

        def filled(match: re.Match[str]) -> str:
            if match[1] not in environ:
                raise SettingsError(
                    f"{self.place}: {self.name} wants the variable {match[1]}, which is not set"
                )
            return environ[match[1]]

        value = _VARIABLE.sub(filled, self.text)
        if not _HEADER_TEXT.fullmatch(value):
            raise SettingsError(f"{self.place}: {self.name} has characters that no header may have")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTable:
    """The application: its URL, '' when it is not said; pages whose assets are looked at; metrics of its instances.

    `headers` go with each request, such as a token; `$NAME` in one stands for a variable of the environment. `place` is
    where the table stands, '' for none.
    """

    url: str = ""
    pages: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    headers: tuple[ApiHeader, ...] = ()
    endpoints: tuple[ApiEndpoint, ...] = ()
    place: str = ""


def shown_url(url: str) -> str:
    """Return where the URL leads, without what may be secret: a user with a password, and a query."""
    match = _URL_PARTS.fullmatch(url)
    if match is None:
        return ""
    scheme, user, place, query = match.groups("")
    return f"{scheme}{'***@' if user else ''}{place}{'?***' if query else ''}"


def read_api(table: object, place_of: Callable[[str], str]) -> ApiTable:
    """Return the table; SettingsError for a wrong key or value, with the place that `place_of` tells of a key."""
    values = _keys(table, NAME, _TABLE, place_of)
    endpoints = tuple(
        _endpoint(each, f"{NAME}.endpoints.{number}", place_of)
        for number, each in enumerate(values.get("endpoints", ()))
    )
    names = [each.name for each in endpoints]
    for number, name in enumerate(names):
        if name in names[:number]:
            place = place_of(f"{NAME}.endpoints.{number}.name")
            raise SettingsError(f"{place}: two endpoints have the name {name!r}")
    return ApiTable(
        url=values.get("url", ""),
        pages=values.get("pages", ()),
        metrics=values.get("metrics", ()),
        headers=tuple(
            ApiHeader(name=name, text=text, place=place_of(f"{NAME}.headers.{name}"))
            for name, text in values.get("headers", {}).items()
        ),
        endpoints=endpoints,
        place=place_of(NAME),
    )


def _endpoint(table: object, key: str, place_of: Callable[[str], str]) -> ApiEndpoint:
    given = _keys(table, key, _ENDPOINT, place_of)
    for wanted in ("name", "path"):
        if wanted not in given:
            raise SettingsError(f"{place_of(key)}: an endpoint has no {wanted}")
    endpoint = ApiEndpoint(**given, place=place_of(key))
    filled = set(endpoint.values)
    for parameter in endpoint.parameters:
        if parameter not in filled and not endpoint.draw:
            raise SettingsError(
                f"{place_of(f'{key}.path')}: nothing fills {{{parameter}}} of {endpoint.name}",
                hint=f'values = {{ {parameter} = [1, 2] }}, or draw = "SELECT … AS {parameter} …"',
            )
    if unused := sorted(filled.difference(endpoint.parameters)):
        raise SettingsError(f"{place_of(f'{key}.values')}: {endpoint.path} has no {{{unused[0]}}}")
    return endpoint


def _keys(
    table: object, key: str, known: Mapping[str, Callable[[object], Any]], place_of: Callable[[str], str]
) -> dict[str, Any]:
    """Return the table's checked values by their names."""
    if not isinstance(table, dict):
        raise SettingsError(f"{place_of(key)}: {key} must be a table")
    checked = {}
    for name, value in table.items():
        place = place_of(f"{key}.{name}")
        if name not in known:
            close = get_close_matches(name.lower(), known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise SettingsError(f"{place}: there is no {name!r} in {_shown(key)}", hint=hint)
        try:
            checked[name] = known[name](value)
        except ValueError as error:
            raise SettingsError(f"{place}: {name} must be {error}") from None
    return checked


def _shown(key: str) -> str:
    return "an endpoint of [api]" if "." in key else f"[{key}]"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("text in quotes")
    return value


def _url(value: object) -> str:
    if not isinstance(value, str) or not _URL.match(value):
        raise ValueError('a URL, such as "http://127.0.0.1:8000"')
    return value.rstrip("/")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError('a list of texts, such as ["/"]')
    return tuple(value)


def _urls(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    if not all(_URL.match(each) for each in texts):
        raise ValueError('a list of URLs, such as ["http://10.0.0.5:8000/metrics"]')
    return texts


def _pages(value: object) -> tuple[str, ...]:
    return tuple(_path(each) for each in _texts(value))


def _headers(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) and _HEADER_NAME.fullmatch(name) and _HEADER_TEXT.fullmatch(text)
        for name, text in value.items()
    ):
        raise ValueError('texts by their names, such as { authorization = "Bearer $API_TOKEN" }')
    return value


def _path(value: object) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ValueError('a path that begins with / and has no spaces, such as "/api/people/{id}"')
    return value


def _weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("a number of more than 0")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004  # told as every wrong value is
    return value


def _method(value: object) -> str:
    if not isinstance(value, str) or value.upper() not in METHODS:
        raise ValueError(f"one of {', '.join(METHODS)}")
    return value.upper()


def _values(value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not all(isinstance(each, list) and each for each in value.values()):
        raise ValueError("a list of values for each name, such as { year = [1998, 2015] }")
    return {name: tuple(str(each) for each in values) for name, values in value.items()}


def _tables(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("a list of tables, [[api.endpoints]] for each")  # noqa: TRY004  # told as every wrong value is
    return value


_TABLE: Mapping[str, Callable[[object], Any]] = {
    "url": _url,
    "pages": _pages,
    "metrics": _urls,
    "headers": _headers,
    "endpoints": _tables,
}
_ENDPOINT: Mapping[str, Callable[[object], Any]] = {
    "name": _text,
    "path": _path,
    "weight": _weight,
    "simple": _flag,
    "method": _method,
    "values": _values,
    "draw": _text,
    "body": _text,
}
