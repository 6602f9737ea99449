"""What is rendered is what was measured or given, with its source; what is neither is not rendered."""

import re
from datetime import UTC, datetime

import pytest

from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id
from perfkit.errors import UsageError
from perfkit.monitor.rules.model import Goals
from perfkit.render.given import Given, stack_of
from perfkit.render.model import (
    Address,
    Database,
    Endpoint,
    Known,
    Places,
    Stack,
    parse_address,
    parse_database,
)
from perfkit.render.nginx import HASHED
from perfkit.render.products import PRODUCTS, render

GOALS = Goals(request_s=0.2, memory_bytes=512 * 1024**2)
INSTANCES = Known((Address("10.0.0.5", 8000), Address("10.0.0.6", 8000)), "flag --api")
DATABASE = Known(Database(address=Address("10.0.0.9", 5432), name="alumni"), "flag --database")
ENVIRONMENT = Environment(
    perfkit="0", server="PostgreSQL 17.2", server_version=170002, cores=2, memory_bytes=None, system="Linux"
)


def measured(bench: str, *figures: Figure, **advice: str) -> BenchResult:
    return BenchResult(
        bench=bench,
        at=datetime(2026, 5, 4, 12, 30, tzinfo=UTC),
        environment=ENVIRONMENT,
        options={"url": "http://10.0.0.7/app"},
        figures=by_id(*figures),
        advice=advice,
    )


def figure(name: str, unit: str, *samples: float) -> Figure:
    return Figure(id=name, unit=unit, kind=Kind.RATE, samples=samples)


LOAD = measured(
    "load",
    figure("pool_calls_per_s", "calls/s", 790, 812, 830),
    figure("users_held", "users", 300),
    pool_size="8",
    pool_half_share="0.71",
    pool_twice_share="1.01",
)
CACHE = measured(
    "cache",
    figure("hit_share", "share", 0.88, 0.9, 0.91),
    maxmemory_bytes="67108864",
    policy="allkeys-lfu",
    **{"ttl_s.profile_page": "60", "ttl_s.events_page": "60", "ttl_s.totals": "3600"},
)


def stack(**given: object) -> Stack:
    values: dict[str, object] = {"instances": INSTANCES, "database": DATABASE} | given
    return stack_of({"load": LOAD, "cache": CACHE}, Given(goals=GOALS, users_target=100, **values))  # type: ignore[arg-type]


def text_of(product: str, known: Stack) -> str:
    rendered = render(product, known)
    assert not rendered.missing
    return "".join(rendered.files.values())


def test_the_pool_is_that_of_the_measurement_which_is_named() -> None:
    text = text_of("pgbouncer", stack())
    assert "\ndefault_pool_size = 8\n" in text
    assert "\nmax_db_connections = 10\n" in text  # a quarter more, in need
    assert (
        "# pool of 8: measured 2026-05-04 12:30 UTC by perfkit bench load: 812 calls/s (790 calls/s to 830 calls/s),"
        " half of it serves 71 %, twice as many 101 %\n" in text
    )
    # More users were held than the target asks for: there is room for twice as many clients.
    assert "\nmax_client_conn = 620\n" in text


def test_a_flag_counts_before_the_measurement() -> None:
    text = text_of("pgbouncer", stack(pool_size=20, users=50))
    assert "\ndefault_pool_size = 20\n" in text
    assert "# pool of 20: flag --pool-size\n" in text
    assert "# 50 users: flag --users\n" in text
    assert "measured" not in text


def test_the_cache_is_that_of_the_measurement_with_times_to_live() -> None:
    text = text_of("valkey", stack())
    assert "\nmaxmemory 67108864\nmaxmemory-policy allkeys-lfu\n" in text
    assert "90.0 % (88.0 % to 91.0 %) of the cached reads hit" in text
    assert "#   60 s: events_page, profile_page\n#   3600 s: totals\n" in text
    mixed = stack(policy="allkeys-lru")
    assert mixed.cache
    assert mixed.cache.source.startswith("flag --policy; measured 2026-05-04")


