"""The products: each one's files, made when what it needs is known, or the reason why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perfkit.render import compose, haproxy, monitoring, nginx, pgbouncer, valkey
from perfkit.render.model import Known, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A program's configuration: `needs` are fields of Stack, `files` gives texts by their paths below one folder."""

    name: str
    needs: tuple[str, ...]
    files: Callable[[Stack], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What is not known, and what to do."""

    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A product's files, none when something is missing; `sources` is what each needed number comes from, by name."""

    product: str
    files: Mapping[str, str]
    sources: Mapping[str, str]
    missing: tuple[Missing, ...]


PRODUCTS: Mapping[str, Product] = {
    product.name: product
    for product in (
        Product(
            name="pgbouncer",
            needs=pgbouncer.NEEDS,
            files=lambda stack: {pgbouncer.FILE: pgbouncer.pgbouncer_ini(stack)},
        ),
        Product(
            name="haproxy",
            needs=haproxy.NEEDS,
            files=lambda stack: {haproxy.FILE: haproxy.haproxy_cfg(stack)},
        ),
        Product(name="nginx", needs=nginx.NEEDS, files=lambda stack: {nginx.FILE: nginx.nginx_conf(stack)}),
        Product(
            name="valkey", needs=valkey.NEEDS, files=lambda stack: {valkey.FILE: valkey.valkey_conf(stack)}
        ),
        Product(name="prometheus", needs=monitoring.PROMETHEUS_NEEDS, files=monitoring.prometheus_files),
        Product(
            name="alertmanager", needs=monitoring.ALERTMANAGER_NEEDS, files=monitoring.alertmanager_files
        ),
        Product(name="grafana", needs=monitoring.GRAFANA_NEEDS, files=monitoring.grafana_files),
        Product(
            name="compose",
            needs=compose.NEEDS,
            files=lambda stack: {compose.FILE: compose.compose_yaml(stack)},
        ),
    )
}

_MISSING = {
    "pool": Missing(
        what="the pool's size was not measured", hint="perfkit bench load measures it, --pool-size N gives it"
    ),
    "cache": Missing(
        what="the cache's size was not measured, or nothing is worth caching",
        hint="perfkit bench cache measures it, --maxmemory SIZE gives it",
    ),
    "instances": Missing(
        what="where the application's instances answer is not known",
        hint="--api HOST:PORT for each, or metrics in [api] of perfkit.toml",
    ),
    "database": Missing(
        what="where the database is, is not known", hint="--dsn DSN or --database HOST:PORT/NAME"
    ),
    "dashboards": Missing(
        what="dashboards need grafana-foundation-sdk", hint="pip install 'perfkit[monitor]'"
    ),
    "postgres_major": Missing(
        what="no server was measured yet",
        hint="perfkit analyze measures one, --postgres MAJOR names its version",
    ),
}


def render(name: str, stack: Stack) -> Rendered:
    """Return the product's files, or what is missing for them."""
    product = PRODUCTS[name]
    known: dict[str, Known[object] | None] = {need: getattr(stack, need) for need in product.needs}
    missing = tuple(_MISSING[need] for need, value in known.items() if value is None)
    return Rendered(
        product=name,
        files={} if missing else product.files(stack),
        sources={need: value.source for need, value in known.items() if value},
        missing=missing,
    )
