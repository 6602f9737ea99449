"""What the configuration is made from: numbers with their sources, addresses, and where each program listens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from perfkit.errors import UsageError
from perfkit.monitor.rules.model import Goals

_T_co = TypeVar("_T_co", covariant=True)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_PORT_MOST = 65_535


@dataclass(frozen=True, slots=True)
class Known(Generic[_T_co]):
    """A value, and where it comes from in words: a measurement with its figure, a flag, a setting."""

    value: _T_co
    source: str


@dataclass(frozen=True, slots=True)
class Address:
    """A host, IPv6 in brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where PostgreSQL is, and the name of the database."""

    address: Address
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSize:
    """The cache server's limit and policy, and how many seconds each query's entries live, where that is known."""

    maxmemory_bytes: int
    policy: str
    ttl_seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What users ask for: a name, and a path with `{name}` where it varies."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where each program listens; `haproxy_scraped` is where Prometheus finds HAProxy's metrics, when elsewhere; `run` is a folder for sockets, pid files and temporary files, '' for the usual ones.

    `users_file` holds PgBouncer's users, `password_file` the cache's, '' for none; `static` the application's static
    files as nginx sees them, '' for none; `resolver` is a name server for hosts whose address changes, '' for none.
    """

    pgbouncer: Address = Address("127.0.0.1", 6432)
    haproxy: Address = Address("127.0.0.1", 8080)
    haproxy_metrics: Address = Address("127.0.0.1", 8405)
    nginx: Address = Address("127.0.0.1", 8088)
    valkey: Address = Address("127.0.0.1", 6379)
    exporter: Address = Address("127.0.0.1", 19187)
    prometheus: Address = Address("127.0.0.1", 9090)
    alertmanager: Address = Address("127.0.0.1", 9093)
    haproxy_scraped: Address | None = None
    run: str = ""
    users_file: str = "/etc/pgbouncer/userlist.txt"
    password_file: str = ""
    static: str = ""
    resolver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What is known of the programs around a database; None for what was neither measured nor given.

    `memory_bytes` is the limit of a server's instance; `ready` the path that answers 200 when an instance can serve;
    `goals` are what users were promised, `dashboards` where
    Grafana finds its dashboards; `prepared` tells that PgBouncer is 1.21 or later, and keeps prepared statements.
    """

    goals: Goals
    users: Known[int]
    memory_bytes: Known[int]
    ready: Known[str]
    pool: Known[int] | None = None
    cache: Known[CacheSize] | None = None
    instances: Known[tuple[Address, ...]] | None = None
    database: Known[Database] | None = None
    postgres_major: Known[int] | None = None
    dashboards: Known[str] | None = None
    endpoints: tuple[Endpoint, ...] = ()
    prepared: bool = False
    places: Places = field(default_factory=Places)


def parse_address(text: str) -> Address:
    """Return the address in "HOST:PORT", IPv6 in brackets; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not (_HOST.fullmatch(host) and port.isascii() and port.isdecimal() and 0 < int(port) <= _PORT_MOST):
        raise UsageError(f"{text!r} is no address", hint="write HOST:PORT, such as 10.0.0.5:8000")
    return Address(host, int(port))


def parse_database(text: str) -> Database:
    """Return the database in "HOST:PORT/NAME"; UsageError for anything else."""
    address, slash, name = text.partition("/")
    if not (slash and name and name.isprintable()):
        raise UsageError(
            f"{text!r} is no database", hint="write HOST:PORT/NAME, such as 10.0.0.5:5432/alumni"
        )
    return Database(address=parse_address(address), name=name)