def test_what_was_neither_measured_nor_given_is_not_rendered() -> None:
    nothing = stack_of({}, Given(goals=GOALS, users_target=100))
    missing = {name: [each.what for each in render(name, nothing).missing] for name in PRODUCTS}
    assert missing.pop("alertmanager") == []
    assert all(missing.values())
    assert len(missing["pgbouncer"]) == 2
    assert all(not render(name, nothing).files for name in missing)
    assert "--pool-size" in render("pgbouncer", nothing).missing[0].hint


def test_an_instance_that_bench_api_called_is_known_but_not_what_a_proxy_hides() -> None:
    one = stack_of({"api": measured("api")}, Given(goals=GOALS, users_target=100))
    assert one.instances
    assert one.instances.value == (Address("10.0.0.7", 80),)
    two = measured("api", figure("instance_memory_bytes", "bytes", 1, 2))
    assert stack_of({"api": two}, Given(goals=GOALS, users_target=100)).instances is None


def test_every_file_says_what_it_was_made_from_and_holds_no_password() -> None:
    known = stack()
    for name in PRODUCTS:
        for path, text in render(name, known).files.items():
            if not path.endswith(".json"):
                assert "written by perfkit render " in text.partition("\n")[0], path
            assert not re.search(r"(?<!prepare_threshold=)None", text), path
            assert not re.search(r"(?m)^\s*(requirepass|password)\b", text), path


def test_odd_names_of_databases_are_quoted() -> None:
    odd = Known(Database(address=Address("[::1]", 5433), name='o\'hare "1"'), "flag --database")
    text = text_of("pgbouncer", stack(database=odd))
    assert '\n"o\'hare ""1""" = host=::1 port=5433 dbname=\'o\'\'hare "1"\'\n' in text


@pytest.mark.parametrize(
    "text", ["host", "host:", "host:0", "host:65536", ":80", "a b:80", "h;x:80", "h\n:80", "h:\uff18"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        parse_address(text)


def test_addresses_are_read() -> None:
    assert parse_address("[fe80::1]:8000") == Address("[fe80::1]", 8000)
    assert parse_database("db.example:5432/a/b") == Database(address=Address("db.example", 5432), name="a/b")
    with pytest.raises(UsageError, match="is no database"):
        parse_database("db.example:5432")


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no policy 'lru'"):
        stack(policy="lru")


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("/static/app.3f9a2c1b7d.js", True),
        ("/assets/index-BxZ8k2Qa.css", True),
        ("/assets/vendor.0a1b2c3d.min.js", False),
        ("/app.js", False),
        ("/jquery-3.7.1.min.js", False),
        ("/img/photo-Summer2024.png", False),
        ("/img/photo-20240501.png", False),
        ("/docs/minutes-annual2024.pdf", False),
        ("/js/bootstrap-datepicker.js", False),
        ("/app-deadbeef.js", False),
    ],
)
def test_only_a_hash_is_kept_for_ever(name: str, *, hashed: bool) -> None:
    assert bool(re.search(HASHED, name)) is hashed


def test_endpoints_are_the_keys_of_purging() -> None:
    endpoints = (
        Endpoint(name="event", path="/api/events/{event}?all={all}"),
        Endpoint(name="dot", path="/a.b"),
    )
    text = text_of("nginx", stack(endpoints=endpoints))
    assert '        "~^/api/events/[^/]+$" "event";\n        "~^/a\\.b$" "dot";\n' in text


def test_prepared_statements_are_kept_where_pgbouncer_can() -> None:
    assert "\n#max_prepared_statements = 200\n" in text_of("pgbouncer", stack())
    assert "\nmax_prepared_statements = 200\n" in text_of("pgbouncer", stack(prepared=True))


def test_static_files_come_from_the_disk_where_they_are() -> None:
    text = text_of("nginx", stack(places=Places(static="/srv/site")))
    assert 'root "/srv/site";' in text
    assert "try_files $uri @application;" in text
