"""The endpoints: directory, profiles, giving and events, each answered by the catalog's own statements."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from perfkit.demo.api.answers import answer, id_of, text_of, time_of, whole_of
from perfkit.demo.api.cache import Rows

# What people look at again is kept for a minute; what is dear to count may be five minutes old.
_TTL_S = 60
_TTL_HEAVY_S = 300
# Late in the demo's data, which do not grow: there are events before it and after it.
_TODAY = "2026-03-01 00:00+00"


async def _rows(request: Request, query: str, *values: str, ttl_s: int = _TTL_S) -> Rows:
    state = request.app.state
    rows: Rows = await state.cache.rows(query, values, ttl_s, state.database.rows)
    return rows


async def _search(request: Request) -> Response:
    prefix = text_of(request, "q")
    return answer({"people": await _rows(request, "directory_search_prefix", f"{_literal(prefix)}%")})


async def _directory(request: Request) -> Response:
    """Answer one page of the directory, and where the next begins: after the last name and id of this one."""
    people = await _rows(
        request, "directory_page_keyset", text_of(request, "after", ""), whole_of(request, "id", 0)
    )
    last = people[-1] if people else None
    following = {"after": last["family_name"], "id": last["person_id"]} if last else None
    return answer({"people": people, "next": following})


async def _class(request: Request) -> Response:
    year = whole_of(request, "year")
    if int(year) > 9999:
        raise HTTPException(404, "there is no such class")
    return answer({"people": await _rows(request, "directory_by_class", year)})


async def _city(request: Request) -> Response:
    people = await _rows(request, "directory_by_city", text_of(request, "city"), text_of(request, "state"))
    return answer({"people": people})


async def _profile(request: Request) -> Response:
    person = await _person(request)
    jobs = await _rows(request, "profile_employment", str(person["person_id"]))
    return answer({"person": person, "employment": jobs})


async def _gifts(request: Request) -> Response:
    """Answer what a person gave, in all and gift by gift."""
    person = await _person(request)
    gifts = await _rows(request, "giving_history", str(person["person_id"]))
    total = round(sum(float(gift["amount"]) for gift in gifts), 2)
    return answer({"total": total, "gifts": gifts})


async def _campaigns(request: Request) -> Response:
    since = time_of(request, "since", "2025-07-01")
    return answer({"campaigns": await _rows(request, "giving_campaign_progress", since, ttl_s=_TTL_HEAVY_S)})


async def _totals(request: Request) -> Response:
    return answer((await _rows(request, "dashboards_totals", ttl_s=_TTL_HEAVY_S))[0])


async def _events(request: Request) -> Response:
    return answer({"events": await _rows(request, "events_upcoming", time_of(request, "from", _TODAY))})


async def _event(request: Request) -> Response:
    events = await _rows(request, "events_page", whole_of(request, "event"))
    if not events:
        raise HTTPException(404, "there is no such event")
    return answer(events[0])


async def _person(request: Request) -> dict[str, object]:
    people = await _rows(request, "profile_page", id_of(request, "person"))
    if not people:
        raise HTTPException(404, "there is nobody with this id")
    return people[0]


def _literal(text: str) -> str:
    """Return the text as a LIKE pattern that matches it alone."""
    return "".join(f"\\{c}" if c in "%_\\" else c for c in text)


Handler = Callable[[Request], Awaitable[Response]]

ENDPOINTS: Mapping[str, Handler] = {
    "/api/search": _search,
    "/api/directory": _directory,
    "/api/classes/{year}": _class,
    "/api/cities": _city,
    "/api/people/{person}": _profile,
    "/api/people/{person}/giving": _gifts,
    "/api/giving/campaigns": _campaigns,
    "/api/totals": _totals,
    "/api/events": _events,
    "/api/events/{event}": _event,
}
