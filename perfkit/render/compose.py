"""compose.yaml: the whole stack where Docker is: nginx, HAProxy, instances, PgBouncer, PostgreSQL, Valkey.

One file, in which the other programs' configurations stand (Compose 2.23.1 or later). Passwords are files that Docker
hands on as secrets; the application's image is the user's (API_IMAGE).
"""

from collections.abc import Mapping
from dataclasses import replace

from perfkit import units
from perfkit.monitor.role import role_sql
from perfkit.monitor.yaml import Value, to_yaml
from perfkit.render import haproxy, nginx, pgbouncer, valkey
from perfkit.render.compose_monitoring import (
    ALERTMANAGER_PORT,
    EXPORTER_PORT,
    PROFILE,
    PROMETHEUS_PORT,
    watching,
)
from perfkit.render.heading import Fact, told
from perfkit.render.model import Address, CacheSize, Database, Known, Places, Stack
from perfkit.render.thresholds import THRESHOLDS

FILE = "compose.yaml"
NEEDS = ("pool", "cache", "instances", "postgres_major")
_ANY = "0.0.0.0"  # noqa: S104  # within the stack's own network: only nginx has a port outside
_NGINX_PORT, _HAPROXY_PORT, _METRICS_PORT, _API_PORT = 8080, 8080, 8405, 8000
_PGBOUNCER_PORT, _POSTGRES_PORT, _VALKEY_PORT = 6432, 5432, 6379
_DATABASE = "alumni"
# Docker's own name server: an instance that is made anew has another address.
_RESOLVER = "127.0.0.11:53"
# Until here the image keeps its data one folder deeper.
_DEEPER_UNTIL = 17
_MB = 1024**2
# Debian's package, as there is no official image.
_PGBOUNCER = """FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends pgbouncer && rm -rf /var/lib/apt/lists/*
USER postgres
ENTRYPOINT ["/usr/sbin/pgbouncer"]"""
_SECRETS = {
    "postgres_password": "the password of PostgreSQL's superuser",
    "alumni_password": "that of the application's role",
    "perfkit_password": "that of the role that watches",
    "userlist.txt": 'a line "alumni" "password" for PgBouncer',
    "pgpass": "a line pgbouncer:6432:alumni:alumni:password for the application, postgres:5432:alumni:perfkit:password for perfkit; mode 600",
    "valkey.conf": "a line requirepass password",
}
_ROLES_FILE = "roles.sql"


def compose_yaml(stack: Stack) -> str:
    """Return the file."""
    assert stack.cache
    inner = _inside(stack)
    services, watching_texts = watching(inner, _DATABASE)
    configs = {
        pgbouncer.FILE: pgbouncer.pgbouncer_ini(inner),
        haproxy.FILE: haproxy.haproxy_cfg(inner),
        nginx.FILE: nginx.nginx_conf(inner, (Address("haproxy", _HAPROXY_PORT),)),
        valkey.FILE: valkey.valkey_conf(inner),
        _ROLES_FILE: _roles(),
        **watching_texts,
    }
    document: dict[str, Value] = {
        "name": _DATABASE,
        "services": _services(stack, inner) | services,
        # A dollar sign is doubled, as Compose would take it for a variable.
        "configs": {name: {"content": text.replace("$", "$$")} for name, text in configs.items()},
        "secrets": {name: {"file": f"./secrets/{name}"} for name in _SECRETS},
        "volumes": {"data": {}, "metrics": {}},
    }
    return to_yaml(document, heading="\n".join(told(FILE, _facts(stack), notes=_notes())))


def _facts(stack: Stack) -> tuple[Fact, ...]:
    assert stack.pool
    assert stack.cache
    assert stack.instances
    assert stack.postgres_major
    return (
        (f"pool of {stack.pool.value}", stack.pool.source),
        (f"maxmemory {units.format_bytes(stack.cache.value.maxmemory_bytes)}", stack.cache.source),
        (units.counted(stack.instances.value, "instance"), stack.instances.source),
        (f"PostgreSQL {stack.postgres_major.value}", stack.postgres_major.source),
        (f"{units.format_bytes(stack.memory_bytes.value)} an instance", stack.memory_bytes.source),
    )


def _notes() -> tuple[str, ...]:
    return (
        "Start it with: API_IMAGE=registry/alumni-api docker compose up --wait",
        f"To watch it too, with perfkit in an image of yours (PERFKIT_IMAGE): docker compose --profile {PROFILE} up --wait",
        f"The image listens on port {_API_PORT}. Make these files first, which the containers' users can read:",
        *(f"  secrets/{name}: {what}" for name, what in _SECRETS.items()),
    )


