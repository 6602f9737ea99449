"""What is called: endpoints with their paths filled in, and the demo's own where nobody named others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import quote

from perfkit.bench.api.model import Target
from perfkit.errors import MeasureError, UsageError
from perfkit.settings_api import ApiEndpoint

Rows = Callable[[str], Iterable[Mapping[str, str | None]]]

# As many as make a cache miss now and then.
_PATHS_MOST = 1_000
_READING = frozenset({"GET", "HEAD"})
_PEOPLE = "SELECT public_id AS person FROM alumni.people WHERE status = 'active' AND person_id % 7 = 0 ORDER BY person_id LIMIT 500"

# What members and the office ask for, in about the proportions of the catalog's weights.
DEMO = (
    ApiEndpoint(name="page", path="/", weight=4),
    ApiEndpoint(
        name="search",
        path="/api/search?q={prefix}",
        weight=10,
        draw="SELECT DISTINCT left(family_name, 3) AS prefix FROM alumni.people WHERE family_name ~ '^[A-Z][a-z]{2}' ORDER BY 1 LIMIT 300",
    ),
    ApiEndpoint(
        name="directory",
        path="/api/directory?after={after}&id={id}",
        weight=6,
        draw="SELECT family_name AS after, person_id AS id FROM alumni.people WHERE person_id % 11 = 0 ORDER BY person_id LIMIT 300",
    ),
    ApiEndpoint(
        name="class",
        path="/api/classes/{year}",
        weight=4,
        draw="SELECT DISTINCT grad_year AS year FROM alumni.people ORDER BY 1",
    ),
    ApiEndpoint(name="profile", path="/api/people/{person}", weight=32, draw=_PEOPLE),
    ApiEndpoint(name="gifts", path="/api/people/{person}/giving", weight=6, draw=_PEOPLE),
    ApiEndpoint(name="events", path="/api/events", weight=10),
    ApiEndpoint(
        name="event",
        path="/api/events/{event}",
        weight=6,
        draw="SELECT event_id AS event FROM alumni.events ORDER BY event_id LIMIT 200",
    ),
    ApiEndpoint(
        name="city",
        path="/api/cities?city={city}&state={state}",
        weight=2,
        simple=False,
        draw="SELECT DISTINCT city, state FROM alumni.addresses WHERE state IS NOT NULL AND is_primary ORDER BY 1, 2 LIMIT 100",
    ),
    ApiEndpoint(
        name="campaigns",
        path="/api/giving/campaigns?since={since}",
        weight=1,
        simple=False,
        values={"since": ("1990-01-01", "2020-07-01", "2025-07-01")},
    ),
    ApiEndpoint(name="totals", path="/api/totals", weight=1, simple=False),
)


def targets_of(
    endpoints: Iterable[ApiEndpoint], rows: Rows, *, writes: bool
) -> tuple[tuple[Target, ...], dict[str, str]]:
    """Return what is to be called, and why each endpoint that is left out is.

    `rows` gives the rows of a SELECT. Raises UsageError for a draw that fills nothing, MeasureError for one that fails.
    """
    targets, left_out = [], {}
    for endpoint in endpoints:
        if endpoint.method not in _READING and not writes:
            left_out[endpoint.name] = f"{endpoint.method} may write; give --writes"
            continue
        paths = tuple(dict.fromkeys(islice(_paths(endpoint, rows), _PATHS_MOST)))
        if not paths:
            left_out[endpoint.name] = "its draw has no rows"
            continue
        targets.append(
            Target(
                name=endpoint.name,
                method=endpoint.method,
                paths=paths,
                weight=endpoint.weight,
                simple=endpoint.simple,
                body=endpoint.body,
            )
        )
    return tuple(targets), left_out


def _paths(endpoint: ApiEndpoint, rows: Rows) -> Iterator[str]:
    """Yield the path with each row of the draw, and with the values, the shorter lists again from their beginning."""
    length = max((len(values) for values in endpoint.values.values()), default=1)
    drawn = _drawn(endpoint, rows) if endpoint.draw else ({} for _ in range(length))
    for number, row in enumerate(drawn):
        filled = {name: values[number % len(values)] for name, values in endpoint.values.items()}
        yield _filled(endpoint, {**filled, **row})


def _drawn(endpoint: ApiEndpoint, rows: Rows) -> Iterator[Mapping[str, str | None]]:
    try:
        yield from rows(endpoint.draw)
    except MeasureError as error:
        hint = error.hint if endpoint.place else "name your own endpoints in perfkit.toml: [[api.endpoints]]"
        raise MeasureError(
            f"{_at(endpoint)}the draw of {endpoint.name}: {error.message}", hint=hint
        ) from None


def _at(endpoint: ApiEndpoint) -> str:
    return f"{endpoint.place}: " if endpoint.place else ""


def _filled(endpoint: ApiEndpoint, values: Mapping[str, str | None]) -> str:
    path = endpoint.path
    for name in endpoint.parameters:
        if name not in values:
            raise UsageError(
                f"{_at(endpoint)}the draw of {endpoint.name} has no column {name}",
                hint=f"SELECT … AS {name} …",
            )
        path = path.replace(f"{{{name}}}", quote(values[name] or "", safe=""))
    return path
