"""Request: a case as a session of a client library calls it, and in the form in which it is sent to other machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from perfkit.bench.load.script import rewritten
from perfkit.catalog.workload import WeightedCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A statement with `$n` for the n-th value, each cast to its declared type; what writes is rolled back."""

    query: str
    text: str
    values: tuple[str | None, ...]
    writes: bool
    weight: float


def requests_of(cases: Sequence[WeightedCase]) -> tuple[Request, ...]:
    """Return a request for each case."""
    return tuple(_request(case) for case in cases)


def request_data(request: Request) -> dict[str, Any]:
    """Return a request in a form that JSON and msgpack can hold."""
    return asdict(request)


def request_from(data: Mapping[str, Any]) -> Request:
    """Return the request that `request_data` gave."""
    return Request(**{**data, "values": tuple(data["values"])})


def _request(case: WeightedCase) -> Request:
    types = {param.name: param.type for param in case.query.params}
    names: list[str] = []

    def value_of(name: str) -> str:
        if name not in names:
            names.append(name)
        return f"CAST(${names.index(name) + 1} AS {types[name]})"

    text = rewritten(case.query.sql, value_of)
    return Request(
        query=case.query.name,
        text=text,
        values=tuple(case.case.values[name] for name in names),
        writes="write" in case.query.allowed,
        weight=case.weight,
    )