def _inside(stack: Stack) -> Stack:
    """Return the stack with the names and ports that hold between its containers."""
    assert stack.instances
    count = len(stack.instances.value)
    instances = tuple(Address(_api(number), _API_PORT) for number in range(1, count + 1))
    database = Database(address=Address("postgres", _POSTGRES_PORT), name=_DATABASE)
    return replace(
        stack,
        instances=Known(instances, stack.instances.source),
        database=Known(database, "the stack's own"),
        places=Places(
            pgbouncer=Address(_ANY, _PGBOUNCER_PORT),
            haproxy=Address(_ANY, _HAPROXY_PORT),
            haproxy_metrics=Address(_ANY, _METRICS_PORT),
            haproxy_scraped=Address("haproxy", _METRICS_PORT),
            nginx=Address(_ANY, _NGINX_PORT),
            valkey=Address(_ANY, _VALKEY_PORT),
            exporter=Address("perfkit", EXPORTER_PORT),
            prometheus=Address("prometheus", PROMETHEUS_PORT),
            alertmanager=Address("alertmanager", ALERTMANAGER_PORT),
            run="/tmp",  # noqa: S108  # in a container, which is one program's alone
            users_file="/run/secrets/userlist.txt",
            password_file="/run/secrets/valkey.conf",  # noqa: S106  # a file's name
            resolver=_RESOLVER,
        ),
    )


def _services(stack: Stack, inner: Stack) -> dict[str, Value]:
    assert inner.instances
    names = [address.host for address in inner.instances.value]
    return {
        "nginx": {
            "image": "nginx:stable",
            **_common(["haproxy"]),
            "ports": [f"{stack.places.nginx}:{_NGINX_PORT}"],
            "configs": [_config(nginx.FILE, "/etc/nginx/nginx.conf")],
        },
        "haproxy": {
            "image": "haproxy:lts",
            **_common(names),
            "configs": [_config(haproxy.FILE, "/usr/local/etc/haproxy/haproxy.cfg")],
        },
        **{name: _instance(stack) for name in names},
        "pgbouncer": {
            "build": {"dockerfile_inline": _PGBOUNCER},
            **_common(["postgres"]),
            "command": ["/etc/pgbouncer/pgbouncer.ini"],
            "configs": [_config(pgbouncer.FILE, "/etc/pgbouncer/pgbouncer.ini")],
            "secrets": ["userlist.txt"],
        },
        "postgres": _postgres(stack),
        "valkey": _valkey(stack),
    }


def _instance(stack: Stack) -> Value:
    return {
        "image": "${API_IMAGE:?name the image of the application}",
        **_common(["pgbouncer", "valkey"]),
        # libpq's own names; the password stands in the file.
        "environment": {
            "PGHOST": "pgbouncer",
            "PGPORT": str(_PGBOUNCER_PORT),
            "PGDATABASE": _DATABASE,
            "PGUSER": _DATABASE,
            "PGPASSFILE": "/run/secrets/pgpass",
            "CACHE_HOST": "valkey",
            "CACHE_PORT": str(_VALKEY_PORT),
        },
        "secrets": ["pgpass", "valkey.conf"],
        "mem_limit": _size(stack.memory_bytes.value),
        # It drains first, then answers what it was asked.
        "stop_grace_period": f"{THRESHOLDS.request_s}s",
    }


def _roles() -> str:
    """Return what psql runs when the database is new: the application's role, which owns it, and the one that watches."""
    return rf"""\set password `cat /run/secrets/alumni_password`
CREATE ROLE {_DATABASE} LOGIN PASSWORD :'password';
ALTER DATABASE {_DATABASE} OWNER TO {_DATABASE};
\set password `cat /run/secrets/perfkit_password`
{role_sql()}"""


def _postgres(stack: Stack) -> Value:
    assert stack.postgres_major
    major = stack.postgres_major.value
    return {
        "image": f"postgres:{major}",
        **_common([]),
        "environment": {
            "POSTGRES_DB": _DATABASE,
            "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
        },
        "configs": [_config(_ROLES_FILE, f"/docker-entrypoint-initdb.d/{_ROLES_FILE}")],
        "secrets": ["postgres_password", "alumni_password", "perfkit_password"],
        "volumes": [f"data:/var/lib/postgresql{'/data' if major <= _DEEPER_UNTIL else ''}"],
        "shm_size": _size(THRESHOLDS.shared_memory_bytes),
        "mem_limit": _size(stack.memory_bytes.value),
        "healthcheck": {
            "test": ["CMD", "pg_isready", "-q", "-U", "postgres", "-d", _DATABASE],
            "interval": "5s",
            "timeout": f"{THRESHOLDS.connect_s}s",
            "retries": 12,
        },
    }


def _valkey(stack: Stack) -> Value:
    assert stack.cache
    return {
        "image": "valkey/valkey:8",
        **_common([]),
        "command": ["valkey-server", "/etc/valkey/valkey.conf"],
        "configs": [_config(valkey.FILE, "/etc/valkey/valkey.conf")],
        "secrets": ["valkey.conf"],
        "mem_limit": _size(_cache_limit_bytes(stack.cache.value)),
    }


def _common(after: list[str]) -> dict[str, Value]:
    waits = {name: {"condition": _condition(name)} for name in after}
    return {"restart": "unless-stopped", **({"depends_on": waits} if waits else {})}


def _condition(name: str) -> str:
    return "service_healthy" if name == "postgres" else "service_started"


def _config(source: str, target: str) -> Mapping[str, Value]:
    return {"source": source, "target": target}


def _cache_limit_bytes(cache: CacheSize) -> int:
    share = THRESHOLDS.cache_overhead_share
    return round(cache.maxmemory_bytes * (1 + share)) + THRESHOLDS.cache_overhead_bytes


def _size(size_bytes: int) -> str:
    """Return a size as Compose reads it, in whole megabytes."""
    return f"{-(-size_bytes // _MB)}m"


def _api(number: int) -> str:
    return f"api{number}"
