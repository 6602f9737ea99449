"""What the user gives, and from it and the newest results of benches what is known of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from perfkit import units
from perfkit.bench.result import BenchResult, Figure
from perfkit.errors import UsageError
from perfkit.monitor.rules.model import Goals
from perfkit.render.model import (
    Address,
    CacheSize,
    Database,
    Endpoint,
    Known,
    Places,
    Stack,
)

POLICIES = (
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
)
_TTL = "ttl_s."
_MAJOR = 10_000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Flags and settings, None for what was not given; `goals` and `users_target` are settings."""

    goals: Goals
    users_target: int
    users: int | None = None
    pool_size: int | None = None
    maxmemory_bytes: int | None = None
    policy: str | None = None
    ready: str | None = None
    postgres_major: int | None = None
    prepared: bool = False
    instances: Known[tuple[Address, ...]] | None = None
    database: Known[Database] | None = None
    endpoints: tuple[Endpoint, ...] = ()
    dashboards: Known[str] | None = None
    places: Places = field(default_factory=Places)


def stack_of(results: Mapping[str, BenchResult], given: Given) -> Stack:
    """Return what is known; a flag counts before a measurement. UsageError for a flag that cannot be."""
    load = results.get("load")
    return Stack(
        goals=given.goals,
        users=_users(load, given),
        memory_bytes=Known(given.goals.memory_bytes, "setting memory_target"),
        ready=Known(given.ready, "flag --ready")
        if given.ready
        else Known("/readyz", "usual; --ready names another"),
        pool=_pool(load, given.pool_size),
        cache=_cache(results.get("cache"), given),
        instances=given.instances or _instances(results.get("api")),
        database=given.database,
        postgres_major=Known(given.postgres_major, "flag --postgres")
        if given.postgres_major
        else _major(results),
        dashboards=given.dashboards,
        endpoints=given.endpoints,
        prepared=given.prepared,
        places=given.places,
    )


def _users(load: BenchResult | None, given: Given) -> Known[int]:
    if given.users is not None:
        return Known(given.users, "flag --users")
    held = load.figures.get("users_held") if load else None
    if load and held and held.median > given.users_target:
        return Known(int(held.median), _measured(load, f"held {units.format_count(held.median)} users"))
    return Known(given.users_target, "setting users_target")


def _pool(load: BenchResult | None, given: int | None) -> Known[int] | None:
    if given is not None:
        return Known(given, "flag --pool-size")
    size = _whole(load.advice.get("pool_size")) if load else None
    if load is None or not size:
        return None
    serves = [_words(load.figures["pool_calls_per_s"])] if "pool_calls_per_s" in load.figures else []
    shares = [
        f"{name} {units.format_share(float(load.advice[key]))}"
        for name, key in (("half of it serves", "pool_half_share"), ("twice as many", "pool_twice_share"))
        if key in load.advice
    ]
    return Known(size, _measured(load, ", ".join([*serves, *shares])))


def _cache(cache: BenchResult | None, given: Given) -> Known[CacheSize] | None:
    advice = cache.advice if cache else {}
    memory_bytes = given.maxmemory_bytes or _whole(advice.get("maxmemory_bytes"))
    policy = given.policy or advice.get("policy") or ("allkeys-lru" if given.maxmemory_bytes else None)
    if not memory_bytes or not policy:
        return None
    if policy not in POLICIES:
        raise UsageError(f"there is no policy {policy!r}", hint=f"one of {', '.join(POLICIES)}")
    ttls = {name.removeprefix(_TTL): float(text) for name, text in advice.items() if name.startswith(_TTL)}
    flags = [
        name for name, value in (("--maxmemory", given.maxmemory_bytes), ("--policy", given.policy)) if value
    ]
    sources = [f"flag {' '.join(flags)}"] if flags else []
    if cache and "maxmemory_bytes" in advice and not (given.maxmemory_bytes and given.policy):
        hits = cache.figures.get("hit_share")
        sources.append(_measured(cache, f"{_words(hits)} of the cached reads hit" if hits else ""))
    return Known(CacheSize(maxmemory_bytes=memory_bytes, policy=policy, ttl_seconds=ttls), "; ".join(sources))


def _instances(api: BenchResult | None) -> Known[tuple[Address, ...]] | None:
    """Return the instance that bench api called; where it saw the memory of several, it called a proxy."""
    memory = api.figures.get("instance_memory_bytes") if api else None
    if api is None or (memory and len(memory.samples) > 1):
        return None
    address = address_of(api.options.get("url", ""))
    if address is None:
        return None
    p95 = api.figures.get("simple_p95_ms")
    said = _measured(api, f"p95 of simple requests {_words(p95)}" if p95 else "")
    return Known((address,), said)


def address_of(url: str) -> Address | None:
    """Return where the server of an HTTP URL answers, None for what is no such URL."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in _PORTS:
        return None
    return Address(f"[{host}]" if ":" in host else host, port or _PORTS[parts.scheme])


def _major(results: Mapping[str, BenchResult]) -> Known[int] | None:
    """Return the major version of the server that was measured last."""
    servers = [result for result in results.values() if result.environment.server_version]
    if not servers:
        return None
    newest = max(servers, key=lambda result: result.at)
    return Known(
        newest.environment.server_version // _MAJOR, _measured(newest, "the server that was measured")
    )


def _measured(result: BenchResult, what: str) -> str:
    command = "analyze" if result.bench == "queries" else f"bench {result.bench}"
    when = f"measured {result.at:%Y-%m-%d %H:%M} UTC by perfkit {command}"
    return f"{when}: {what}" if what else when


def _words(figure: Figure) -> str:
    """Return the median, and what the samples lie between."""
    low, high = figure.spread
    middle = units.format_figure(figure.median, figure.unit)
    if low == high:
        return middle
    return f"{middle} ({units.format_figure(low, figure.unit)} to {units.format_figure(high, figure.unit)})"


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None
